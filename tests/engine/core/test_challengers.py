"""Challengers: they learn and are compared all the time, and one that proves better serves."""

from itertools import islice
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from engine.core.challengers import takes_part
from engine.core.engine import Engine
from engine.errors import ConfigError, ModelError
from engine.events import Decision, Event, Report, Summary
from engine.models.factory import build
from engine.models.serialization import load
from engine.records.events import Prediction
from engine.records.values import Example, Label, Record
from engine.registry.versions import Version
from engine.supervision.challenger_trials import ChallengerTrials
from engine.supervision.config import SupervisionConfig
from engine.supervision.decisions import Command
from engine.windows import Status
from tests.support.engines import LOGISTIC, ScriptedJudge, make_config

TREE: dict[str, Any] = {"type": "tree.HoeffdingTreeClassifier", "grace_period": 20}
SUPERVISION = {
    "min_events": 60,
    "cooldown": 100,
    "on_loss_drift": False,
    "on_baseline": False,
    "reset": False,
    "patience": 99,
}


def make(
    challengers: dict[str, Any],
    script: dict[int, Status] | None = None,
    champion: Any = LOGISTIC,
    **more: Any,
) -> Engine:
    config = make_config(
        model={"task": "binary", "model": champion},
        challengers=challengers,
        window={"count": 100, "sample": 10},
        supervision=SUPERVISION | {"alpha": 0.01},
        **more,
    )
    return Engine(config, evaluator=ScriptedJudge(script))


def corners(count: int, seed: int = 1, start: int = 0) -> list[Record]:
    """Opposite corners of a square have the same label: no line divides them, a tree does."""
    random = Random(seed)  # noqa: S311 - test data
    points = [(random.uniform(-1, 1), random.uniform(-1.2, 1)) for _ in range(count)]
    return [
        Example(f"{start + n}", float(start + n), {"a": a, "b": b}, label=(a > 0) == (b > 0))
        for n, (a, b) in enumerate(points)
    ]


def decided(events: list[Event]) -> list[str]:
    return [event.action for event in events if isinstance(event, Decision)]


def test_one_that_proves_better_is_promoted_and_the_next_prediction_is_its_own() -> None:
    tried = make({"tree": {"model": TREE}})
    events: list[Event] = []
    records = iter(corners(4000))
    while "promotion" not in decided(events):
        events += tried.process(islice(records, 1))
    (decision,) = [event for event in events if isinstance(event, Decision)]
    assert (decision.previous, decision.model, decision.shadow) == ("m0", "m1", "tree")
    assert decision.evidence["shadow_loss"] < decision.evidence["champion_loss"]
    assert "tree is better on the same" in decision.reason
    (kept,) = [event for event in events if isinstance(event, Version) and event.reason == "replaced"]
    # The tree has learned what it was asked before; nothing else has.
    twin: Any = build(TREE)
    seen = [record for record in corners(4000) if isinstance(record, Example)][: decision.learned]
    for example in seen:
        twin.learn_one(example.features, example.label)
    question = Example("next", 1e6, {"a": 0.5, "b": -0.5})
    (said,) = [event for event in tried.process([question]) if isinstance(event, Prediction)]
    assert said.model == "m1"
    assert said.probability == twin.predict_proba_one(question.features)[True]
    old: Any = load(kept.saved, "model")
    assert said.probability != old.predict_proba_one(question.features)[True]


def test_who_served_goes_on_as_a_challenger_and_can_come_back() -> None:
    tried = make({"line": {"model": LOGISTIC}}, champion=TREE)
    random = Random(3)  # noqa: S311 - test data
    events = tried.process(corners(3000))
    assert decided(events) == [], "the tree serves, and is better"
    straight: list[Record] = []
    for n in range(6000):
        a, b = random.uniform(-1, 1), random.uniform(-1, 1)
        straight.append(Example(f"s{n}", 1e4 + n, {"a": a, "b": b}, label=a + 3 * b > 0))
    assert until_promoted(tried, straight).shadow == "line", "now a line divides them"
    assert set(tried.pool.challengers.alive) == {"m0"}
    again = [
        Example(f"c{n}", 1e5 + n, r.features, r.label) for n, r in enumerate(_examples(corners(8000, 2)))
    ]
    back = until_promoted(tried, again)
    assert (back.shadow, back.previous, back.model) == ("m0", "m1", "m2")
    assert set(tried.pool.challengers.alive) == {"m1"}


def until_promoted(tried: Engine, records: list[Record] | list[Example]) -> Decision:
    for record in records:
        for event in tried.process([record]):
            if isinstance(event, Decision) and event.action == "promotion":
                return event
    raise AssertionError("nobody was promoted")


def _examples(records: list[Record]) -> list[Example]:
    return [record for record in records if isinstance(record, Example)]


def test_nobody_is_promoted_while_the_champion_is_suspected_or_has_learned_from_a_window_that_failed() -> (
    None
):
    failing: dict[int, Status] = dict.fromkeys(range(99), "fail")
    assert "promotion" not in decided(make({"tree": {"model": TREE}}, failing).process(corners(4000)))
    assert "promotion" in decided(make({"tree": {"model": TREE}}, {}).process(corners(4000)))


def test_nobody_is_promoted_in_a_cool_down() -> None:
    tried = make({"tree": {"model": TREE}})
    tried.supervisor.changed(0)
    tried.config.supervision.__dict__["cooldown"] = 10**9
    assert "promotion" not in decided(tried.process(corners(4000)))


@pytest.mark.parametrize("labels", ["at once", "late"])
def test_a_share_bounds_what_a_challenger_predicts_and_learns(labels: str) -> None:
    asked: list[int] = []
    tried = make({"tree": {"model": TREE, "share": 0.25}}, labels={"wait": 1e9})
    live = tried.pool.challengers.alive["tree"].live
    model = live.model
    original = model.learn_one

    def counted(x: Any, y: Any) -> None:
        asked.append(1)
        original(x, y)

    model.learn_one = counted
    live.model = model  # as it is now: a compiled form knows nothing of the method
    rows = _examples(corners(400))
    if labels == "at once":
        tried.process(rows)
    else:
        tried.process(Example(row.id, row.time, row.features) for row in rows)
        tried.process(
            Label(row.id, row.time + 400, row.label) for row in reversed(rows) if row.label is not None
        )
    chosen = sum(takes_part("tree", sequence, 0.25) for sequence in range(400))
    assert len(asked) == chosen
    assert 70 < chosen < 130
    # Before it has learned a tree says nothing, which is not compared.
    compared = tried.trials.alive["tree"].run.events
    assert compared == (chosen - 1 if labels == "at once" else 0)


def test_a_challenger_that_raises_stops_nothing_and_is_told_once() -> None:
    tried = make({"broken": {"model": "tests.support.breaches:Refuses"}})
    events = tried.process(corners(200))
    alerts = [event for event in events if isinstance(event, Decision)]
    assert [event.action for event in alerts] == ["alert"]
    assert alerts[0].reason.startswith("challenger broken cannot learn example '0': ")
    assert tried.counts.learned == 200


def test_reports_and_the_summary_have_the_losses_of_challengers() -> None:
    tried = make({"line": {"model": LOGISTIC}, "half": {"model": TREE, "share": 0.5}})
    events = [*tried.process(corners(350)), *tried.finish()]
    reports = [event for event in events if isinstance(event, Report)]
    assert [report.scores.challengers["line"].events for report in reports] == [100, 100, 100]
    (summary,) = [event for event in events if isinstance(event, Summary)]
    assert summary.challengers["line"].events == 350
    served = summary.challengers["line"].means()[0]
    assert served == pytest.approx(summary.standing.scores["loss"])


def test_a_new_challenger_learns_what_is_at_hand_when_a_run_goes_on() -> None:
    rows = _examples(corners(250))
    saved = make({}).process(rows)
    assert saved
    before = make({})
    before.process(rows)
    config = make({"tree": {"model": TREE}}).config
    tried = Engine.restore(before.snapshot(), config, ScriptedJudge())
    twin: Any = build(TREE)
    for row in rows:
        twin.learn_one(row.features, row.label)
    point = {"a": 0.3, "b": 0.3}
    state = tried.pool.challengers.alive["tree"]
    assert state.live.model.predict_proba_one(point) == twin.predict_proba_one(point)
    assert tried.trials.alive["tree"].trial.since == 250
    # One that was promoted does not begin again.
    tried.command(Command("1", "promote", "tree", "ada", "a try"))
    again = Engine.restore(tried.snapshot(), config, ScriptedJudge())
    assert set(again.pool.challengers.alive) == set(again.trials.alive) == {"m0"}


def test_a_challenger_that_is_configured_no_more_ends() -> None:
    tried = make({"tree": {"model": TREE}})
    tried.process(corners(100))
    gone = Engine.restore(tried.snapshot(), make({}).config, ScriptedJudge())
    assert gone.pool.challengers.alive == {} == gone.trials.alive


@pytest.mark.parametrize(("worse", "most"), [(0.0, 0.02), pytest.param(0.02, 0.02, marks=pytest.mark.long)])
def test_a_challenger_that_is_no_better_is_hardly_ever_promoted_however_long_one_looks(
    worse: float, most: float
) -> None:
    config = SupervisionConfig(alpha=0.02, min_events=50, tolerance=0.0)
    promoted, seeds = 0, 200
    for seed in range(seeds):
        random = Random(seed)  # noqa: S311 - test data
        contest = ChallengerTrials(config)
        contest.enter(["a", "b", "c"], 0)
        for n in range(3000):
            losses = {name: float(random.random() < 0.3 + worse) for name in "abc"}
            if contest.compare(n, float(random.random() < 0.3), losses, 1.0) is not None:
                promoted += 1
                break
            if n % 250 == 249:
                contest.next_window(n + 1)
    assert promoted <= seeds * most + 3 * (seeds * most) ** 0.5


@pytest.mark.parametrize("name", ["m0", "m12", "a.b", "", "1a", "a b"])
def test_a_name_that_could_be_taken_for_another_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="names of letters"):
        make_config(challengers={name: {"model": TREE}})


def test_a_challenger_that_cannot_take_the_champions_place_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"challengers.lin.model: expected what the champion puts out too"):
        make({"lin": {"model": "tests.support.breaches:OnlyClasses"}})
    with pytest.raises(ModelError, match=r"challengers.x.model: "):
        make({"x": {"model": "tree.HoeffdingTreeRegressor"}})
