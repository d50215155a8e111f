"""The input guard: what in an example is unlike all that passed, and a guarded shadow that is spared it."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest

from engine.core.engine import Engine
from engine.core.input_guard import BLOCK, SPELL, InputGuard, longest_run
from engine.events import Decision
from engine.records.events import Prediction, Strange
from engine.records.values import Example
from tests.support.engines import ScriptedJudge, make_config

Row = dict[str, Any]
Make = Callable[[Random, int], Row]


def usual(random: Random, _: int) -> Row:
    return {name: random.gauss(0, 1) for name in "abcd"}


def rows(count: int, make: Make = usual, seed: int = 0) -> list[Row]:
    random = Random(seed)  # noqa: S311 - test data
    return [make(random, number) for number in range(count)]


def vetted(windows: int = 4, make: Make = usual) -> InputGuard:
    guard = InputGuard()
    for window in range(windows):
        guard.vet(rows(500, make, seed=100 + window))
    return guard


def found(guard: InputGuard, examples: Sequence[Row]) -> list[Strange]:
    return [strange for one in examples if (strange := guard.look(one)) is not None]


def test_before_a_window_has_passed_nothing_is_strange() -> None:
    assert found(InputGuard(), rows(200, lambda r, _: {"a": r.gauss(1e9, 1e12)})) == []


def test_of_what_passed_nothing_is_strange() -> None:
    assert found(vetted(), rows(2000, seed=7)) == []


@pytest.mark.parametrize("value", [1e3, -50.0, 12.0])
def test_a_value_far_beyond_the_range_is_hidden(value: float) -> None:
    strange = vetted(1).look({"a": value, "b": 0.0, "c": 0.1, "d": -0.2})
    assert strange == Strange(frozenset({"a"}), learned=True)


def test_an_example_with_several_values_far_out_is_not_learned() -> None:
    strange = vetted(1).look({"a": 1e3, "b": -1e3, "c": 0.1, "d": -0.2})
    assert strange == Strange(frozenset({"a", "b"}), learned=False)


def test_a_column_that_stays_at_one_value_for_too_long_is_hidden_until_it_moves() -> None:
    guard = vetted(1)
    stuck = found(guard, [row | {"b": 0.5} for row in rows(40)])
    assert {one.hidden for one in stuck} == {frozenset({"b"})}
    assert len(stuck) == 40 - 25
    assert guard.look({"a": 0.0, "b": 0.4, "c": 0.0, "d": 0.0}) is None


def test_a_column_that_often_stays_is_not_stuck() -> None:
    slowly: Make = lambda random, number: usual(random, number) | {"b": number // 50 / 100}  # noqa: E731
    assert found(vetted(1, slowly), rows(90, slowly)) == []


def test_a_column_that_is_distributed_differently_is_hidden_after_a_block_and_shown_again_after_one() -> None:
    guard = vetted(3)
    moved = [row | {"c": float(row["c"]) * 0.05 + 1.5} for row in rows(2 * BLOCK, seed=9)]
    assert found(guard, moved[: BLOCK - 1]) == []
    assert {one.hidden for one in found(guard, moved[BLOCK - 1 :])} == {frozenset({"c"})}
    found(guard, rows(BLOCK, seed=10))
    assert found(guard, rows(BLOCK, seed=11)) == []


def test_distributions_are_compared_only_when_three_windows_have_passed() -> None:
    moved = [row | {"c": float(row["c"]) * 0.05 + 1.5} for row in rows(3 * BLOCK, seed=9)]
    assert found(vetted(2), moved) == []
    assert found(vetted(3), moved) != []


def test_when_most_columns_move_it_is_the_world() -> None:
    def moved(random: Random, number: int) -> Row:
        return {name: float(value) * 0.05 + 1.5 for name, value in usual(random, number).items()}

    assert found(vetted(), rows(3 * BLOCK, moved)) == []


def test_what_is_no_measurement_is_not_looked_at() -> None:
    def make(random: Random, _: int) -> Row:
        return {"text": random.choice("ab"), "flag": random.random() < 0.5, "code": random.choice([1, 2, 3])}

    guard = vetted(3, make)
    assert guard.state.columns == {}
    assert found(guard, [{"text": "z", "flag": True, "code": 99}] * 100) == []


def test_it_is_quiet_again_when_nothing_was_strange_for_a_while() -> None:
    guard = vetted(1)
    assert guard.quiet
    guard.look({"a": 1e9})
    assert not guard.quiet
    found(guard, rows(SPELL - 1))
    assert not guard.quiet
    found(guard, rows(1))
    assert guard.quiet


@pytest.mark.parametrize(("values", "longest"), [([], 0), ([1], 1), ([1, 1, 2, 2, 2, 1, 1], 3)])
def test_the_longest_run(values: list[float], longest: int) -> None:
    assert longest_run(np.array(values)) == longest


def engine(**supervision: Any) -> Engine:
    sections: dict[str, Any] = {
        "model": {
            "task": "binary",
            "model": ["preprocessing.StandardScaler", "linear_model.LogisticRegression"],
        },
        "window": {"count": 200, "sample": 50},
        "supervision": {"min_events": 50, "cooldown": 50, **supervision},
    }
    return Engine(make_config(**sections), evaluator=ScriptedJudge())


def stream(count: int, spoilt: range) -> list[Example]:
    """The label is the sign of `a` + `b`; of the spoilt every third `a` is a thousand times too large."""
    random = Random(3)  # noqa: S311 - test data
    examples = []
    for number in range(count):
        row = usual(random, number)
        label = row["a"] + row["b"] > 0
        if number in spoilt and number % 3 == 0:
            row["a"] *= -1000.0
        examples.append(Example(str(number), float(number), row, label))
    return examples


def run(**supervision: Any) -> tuple[list[Decision], list[Prediction], Engine]:
    tried = engine(**supervision)
    events = tried.process(stream(2400, range(1000, 1600)))
    decisions = [event for event in events if isinstance(event, Decision)]
    return decisions, [event for event in events if isinstance(event, Prediction)], tried


def test_outliers_that_do_harm_open_a_suspicion_and_a_model_that_does_not_see_them_serves() -> None:
    decisions, served, _ = run()
    suspected = decisions[0]
    assert suspected.action == "suspect"
    assert (
        suspected.reason == "a: unlike all windows that passed, and a model that does not see this is better"
    )
    assert suspected.evidence["guarded_loss"] < suspected.evidence["champion_loss"]
    assert 1000 < suspected.time < 1100, "no window has to fail"
    leaders = [prediction.leader for prediction in served[1150:1600]]
    assert leaders.count("m0.guarded") > 400
    changes = [decision for decision in decisions if decision.action == "rollback"]
    assert all(decision.time > 1600 for decision in changes), "as champion it would learn the outliers"


def test_without_the_guard_they_do_not() -> None:
    decisions, served, _ = run(guard=False, on_loss_drift=False, on_loss_rise=False, on_baseline=False)
    assert decisions == []
    assert {prediction.model for prediction in served} == {"m0"}


def test_what_is_served_is_far_better_with_it() -> None:
    def loss(served: list[Prediction]) -> float:
        truth = stream(2400, range(0))
        pairs = zip(served[1000:], truth[1000:], strict=True)
        misses: list[Any] = [(prediction.probability, example.label) for prediction, example in pairs]
        return sum(float((said - label) ** 2) for said, label in misses)

    _, guarded, _ = run()
    _, plain, _ = run(guard=False, on_loss_drift=False, on_loss_rise=False, on_baseline=False)
    assert loss(guarded) < 0.6 * loss(plain)


def test_values_that_are_strange_and_do_no_harm_are_strange_no_more_when_the_window_has_passed() -> None:
    tried = engine()
    random = Random(4)  # noqa: S311 - test data
    examples = []
    for number in range(1600):
        row = usual(random, number) | {"e": random.random()}
        if number >= 600 and number % 10 == 0:
            row["e"] = 1e4  # the model has never seen it move with the label
        examples.append(Example(str(number), float(number), row, row["a"] > 0))
    events = tried.process(examples[:700])
    assert tried.pool.shadows.guarded is not None
    events += tried.process(examples[700:])
    assert not [event for event in events if isinstance(event, Decision)]
    assert tried.review.input_guard.state.columns["e"].high == 1e4
    assert tried.pool.shadows.guarded is None


def test_a_single_outlier_is_no_part_of_what_passed() -> None:
    tried = engine()
    examples = stream(900, range(0))
    examples[450] = Example("450", 450.0, {**examples[450].features, "a": 1e6}, True)
    tried.process(examples)
    assert tried.review.input_guard.state.columns["a"].high < 10.0
