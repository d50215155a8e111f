"""An engine with compiled models gives the events and the snapshots of one without, at any moment."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.core.engine import Engine
from engine.core.serialize import encode
from engine.records.values import Example, Label, Record
from tests.support.compiled import needs_crate
from tests.support.engines import LOGISTIC, ScriptedJudge, in_batches, make_config, make_stream

pytestmark = needs_crate

TREE = {"type": "tree.HoeffdingTreeClassifier", "grace_period": 5, "delta": 0.5, "max_depth": 8}


def told(setup: dict[str, Any], batches: list[Any], *, crate: bool, saves: set[int]) -> list[Any]:
    """What an engine puts out, and what it saves after some batches, from which it goes on."""
    with pytest.MonkeyPatch.context() as patch:
        if not crate:
            patch.setattr("engine.models.running.compile_model", lambda _: None)
        config = make_config(**setup)
        engine = Engine(config, evaluator=ScriptedJudge({3: "fail", 4: "fail"}, blames=True))
        assert engine.pool.champion.running.is_compiled is crate
        found: list[Any] = []
        for number, batch in enumerate(batches):
            found.append(encode(engine.process(batch))[0])
            if number in saves:
                found.append(engine.snapshot())
                engine = Engine.restore(found[-1], config, ScriptedJudge(blames=True))
        return [*found, engine.snapshot()]


def of_numbers(record: Record) -> Record:
    """A record whose label is a number."""
    if isinstance(record, Label):
        return replace(record, value=3.5 * record.value - 1)  # type: ignore[operator]  # a truth value
    if isinstance(record, Example) and record.label is not None:
        return replace(record, label=3.5 * record.label - 1)  # type: ignore[operator]
    return record


@pytest.mark.parametrize(
    "setup",
    [
        {"model": {"task": "binary", "model": LOGISTIC}},
        {"model": {"task": "binary", "model": "naive_bayes.GaussianNB"}},
        {"model": {"task": "multiclass", "model": "auto"}},
        {"model": {"task": "regression", "model": "auto"}},
        {"model": {"task": "binary", "model": TREE}, "challengers": {"line": {"model": LOGISTIC}}},
    ],
    ids=["linear", "naive Bayes", "classes", "numbers", "tree and challenger"],
)
@settings(max_examples=10)
@given(
    seed=st.integers(0, 2**16),
    cuts=st.lists(st.integers(0, 90), max_size=5),
    saves=st.sets(st.integers(0, 5), max_size=3),
)
def test_it_does_what_river_does(setup: dict[str, Any], seed: int, cuts: list[int], saves: set[int]) -> None:
    stream = make_stream(seed, 90)
    if setup["model"]["task"] == "regression":
        stream = list(map(of_numbers, stream))
    batches = in_batches(stream, cuts)
    compiled = told(setup, batches, crate=True, saves=saves)
    assert compiled == told(setup, batches, crate=False, saves=saves)
