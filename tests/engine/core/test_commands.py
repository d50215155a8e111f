"""Changes by hand: what a person wants is done at once, and written down."""

import pytest

from engine.core.engine import Engine
from engine.events import Decision, Event
from engine.records.events import Prediction
from engine.records.values import Example
from engine.supervision.decisions import Command, Order
from tests.engine.core.test_challengers import TREE, corners, make
from tests.support.engines import ScriptedJudge


def command(order: Order, target: str = "", name: str = "1") -> Command:
    return Command(name, order, target, "ada", "a try")


def decision(events: list[Event]) -> Decision:
    (found,) = [event for event in events if isinstance(event, Decision)]
    return found


def ask(tried: Engine) -> Prediction:
    number = tried.counts.records
    question = Example(f"q{number}", 1e6 + number, {"a": 0.5, "b": -0.5})
    (said,) = [event for event in tried.process([question]) if isinstance(event, Prediction)]
    return said


@pytest.mark.parametrize("target", ["", "m0.w2"])
def test_a_rollback_by_hand_serves_the_very_next_prediction(target: str) -> None:
    tried = make({})
    tried.process(corners(650))
    before = ask(tried)
    vetted = {checkpoint.name: checkpoint for checkpoint in tried.pool.checkpoints.ladder}
    done = decision(tried.command(command("rollback", target)))
    name = target or "m0.w4"
    assert name in vetted
    assert (done.action, done.previous, done.model, done.shadow) == ("rollback", "m0", "m1", name)
    assert (done.who, done.reason) == ("ada", "by hand: a try")
    after = ask(tried)
    assert after.model == "m1"
    assert after.probability != before.probability
    # Who was replaced can come back.
    [predecessor] = tried.pool.checkpoints.replaced
    back = decision(tried.command(command("rollback", predecessor.name, "2")))
    assert back.model == "m2"
    assert ask(tried).probability == before.probability


def test_a_promotion_by_hand_serves_the_very_next_prediction() -> None:
    tried = make({"tree": {"model": TREE}})
    tried.process(corners(40))
    done = decision(tried.command(command("promote", "tree")))
    assert (done.action, done.model, done.shadow, done.who) == ("promotion", "m1", "tree", "ada")
    assert ask(tried).model == "m1"


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("rollback", "rollback m9: no such thing; vetted checkpoints: m0.w0, m0.w1"),
        ("promote", "promote m9: no such thing; challengers: tree"),
    ],
)
def test_what_cannot_be_done_is_told_with_what_there_is(order: Order, said: str) -> None:
    tried = make({"tree": {"model": TREE}})
    tried.process(corners(310))
    done = decision(tried.command(command(order, "m9")))
    assert (done.action, done.model, done.who) == ("alert", "m0", "ada")
    assert said in done.reason
    assert decision(make({}).command(command("rollback"))).reason.startswith(
        "by hand: rollback (the newest): no such thing; vetted checkpoints: none"
    )


def test_what_is_pinned_serves_until_it_is_unpinned() -> None:
    tried = make({"tree": {"model": TREE}})
    assert decision(tried.command(command("pin"))).action == "pin"
    events = tried.process(corners(4000))
    assert {event.model for event in events if isinstance(event, Prediction)} == {"m0"}
    told = decision(events)
    assert (told.action, told.shadow) == ("alert", "tree"), "once, that it would have been promoted"
    assert decision(tried.command(command("unpin", name="2"))).action == "unpin"
    more = [
        Example(f"x{n}", 1e5 + n, r.features, r.label)
        for n, r in enumerate(corners(500, 2))
        if isinstance(r, Example)
    ]
    assert decision(tried.process(more)).action == "promotion"


def test_a_command_given_twice_is_carried_out_once_also_after_a_restore() -> None:
    tried = make({})
    tried.process(corners(450))
    assert tried.command(command("rollback"))
    assert tried.command(command("rollback")) == []
    again = Engine.restore(tried.snapshot(), tried.config, ScriptedJudge())
    assert again.command(command("rollback")) == []
    assert ask(again).model == "m1"


def test_a_pin_survives_a_restore() -> None:
    tried = make({"tree": {"model": TREE}})
    tried.command(command("pin"))
    again = Engine.restore(tried.snapshot(), tried.config, ScriptedJudge())
    assert decision(again.process(corners(4000))).action == "alert"


def test_who_is_promoted_in_bad_times_has_learned_from_them() -> None:
    tried = make({"tree": {"model": TREE}}, dict.fromkeys(range(99), "fail"))
    tried.process(corners(650))
    assert tried.supervisor.contaminated
    tried.command(command("promote", "tree"))
    assert tried.supervisor.contaminated
