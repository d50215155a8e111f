"""Names that older versions of the packages have elsewhere, so that `compare` can run them as its base."""

from importlib import import_module
from typing import Any


def find(name: str, *modules: str) -> Any:
    """The name from the first of these modules that this version has.

    Raises:
        ImportError: When it is in none of them.
    """
    for module in modules:
        try:
            return getattr(import_module(module), name)
        except (ModuleNotFoundError, AttributeError):
            continue
    raise ImportError(f"{name}: expected in one of {', '.join(modules)}; this version has it in none")
