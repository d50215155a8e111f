"""Graphs made by an enemy who knows the format: whatever they name and however they lie, they are refused."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from river import drift, forest, stats

from engine.errors import SnapshotError
from engine.models.graph import river_classes
from engine.models.graph.document import SCALARS, Shape
from engine.models.graph.rust import ROOMY
from engine.models.serialization import dump, load
from tests.support.hostile_models import MODEL, adapted, graph, refused
from tests.support.river_classes import installed


@pytest.fixture
def sentinel(tmp_path: Path) -> Path:
    """A file that is there if something ran."""
    return tmp_path / "ran"


CALLED = Shape("adapted", "partial", layout="rrrr")
TEXT, EMPTY, LIST = Shape("text"), Shape("tuple", layout=SCALARS), Shape("list", layout=SCALARS)
METHOD = Shape("adapted", "method", layout="rr")


@pytest.mark.parametrize(
    "saved",
    [
        # A partial of what is not callable, and of what is not on the list.
        graph(TEXT, EMPTY, CALLED, texts=["os.system"], lengths=[0], fixed=[0, 1, 1, 1]),
        graph(Shape("function", "os:system"), EMPTY, CALLED, lengths=[0], fixed=[0, 1, 1, 1]),
        # A default that is no callable; one that is called while it is filled would be worse.
        graph(TEXT, Shape("defaultdict", layout="s*s*"), texts=["x"], open=[0], counts=[0, 0]),
        # Attributes through which Python itself calls, copies, reads memory or changes what a thing is.
        *(
            graph(
                TEXT, Shape("object", "river.stats.mean:Mean", (name,), "r"), texts=["x"], open=[0]
            )
            for name in (
                *("__class__", "__dict__", "__reduce__", "__reduce_ex__", "__setstate__", "__deepcopy__"),
                *("__array_interface__", "__array_struct__", "__array__", "__getattr__", "__call__"),
            )
        ),
        # Methods: of names of Python's own, of builtins, of what is no function of the class.
        *(
            graph(
                Shape("object", "river.stats.mean:Mean"),
                TEXT,
                METHOD,
                texts=[name],
                fixed=[0, 1],
            )
            for name in ("__init__", "__reduce_ex__", "__class__", "_tags", "no_such", "bigger_is_better")
        ),
        graph(Shape("list", layout=SCALARS), TEXT, METHOD, texts=["append"], fixed=[0, 1]),
        graph(Shape("class", "builtins:dict"), TEXT, METHOD, texts=["fromkeys"], fixed=[0, 1]),
        graph(Shape("class", "builtins:object"), TEXT, METHOD, texts=["mro"], fixed=[0, 1]),
        # A state for a class without one, a container that is none, an abstract class, another language's.
        graph(EMPTY, Shape("object", "river.stats.mean:Mean", (), "r", state=True), lengths=[0], open=[0]),
        graph(EMPTY, Shape("object", "river.stats.mean:Mean", (), "r", content=True), lengths=[0], open=[0]),
        graph(Shape("object", "river.base.classifier:Classifier")),
        graph(Shape("object", "builtins:int")),
        graph(Shape("tuple", "river.stats.mean:Mean", layout=SCALARS), lengths=[0]),
        graph(Shape("enum", "river.stats.mean:Mean.update")),
        # An iterator, a number and a generator of wrong parts.
        graph(TEXT, Shape("adapted", "int", layout="r"), texts=["f" * 30_000]),
        graph(TEXT, Shape("adapted", "int", layout="r"), texts=["x"], fixed=[0]),
        graph(TEXT, Shape("adapted", "no such", layout="r"), texts=["x"], fixed=[0]),
        graph(LIST, Shape("adapted", "list iterator", layout="r"), fixed=[0], counts=[0]),
    ],
)  # fmt: skip
def test_a_graph_of_parts_that_do_not_belong_together_is_refused(saved: bytes, sentinel: Path) -> None:
    refused(saved, sentinel)


@pytest.mark.parametrize(
    "saved",
    [
        graph(root=0),
        graph(TEXT, texts=["x"], root=1),
        graph(TEXT, texts=[]),
        graph(TEXT, texts=["x"], nodes=[1]),
        graph(Shape("tuple", layout="r"), fixed=[0]),
        graph(Shape("tuple", layout="r"), fixed=[7]),
        graph(Shape("tuple", layout="x"), fixed=[0]),
        graph(Shape("tuple", layout="rrr"), fixed=[0]),
        graph(Shape("list", layout="r*"), open=[9], counts=[1]),
        graph(Shape("list", layout="r*"), open=[0], counts=[2**31]),
        graph(Shape("list", layout="s*"), counts=[2**32 - 1]),
        graph(Shape("list", layout="s*"), counts=[]),
        graph(Shape("list", layout="no"), counts=[0]),
        graph(Shape("list", layout="s*"), values=[1], counts=[0]),
        graph(Shape("dict", layout="s*s*"), values=[1], counts=[1, 0]),
        graph(Shape("set", layout="r*"), Shape("list", layout="s*"), open=[1], counts=[1, 0]),
        graph(Shape("deque", layout="s*", limit=-1), counts=[0]),
        graph(Shape("record", fields=("a",)), counts=[0]),
        graph(Shape("object", "river.stats.mean:Mean", ("n", "n2"), "s"), values=[1]),
        # Hashing it would recurse in C.
        graph(
            Shape("tuple", layout="s"),
            Shape("tuple", layout="r"),
            scalars=[1.0],
            nodes=[0] + [1] * 60,
            fixed=range(60),
        ),
    ],
)  # fmt: skip
def test_a_graph_whose_numbers_do_not_fit_is_refused(saved: bytes, sentinel: Path) -> None:
    refused(saved, sentinel)


ADWIN: Any = drift.ADWIN()  # type: ignore[no-untyped-call]  # River leaves it so
for _number in range(300):
    ADWIN.update(float(_number % 7))
GIVEN, STATE = ADWIN._helper.__getnewargs__(), ADWIN._helper.__getstate__()
WINDOW = stats.RollingQuantile(0.5, 3)._rolling_quantile.__getstate__()
WORDS = bytes(range(1, 251)) * 10


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("numpy array", ("|O", (1,), "C", b"A" * 8)),
        ("numpy array", ("<U1", (1,), "C", b"\xff" * 4)),
        ("numpy array", ("O,O", (1,), "C", b"A" * 16)),
        ("numpy array", ("<f8", (2,), "C", b"A" * 8)),
        ("numpy array", ("<f8", (1,), "C", b"A" * 7)),
        ("numpy array", ("<f8", (-1,), "C", b"A" * 7)),
        ("numpy array", ("<f8", (2**62, 2**62), "C", b"A" * 8)),
        ("numpy array", ("no", (1,), "C", b"")),
        ("numpy data type", ("f8,O",)),
        ("numpy data type", ("V8",)),
        ("numpy scalar", ("|O", b"A" * 8)),
        ("numpy scalar", ("<f8", b"A" * 16)),
        # A position beyond the words has crashed the interpreter: NumPy and Python read on.
        ("random", (WORDS[:2496], 10**9, None)),
        ("random", (WORDS[:2496], -1, None)),
        ("random", (WORDS[:2492], 0, None)),
        ("random", (bytes(2496), 0, None)),
        ("random", (WORDS[:2496], 0, "x")),
        ("numpy MT19937", (WORDS[:2496], 10**6, None)),
        ("numpy MT19937", (WORDS[:2496], True, None)),
        ("numpy MT19937", (WORDS[:2400], 0, None)),
        ("numpy PCG64", ("f" * 40, "1", 0, 0, None)),
        ("numpy PCG64", ("1", "1", 0, 2**40, None)),
        ("numpy seeds", (1, (), 10**9, 0)),
        ("numpy random state", (None, 0, 0.0)),
        ("numpy generator", ("x",)),
        ("drift.AdaptiveWindowing", (GIVEN, b"")),
        ("drift.AdaptiveWindowing", (GIVEN, STATE[:-1])),
        ("drift.AdaptiveWindowing", (GIVEN, STATE + b"x")),
        ("drift.AdaptiveWindowing", (GIVEN, STATE[:8] + bytes(4) + STATE[12:])),  # a clock of 0
        ("drift.AdaptiveWindowing", (GIVEN, STATE[:84] + b"\xff" * 8 + STATE[92:])),  # levels without end
        ("drift.AdaptiveWindowing", ("x", STATE)),
        # More room than there is: Rust would end the process.
        ("drift.AdaptiveWindowing", ((*GIVEN[:2], 2**50, *GIVEN[3:]), STATE)),
        ("stats.RsRollingQuantile", ((0.5, 2**50), WINDOW)),
        ("stats.RsRollingQuantile", ((0.5, 2**50), WINDOW.replace(b"\x03" + bytes(7), bytes(6) + b"\x04\0"))),
        ("stats.RsQuantile", ((), bytes(168) + b"\x09\x00")),  # nine markers of five
        ("stats.RsQuantile", ((), bytes(168) + b"\x05\x07")),
        ("stats.RsEWMean", ((0.3,), b"x" * 7)),
        ("vector", (("a",), ("x",), None, None)),
    ],
)  # fmt: skip
def test_a_value_whose_parts_cannot_be_true_is_refused(name: str, parts: Any, sentinel: Path) -> None:
    said = refused(adapted(name, *parts), sentinel)
    assert "cannot be restored" in said


def test_values_whose_parts_fit_come_back() -> None:
    """The forgeries above differ in one part from what is true."""
    assert load(adapted("numpy array", "<f8", (1,), "C", b"A" * 8), "model").shape == (1,)
    assert 0 <= load(adapted("random", WORDS[:2496], 624, None), "model").random() < 1
    assert load(adapted("drift.AdaptiveWindowing", GIVEN, STATE), "model").__getstate__() == STATE
    for window in (stats.RollingIQR(10, 0.25, 0.75), stats.RollingIQR(7, 0.1, 0.9)):
        for number in range(20):
            window.update(number % 6)
        assert load(dump(window, "model"), "model").get() == window.get()


@pytest.mark.parametrize("name", ROOMY)
def test_what_would_make_too_much_room_when_it_is_copied_is_refused(name: str, sentinel: Path) -> None:
    attribute, most = ROOMY[name]
    shape = Shape("object", name, (attribute,), "s")
    assert attribute in refused(graph(shape, values=[most + 1]), sentinel)
    load(graph(shape, values=[most]), "model")
    assert "as a class" in refused(graph(Shape("class", name)), sentinel)


def test_a_clone_is_not_given_parameters_by_a_file(sentinel: Path) -> None:
    mean, given = Shape("object", "river.stats.mean:Mean"), Shape("tuple", layout=SCALARS)
    saved = graph(
        mean, TEXT, METHOD, given, CALLED, texts=["clone"], lengths=[0], fixed=[0, 1, 2, 3, 3, 3]
    )  # fmt: skip
    assert "partial of clone" in refused(saved, sentinel)


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_tree_that_leads_in_a_circle_is_refused(way: str, sentinel: Path) -> None:
    """Rust would follow it for ever, and no signal would end that."""
    model: Any = forest.AMFClassifier(n_estimators=1, seed=1)
    for number in range(40):
        model.learn_one({"a": float(number % 7), "b": number / 40}, number % 2 == 0)
    root = model[0]._root
    assert load(dump(model, "model"), "model").predict_proba_one({"a": 1.0}) == model.predict_proba_one(
        {"a": 1.0}
    )
    if way == "up":
        root.parent = root.children[0]
    else:
        root.children = (root.children[0], root)
    assert "in a circle" in refused(dump(model, "model"), sentinel)


def test_an_object_cannot_change_its_class_or_another(sentinel: Path) -> None:
    before = dict(vars(stats.Mean))
    refused(
        graph(EMPTY, Shape("object", "river.stats.mean:Mean", ("__class__",), "r"), lengths=[0], open=[0]),
        sentinel,
    )
    assert dict(vars(stats.Mean)) == before


def test_bound_methods_of_models_and_generators_come_back() -> None:
    generator = Random(3)  # noqa: S311
    model, draw = load(dump((MODEL.predict_one, generator.gauss), "model"), "model")
    assert model({"a": 1.0}) == MODEL.predict_one({"a": 1.0})
    assert draw(0, 1) == generator.gauss(0, 1)


def test_the_listed_classes_are_those_of_the_river_that_is_installed() -> None:
    assert installed() == river_classes.CLASSES


def test_what_would_take_too_much_memory_is_refused_before_it_is_made(sentinel: Path) -> None:
    many = graph(Shape("deque", layout="s*"), nodes=[0] * 6_000_000, counts=[])
    assert "MiB of objects" in refused(many, sentinel)


def test_what_is_no_model_is_refused_where_a_model_is_expected() -> None:
    with pytest.raises(SnapshotError, match="model: expected something that can learn_one, got list"):
        load(dump([1], "model"), "model", verb="learn_one")
