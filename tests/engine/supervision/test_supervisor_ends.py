from typing import Any

import pytest
from msgspec import msgpack

from engine.windows import Status
from tests.engine.supervision.test_supervisor import action, close, feed, make, suspicious
from tests.support.suspicions import suspect


def test_the_champion_is_cleared_after_a_window_throughout_which_the_shadows_learned() -> None:
    supervisor = suspicious("s")
    found = []
    for window in range(5):
        feed(supervisor, 0.3, 0.3, 20, begin=20 * window)
        found.append(action(close(supervisor, "pass", 20 * (window + 1))))
        if found[-1]:
            break
    # The verdict at the first close starts the learning; one whole window of it must then be closed and pass.
    assert found == [None, None, "clear"]
    assert not supervisor.suspecting


def test_the_clearing_names_the_best_shadow_and_the_evidence() -> None:
    supervisor = suspicious("good", "best")
    found = None
    for window in range(3):
        for number in range(20):
            supervisor.compare(20 * window + number, 0.3, {"good": 0.5, "best": 0.3}, 0)
        found = close(supervisor, "pass", 20 * (window + 1))
    assert found is not None
    assert (found.action, found.shadow) == ("clear", "best")
    assert found.evidence == pytest.approx({"events": 20.0, "champion_loss": 0.3, "shadow_loss": 0.3})


@pytest.mark.parametrize(
    ("statuses", "losses", "config"),
    [
        (["pass", "fail", "pass"], (0.3, 0.3), {}),
        (["fail", "pass", "pass"], (0.3, 0.3), {}),
        (["unjudged", "pass", "pass"], (0.3, 0.3), {}),
        (["pass", "pass", "unjudged"], (0.3, 0.3), {}),
        (["pass", "pass", "pass"], (0.31, 0.3), {}),
        (["pass", "pass", "pass"], (0.3, 0.3), {"min_events": 21}),
    ],
)
def test_without_a_full_good_window_and_enough_of_it_the_suspicion_stays(
    statuses: list[Status], losses: tuple[float, float], config: dict[str, Any]
) -> None:
    supervisor = suspicious("s", **config)
    for window, status in enumerate(statuses):
        feed(supervisor, *losses, 20, begin=20 * window)
        assert close(supervisor, status, 20 * (window + 1)) is None
    assert supervisor.suspecting


def test_a_champion_slightly_worse_within_the_tolerance_is_cleared() -> None:
    supervisor = suspicious("s", tolerance=0.05)
    for window in range(3):
        feed(supervisor, 0.31, 0.3, 20, begin=20 * window)
        found = close(supervisor, "pass", 20 * (window + 1))
    assert action(found) == "clear"


@pytest.mark.parametrize("status", ["pass", "warn"])
def test_without_shadows_one_window_that_does_not_fail_clears(status: Status) -> None:
    supervisor = suspicious()
    assert supervisor.on_verdict("fail", "") is None
    assert action(supervisor.on_verdict(status, "")) == "clear"
    assert not supervisor.suspecting
    assert not supervisor.contaminated


def test_after_patience_failed_windows_in_a_row_the_change_is_accepted() -> None:
    supervisor = make(patience=3)
    assert action(supervisor.on_verdict("fail", "first")) == "suspect"
    suspect(supervisor, ["s"])
    assert close(supervisor, "fail", 10) is None
    found = close(supervisor, "fail", 20)
    assert found is not None
    assert found.action == "accept"
    assert "window was fail" in found.reason
    assert not supervisor.suspecting
    assert not supervisor.contaminated
    assert action(supervisor.on_verdict("fail", "again")) == "suspect"


@pytest.mark.parametrize(("between", "expected"), [("pass", None), ("warn", None), ("unjudged", "accept")])
def test_only_a_window_that_did_not_fail_breaks_the_row(between: Status, expected: str | None) -> None:
    supervisor = make(patience=3)
    supervisor.on_verdict("fail", "")
    suspect(supervisor, ["s"])
    supervisor.on_verdict("fail", "")
    supervisor.on_verdict(between, "")
    assert action(supervisor.on_verdict("fail", "")) == expected


def test_an_unjudged_window_changes_nothing() -> None:
    for supervisor in (make(), suspicious("s"), suspicious()):
        supervisor.on_verdict("fail", "")
        before = msgpack.encode(supervisor.state())
        assert supervisor.on_verdict("unjudged", "the report could not be made") is None
        assert msgpack.encode(supervisor.state()) == before
