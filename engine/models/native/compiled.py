"""A River model and its compiled form."""

import contextlib
from collections.abc import Callable
from functools import cache
from importlib import import_module
from math import exp, log, log2
from typing import Any

from engine.models.native import pipeline
from engine.models.native.recognition import Unknown
from engine.models.serialization import VERSIONS
from engine.records.events import Output
from engine.records.values import Features, Target

RIVER = "0.26.1"
"""The version of River whose numbers are the same to the last bit."""

LAYOUT = 5
"""How models and the lane are described to the crate; it states which one it understands."""

_crate: Any = None
with contextlib.suppress(ImportError):
    _crate = import_module("riverkeeper_native")


class NeverRefused(Exception):  # noqa: N818 - it is only waited for, and never raised
    """Stands for what the crate raises where there is none."""


REFUSED: type[Exception] = NeverRefused if _crate is None else _crate.Refused
"""Raised for a record that a compiled model does not take; it has changed nothing."""

STEP_REFUSED: type[Exception] = NeverRefused if _crate is None else _crate.StepRefused
"""Of these, raised when what River makes of the record can be compiled again."""


@cache
def crate_version() -> str | None:
    """The version of the crate, if there is one that fits this River, this Riverkeeper and this Python."""
    if _crate is None or _crate.LAYOUT != LAYOUT or VERSIONS["river"] != RIVER or not _computes_alike():
        return None
    return str(_crate.__version__)


def _computes_alike() -> bool:
    """Whether Python and the crate have the same functions, which they take from the system's C library.

    A Python that brings a library of its own may round otherwise in the last bit.
    """
    numbers = (1.37**power for power in range(-100, 21))
    return all(
        (exp(-number), log(number), log2(number), number**0.5, number**2) == _crate.functions(number)
        for number in numbers
    )


class Compiled:
    """A compiled model, which predicts and learns in place of River's.

    Args:
        native: The crate's model.
        write: Brings the River object up to date with its state.

    Attributes:
        native: The crate's model.
        predict: Its output for features, as that of the River model.
        learn: Learns features with their label.
    """

    __slots__ = ("_write", "learn", "native", "predict")

    def __init__(self, native: Any, write: Callable[[Any], None]) -> None:
        self.native, self._write = native, write
        self.predict: Callable[[Features], Output | None] = native.predict
        self.learn: Callable[[Features, Target | None], None] = native.learn

    def sync(self) -> None:
        """Brings the River object up to date."""
        if self.native.used:
            self._write(self.native.state())


def compile_model(model: Any) -> Compiled | None:
    """The compiled form of a River model; `None` without the crate, or when it is not known exactly."""
    if crate_version() is None:
        return None
    try:
        native, write = pipeline.compiled(_crate.CompiledModel, model)
    except (Unknown, REFUSED, ValueError, OverflowError):  # a name may not be UTF-8, a number too big
        return None
    return Compiled(native, write)
