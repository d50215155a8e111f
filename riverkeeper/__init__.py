"""Riverkeeper: online learning that watches its data and its model, and rolls back.

    import riverkeeper as rk

    with rk.Keeper({"model": {"task": "binary", "model": "auto"}}) as keeper:
        prediction = keeper.predict_one({"x": 1.5}, id="a")
        keeper.learn_one(True, id="a")

A front door to the package `engine`, where everything is: names are imported when they are first used, so
`import riverkeeper` itself imports no model library. docs/embedding.md says what each is for.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine import *  # noqa: F403 - the same names, as engine.__all__ has them
    from riverkeeper import river

_HERE = Path(__file__).resolve().parents[1] / "engine" / "__init__.py"


def _check_engine() -> None:
    """Another package that is called `engine`, and found first, would be taken for ours.

    Raises:
        ImportError: There is one; the message names both.
    """
    found = find_spec("engine")
    where = None if found is None or found.origin is None else Path(found.origin).resolve()
    if where != _HERE:
        raise ImportError(
            f"riverkeeper needs its package 'engine' at {_HERE}, but 'engine' is imported from "
            f"{where or 'nowhere'}: rename that one, or put {_HERE.parents[1]} before it in sys.path"
        )


_check_engine()

import engine  # noqa: E402 - only now is it known to be ours

__all__ = ["river", *engine.__all__]  # noqa: PLE0604 - names, all of them


def __getattr__(name: str) -> Any:
    if name == "river":
        return import_module("riverkeeper.river")
    if name in engine.__all__:
        return getattr(engine, name)
    raise AttributeError(f"module 'riverkeeper' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
