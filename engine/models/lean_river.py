"""River without scikit-learn, pandas and SQLAlchemy, which no model needs.

`river.stream`, which nearly every part of River imports, offers two readers of data sets that import
scikit-learn (and with it pandas) and SQLAlchemy where these are installed: 0.9 s and 80 MB in every process.
Here both are left out when River is imported, as River itself does where the libraries are missing; they are
imported when they are used.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from typing import Any

_STREAM = "river.stream"
_READERS = {
    "iter_sklearn_dataset": f"{_STREAM}.iter_sklearn",
    "iter_sql": f"{_STREAM}.iter_sql",
}
"""Names of `river.stream`, and the modules that they are from."""


class _Later(MetaPathFinder):
    """Refuses the first import of each reader, which is that of `river.stream` itself."""

    def __init__(self) -> None:
        self._refused = set(_READERS.values())

    def find_spec(self, fullname: str, _path: Sequence[str] | None, _target: Any = None) -> None:
        """Leaves every module to the finders after this one."""
        if fullname in self._refused:
            self._refused.remove(fullname)
            sys.modules[_STREAM].__getattr__ = _reader  # type: ignore[method-assign]
            raise ModuleNotFoundError(f"{fullname} is imported when it is used", name=fullname)


def _reader(name: str) -> Any:
    """A reader that is asked for as an attribute of `river.stream` (PEP 562)."""
    if name not in _READERS:
        raise AttributeError(f"module {_STREAM!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_READERS[name]), name)


def install() -> None:
    """Has River imported so; without effect when it is imported already, or the second time."""
    if _STREAM not in sys.modules and not any(isinstance(finder, _Later) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Later())
