"""Attributes are read and given as they are, and stay in the objects that have them."""

import gc
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import preprocessing, tree
from river.datasets import Phishing

from engine.models.graph.attributes import attributes, set_attributes
from engine.models.serialization import dump, load


class Plain:
    """One whose attributes come and go, with a class attribute and a property of the same names as some."""

    shared = None

    def __init__(self) -> None:
        self.first = None

    def more(self, values: dict[str, Any]) -> "Plain":
        for name, value in values.items():
            setattr(self, name, value)
        return self

    def named(self) -> None:
        """Names that an attribute may have."""
        self.second = self.third = self.fourth = None

    @property
    def computed(self) -> int:
        return len(attributes(self))


class Asking(Plain):
    """One that has every attribute one asks for."""

    def __getattr__(self, name: str) -> Any:
        return name


class Listed(list[Any]):
    """A container with attributes."""

    def __init__(self, *values: Any) -> None:
        super().__init__(values)
        self.first = self.second = None


NAMES = st.sampled_from(["first", "second", "third", "fourth", "shared", "unknown"])
HELD: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    NAMES, st.one_of(st.none(), st.booleans(), st.just({}), st.integers(0, 3))
)


@given(made=st.lists(st.tuples(st.sampled_from([Plain, Asking]), HELD, st.booleans()), max_size=8))
def test_attributes_are_those_of_the_dictionary(made: list[tuple[type[Plain], dict[str, Any], bool]]) -> None:
    for kind, held, asked in made:
        one = kind().more(held)
        if asked:
            _ = one.__dict__
        found = attributes(one)
        assert found == one.__dict__
        assert [*found] == sorted(one.__dict__)
        assert attributes(one) == one.__dict__


@pytest.mark.parametrize(
    "value", [SimpleNamespace(), SimpleNamespace(a={}), Listed(), Listed(1, 2), 3, {"a": 1}, object()]
)
def test_attributes_of_anything(value: Any) -> None:
    assert attributes(value) == getattr(value, "__dict__", {})


@given(held=HELD)
def test_attributes_are_given_past_the_code_of_the_class(held: dict[str, Any]) -> None:
    made = Plain.__new__(Plain)
    set_attributes(Plain, [*held, "computed"])(made, [*held.values(), 7])
    assert made.__dict__ == held | {"computed": 7}


def is_open(value: Any) -> bool:
    """Whether the attributes of an object are held by itself, not by a dictionary."""
    return len(gc.get_referents(value)) == len(attributes(value)) + 1


def learned() -> Any:
    scaler = preprocessing.StandardScaler()
    model = scaler | tree.HoeffdingTreeClassifier(grace_period=50)
    for features, label in Phishing().take(400):
        model.learn_one(features, label)
    return model


def parts(model: Any) -> list[Any]:
    """Some of the objects that a model is made of."""
    grown = model["HoeffdingTreeClassifier"]
    leaves = list(grown._root.iter_leaves())
    splitters = [splitter for leaf in leaves for splitter in leaf.splitters.values()]
    assert splitters
    return [model, model["StandardScaler"], grown, *leaves, *splitters]


def test_what_is_saved_and_what_is_restored_keep_their_attributes_in_themselves() -> None:
    model = learned()
    before = [is_open(part) for part in parts(model)]
    saved = dump(model, "model")
    assert [is_open(part) for part in parts(model)] == before  # River asks some of its leaves for theirs
    assert sum(before) > len(before) / 2
    restored = load(saved, "model", ())
    assert all(is_open(part) for part in parts(restored))
    assert dump(restored, "model") == saved
