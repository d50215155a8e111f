"""Bytes made by an enemy, who knows the format and can write any pickle."""

import builtins
import hashlib
import io
import os
import pickle
import subprocess
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import orjson
import pytest
from river import linear_model, preprocessing

from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.errors import SnapshotError
from engine.models.serialization import dump, load

MODEL = linear_model.LogisticRegression()
for _number in range(20):
    MODEL.learn_one({"a": float(_number % 3)}, _number % 2 == 0)
SAVED = dump(MODEL, "model")
CONFIG: Any = EngineConfig
MAGIC, HEADER, BODY = SAVED.split(b"\n", 2)


def forged(body: bytes, **changes: Any) -> bytes:
    """These bytes under a header that fits them."""
    header = orjson.loads(HEADER) | {"sha256": hashlib.sha256(body).hexdigest()} | changes
    return MAGIC + b"\n" + orjson.dumps(header) + b"\n" + body


class Call:
    """Pickles as a call: unpickling it makes the call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = function, arguments

    def __reduce__(self) -> Any:
        return self._call


def text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + len(raw).to_bytes(4, "little") + raw


def named(module: str, name: str) -> bytes:
    """The opcodes that push what this name stands for."""
    return text(module) + text(name) + b"\x93"


def call(module: str, name: str, argument: str) -> bytes:
    return b"\x80\x05" + named(module, name) + text(argument) + b"\x85R."


@pytest.fixture
def sentinel(tmp_path: Path) -> Path:
    """A file that is there if something ran."""
    return tmp_path / "ran"


def refused(saved: bytes, sentinel: Path, allow: tuple[str, ...] = ()) -> str:
    with pytest.raises(SnapshotError) as caught:
        load(saved, "model", allow)
    assert not sentinel.exists()
    assert str(caught.value).startswith("model: ")
    return str(caught.value)


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
    assert "holds " in said


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
    ("numpy", "array"),
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
    ("engine.models.numpy_reducers", "np.load"),
    ("engine.models.numpy_reducers", "_reducers"),
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
    refused(forged(call(module, name, f"touch {sentinel}")), sentinel)


@pytest.mark.parametrize(
    "name", ["__class__", "__init__", "__reduce_ex__", "no_such", "weights", "_optimizer"]
)
def test_of_an_object_only_methods_can_be_had(name: str, sentinel: Path) -> None:
    assert f".{name}" in refused(forged(pickle.dumps(Call(getattr, MODEL, name))), sentinel)


@pytest.mark.parametrize("owner", [{}, "text", [], OrderedDict(), linear_model.LogisticRegression, len])
def test_methods_of_anything_but_a_model_cannot_be_had(owner: Any, sentinel: Path) -> None:
    for name in ("pop", "format", "copy", "mro", "__call__"):
        refused(forged(pickle.dumps(Call(getattr, owner, name))), sentinel)


def test_bound_methods_of_models_and_generators_come_back() -> None:
    generator = Random(3)  # noqa: S311
    model, draw = load(forged(pickle.dumps((MODEL.predict_one, generator.random))), "model")
    assert model({"a": 1.0}) == MODEL.predict_one({"a": 1.0})
    assert draw() == generator.random()


def _patch(module: str, name: str, attribute: str) -> bytes:
    """Sets an attribute of a class or function to `list`, as the state of an object."""
    target = named(module, name)
    return b"\x80\x05" + target + b"N}" + text(attribute) + named("builtins", "list") + b"s\x86b."


@pytest.mark.parametrize(
    ("module", "name", "attribute"),
    [
        ("river.linear_model.log_reg", "LogisticRegression", "predict_one"),
        ("river.linear_model.log_reg", "LogisticRegression", "brand_new"),
        ("river.linear_model.log_reg", "LogisticRegression", "__module__"),
        ("river.preprocessing.scale", "safe_div", "brand_new"),
        ("river.preprocessing.scale", "safe_div", "__name__"),
        ("river.preprocessing.scale", "safe_div", "__defaults__"),
        ("engine.records.values", "Example", "id"),
        ("builtins", "getattr", "brand_new"),
        ("builtins", "dict", "get"),
        ("random", "Random", "random"),
    ],
)
def test_a_pickle_cannot_change_a_class_for_the_rest_of_the_process(
    module: str, name: str, attribute: str, sentinel: Path
) -> None:
    classes = (linear_model.LogisticRegression, preprocessing.StandardScaler, Random)
    before = [dict(vars(kind)) for kind in classes]
    refused(forged(_patch(module, name, attribute)), sentinel)
    assert [dict(vars(kind)) for kind in classes] == before
    assert load(SAVED, "model").predict_one({"a": 1.0}) == MODEL.predict_one({"a": 1.0})


def test_a_change_is_undone_even_when_the_pickle_fails_after_it(sentinel: Path) -> None:
    before = linear_model.LogisticRegression.predict_one
    patch = _patch("river.linear_model.log_reg", "LogisticRegression", "predict_one")[:-1]
    refused(forged(patch + named("os", "system") + b"."), sentinel)
    assert linear_model.LogisticRegression.predict_one is before


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("numbers", ("|O", (1,), b"A" * 8, "C")),
        ("numbers", ("<U1", (1,), b"\xff" * 4, "C")),
        ("numbers", ("O,O", (1,), b"A" * 16, "C")),
        ("numbers", ("<f8", (2,), b"A" * 8, "C")),
        ("numbers", ("<f8", (1,), b"A" * 7, "C")),
        ("numbers", ("no", (1,), b"", "C")),
        ("data_type", ("f8,O",)),
        ("data_type", ("V8",)),
        ("scalar", ("|O", b"A" * 8)),
        ("objects", ("<f8", (2,), [1])),
    ],
)
def test_an_array_cannot_be_forged_from_bytes_that_do_not_fit(
    function: str, arguments: tuple[Any, ...], sentinel: Path
) -> None:
    out = io.BytesIO()
    pickle.Pickler(out, protocol=3).dump(arguments)
    inner = out.getvalue()[2:-1]
    body = b"\x80\x05" + named("engine.models.numpy_reducers", function) + inner + b"R."
    assert "cannot be restored" in refused(forged(body), sentinel)
