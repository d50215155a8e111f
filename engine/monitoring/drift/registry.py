"""Every window drift method, by its name in the configuration. A new one is a file beside this and a line."""

from collections.abc import Mapping

from engine.monitoring.drift.base import DriftMethod, Kind
from engine.monitoring.drift.energy import ENERGY
from engine.monitoring.drift.jensen_shannon import JENSEN_SHANNON
from engine.monitoring.drift.wasserstein import WASSERSTEIN

_METHODS = (
    WASSERSTEIN,
    ENERGY,
    JENSEN_SHANNON,
)

METHODS: Mapping[str, DriftMethod] = {method.name: method for method in _METHODS}
"""The methods, by name."""


def method_names(kind: Kind | None = None) -> str:
    """Names of the methods for columns of a kind, or of all, as a message lists them.

    >>> method_names("category")
    'jensen_shannon'
    """
    return ", ".join(name for name, method in METHODS.items() if kind in (None, method.kind))
