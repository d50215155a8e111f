"""Imports River without scikit-learn, pandas and SQLAlchemy, which no model needs.

`river.stream`, which nearly every part of River imports, offers two readers of data sets that import
scikit-learn (and with it pandas) and SQLAlchemy where these are installed: 0.9 s and 80 MB in every process.
Importing this module first leaves both readers out, as River itself does where the libraries are missing.
They are found again when they are asked for by name.
"""

import importlib
import sys
from typing import Any

_READERS = {
    "iter_sklearn_dataset": "river.stream.iter_sklearn",
    "iter_sql": "river.stream.iter_sql",
}
"""Readers of `river.stream` that are imported when they are used, and their modules."""


def _read_later(name: str) -> Any:
    """What `river.stream` has not found among its names (PEP 562)."""
    if name in _READERS:
        return getattr(importlib.import_module(_READERS[name]), name)
    raise AttributeError(f"module 'river.stream' has no attribute {name!r}")


if "river.stream" not in sys.modules:
    for _module in _READERS.values():
        sys.modules[_module] = None  # type: ignore[assignment] # importing it is an ImportError, which River expects
    try:
        _stream = importlib.import_module("river.stream")
    finally:
        for _module in _READERS.values():
            del sys.modules[_module]
    _stream.__getattr__ = _read_later  # type: ignore[method-assign]
