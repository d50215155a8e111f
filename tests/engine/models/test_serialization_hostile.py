"""Pickles of every known kind in place of a model, and names that no model needs."""

import builtins
import os
import pickle
import subprocess
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest

from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.models.graph.document import Shape
from engine.models.serialization import load
from tests.support.hostile_models import MODEL, forged, graph, refused

CONFIG: Any = EngineConfig


class Call:
    """Pickles as a call: unpickling it makes the call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


class Reached:
    """Pickles as an attribute of what is reached before it; unpickled, it can be called."""

    def __init__(self, owner: Any, name: str) -> None:
        self._owner, self._name = owner, name

    def __reduce__(self) -> Any:
        return getattr, (self._owner, self._name)

    def __call__(self) -> None:
        """Only what can be called can be pickled as a call."""


def _getattr_chain(command: str) -> Any:
    scope = Reached(Reached(Reached(MODEL, "__class__"), "__init__"), "__globals__")
    return Call(Reached(scope, "get"), command)


@pytest.fixture
def sentinel(tmp_path: Path) -> Path:
    """A file that is there if something ran."""
    return tmp_path / "ran"


ATTACKS: dict[str, Callable[[str, str], Any]] = {
    "os.system": lambda run, _: Call(os.system, run),
    "eval": lambda _, code: Call(eval, code),
    "exec": lambda _, code: Call(exec, code),
    "open": lambda _, code: Call(open, code.split("'")[1], "w"),
    "import": lambda *_: Call(builtins.__import__, "os"),
    "getattr chain": lambda run, _: _getattr_chain(run),
    "os.popen": lambda run, _: Call(os.popen, run),
    "subprocess": lambda run, _: Call(subprocess.call, run, 0),
    "popen": lambda run, _: Call(subprocess.Popen, ["sh", "-c", run]),
    "nested": lambda run, _: [OrderedDict(a=(MODEL, {"b": [Call(os.system, run)]}))],
    "partial": lambda run, _: Call(partial(os.system, run)),
    "map": lambda run, _: Call(list, Call(map, os.system, [run])),
    "pickle in a pickle": lambda run, _: Call(pickle.loads, pickle.dumps(Call(os.system, run))),
    "our own loader": lambda run, _: Call(
        load, forged(pickle.dumps(Call(os.system, run))), "model", ["posix"]
    ),
    "an engine that imports": lambda run, _: Call(
        Engine,
        Call(partial(CONFIG, model={"task": "binary", "model": {"type": "os:system", "args": [run]}})),
    ),
    "type": lambda *_: Call(type, "Evil", (), {}),
    "setattr": lambda *_: Call(setattr, MODEL, "a", 1),
    "random of the system": lambda *_: Call(SystemRandom),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_that_calls_what_it_may_not_runs_nothing(attack: str, protocol: int, sentinel: Path) -> None:
    content = ATTACKS[attack](f"touch {sentinel}", f"open('{sentinel}', 'w').close()")
    said = refused(forged(pickle.dumps(content, protocol=protocol)), sentinel)
    assert "cannot be restored" in said


@pytest.mark.parametrize("attack", ["os.system", "eval", "subprocess"])
def test_the_attacks_would_work_on_plain_pickle(attack: str, sentinel: Path) -> None:
    content = ATTACKS[attack](f"touch {sentinel}", f"open('{sentinel}', 'w').close()")
    if attack == "subprocess":
        content = Call(subprocess.call, ["touch", str(sentinel)])
    pickle.loads(pickle.dumps(content))  # noqa: S301 - it only touches a file of this test
    assert sentinel.exists()


NAMES = [
    ("os", "system"),
    ("posix", "system"),
    ("builtins", "eval"),
    ("__builtin__", "eval"),
    ("builtins", "__import__"),
    ("builtins", "type"),
    ("builtins", "vars"),
    ("builtins", "globals"),
    ("builtins", "memoryview"),
    ("builtins", "str.format"),
    ("copyreg", "__newobj__"),
    ("copyreg", "_extension_registry"),
    ("copyreg", "add_extension"),
    ("functools", "reduce"),
    ("operator", "attrgetter"),
    ("operator", "methodcaller"),
    ("importlib", "import_module"),
    ("sys", "modules"),
    ("runpy", "run_path"),
    ("numpy", "load"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy", "frombuffer"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy.testing._private.utils", "runstring"),
    ("random", "_os.system"),
    ("random", "SystemRandom"),
    ("collections", "_sys.modules"),
    ("river", "base"),
    ("river.utils", "random"),
    ("river.utils.random", "random"),
    ("river.base.base", "inspect"),
    ("river.base.base", "inspect.os.system"),
    ("river.base.base", "sys.modules"),
    ("river.base.base", "Base.__init__.__globals__"),
    ("river.base.base", "Base.__subclasses__"),
    ("river.compose.pipeline", "functools.reduce"),
    ("river.compat", "convert_sklearn_to_river"),
    ("river.datasets", "Phishing"),
    ("river.datasets.base", "RemoteDataset"),
    ("river.bandit.datasets", "NewsArticles"),
    ("river.drift.datasets", "AirlinePassengers"),
    ("river.stream", "iter_csv"),
    ("river.checks", "common"),
    ("engine.models.serialization", "load"),
    ("engine.models.factory", "build"),
    ("engine.models.factory", "importlib.import_module"),
    ("engine.models.operations", "make_model"),
    ("engine.models.graph.adapters", "np.load"),
    ("engine.models.graph.adapters", "_method"),
    ("engine.models.graph.reader", "read"),
    ("functools", "partial"),
    ("operator", "itemgetter"),
    ("river.utils.rolling", "Rolling.__getattr__"),
    ("river.optim.initializers", "Zeros.mro"),
    ("river.base.base", "Base._get_params"),
    ("engine.checks", "check_model"),
    ("engine.core.model_pool", "make_model"),
    ("engine.core.model_pool", "ModelPool"),
    ("engine.core.engine", "Engine"),
    ("engine.core.engine", "Engine.restore"),
    ("engine.core.engine", "load"),
    ("engine.core.shadows", "Shadows"),
    ("engine.core.model_pool", "ModelPool.revive"),
    ("engine.config", "EngineConfig"),
    ("engine.monitoring.worker.evaluator", "make_evaluator"),
    ("engine.records.values", "Example.__init__"),
    ("dataflows.config", "load_config"),
    ("no.such.module", "f"),
    ("", ""),
    ("river.no_such", "f"),
    ("river", ""),
    ("river..tree", "f"),
]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_name_that_no_model_needs_is_refused(module: str, name: str, sentinel: Path) -> None:
    for kind in ("class", "function", "object", "tuple", "enum"):
        ending = ".member" if kind == "enum" else ""
        said = refused(graph(Shape(kind, f"{module}:{name}{ending}")), sentinel)
        assert "holds " in said
