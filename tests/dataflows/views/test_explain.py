"""A decision explained: every number in it is one that the run has written, and nothing is told as known
that was not measured."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec import structs

from dataflows.console import PlainConsole
from dataflows.escape import visible
from dataflows.views.explain.sentences import sections
from dataflows.views.explain.story import read_story
from dataflows.views.html.decision import story_page
from dataflows.views.html.page import run_page
from dataflows.views.terminal.decision import show_story
from engine.errors import InputError
from engine.events import Decision, Event, Report
from engine.supervision.decisions import Action
from engine.supervision.suspicion import PairedLosses
from tests.dataflows.views.test_html import HOSTILE, Tags, write
from tests.engine.core.test_serialize import prediction, report
from tests.laws.test_rollback import run as run_engine


def decision(number: int, window: int, action: Action, change: tuple[str, str], **more: Any) -> Decision:
    previous, model = change
    plain = Decision("main", number, 0.0, 50, window, action, "why", model, previous, "m0.w2", {})
    return replace(plain, **more)


def window(
    number: int,
    model: str = "m0",
    shadows: Mapping[str, PairedLosses] | None = None,
    challengers: Mapping[str, PairedLosses] | None = None,
) -> Report:
    plain = report(number)
    scores = structs.replace(plain.scores, shadows=shadows or {}, challengers=challengers or {})
    return replace(plain, model=model, scores=scores)


def said(run: Path, number: int | None = None) -> dict[str, str]:
    return {title: "\n".join(lines) for title, lines in sections(read_story(run, number, "main"))}


def rolled_back(folder: Path) -> Path:
    numbers = {"events": 400.0, "champion_loss": 0.25, "shadow_loss": 0.2}
    numbers |= {"log_capital": 7.0, "log_threshold": 6.0}
    return write(
        folder,
        prediction(),
        *(window(number) for number in range(4)),
        window(4, shadows={"m0.w2": PairedLosses(10, 3.0, 2.0)}),
        window(5, "m1", challengers={"m0": PairedLosses(100, 20.0, 25.0)}),
        window(6, "m1", challengers={"m0": PairedLosses(300, 60.0, 75.0)}),
        window(7, "m1"),
        decision(0, 3, "suspect", ("m0", "m0"), shadow="m0.w2; m0.fresh"),
        decision(1, 5, "rollback", ("m0", "m1"), evidence=numbers),
        decision(2, 9, "pin", ("m1", "m1"), who="ada", shadow=""),
    )


def test_a_rollback_is_told_with_what_led_to_it_its_evidence_and_what_would_have_been(tmp_path: Path) -> None:
    told = said(rolled_back(tmp_path))
    assert "m0.w2, which has not learned what failed, replaces m0 and serves as m1." in told["What happened"]
    assert "window 3, suspect: why" in told["What happened"]
    assert "pin" not in told["What happened"]
    evidence = told["Evidence"]
    assert (
        "same 400 labelled events the mean loss of m0 is 0.2500 and of m0.w2 0.2000: 20.0% less" in evidence
    )
    assert "multiplied its stake by 1,097; the threshold is 403" in evidence  # e^7, e^6
    # 100 and 300 events: the champion lost (20 + 60) / 400, the replaced (25 + 75) / 400.
    assert (
        "m0 went on predicting and learning beside m1 in windows 5 to 6. Over the same 400 labelled events "
        "it would have lost 0.2500; m1 lost 0.2000: 20.0% less." in told["What would have happened otherwise"]
    )


def test_what_was_not_measured_is_not_told_as_known(tmp_path: Path) -> None:
    run = write(tmp_path, prediction(), window(4), decision(0, 5, "rollback", ("m0", "m1"), who="ada"))
    told = said(run)
    assert told["Evidence"] == "None: ada decided."
    assert told["What would have happened otherwise"].startswith("Not known yet")
    run = write(tmp_path, window(4), decision(0, 5, "alert", ("m0", "m0")))
    assert "Not measured" in said(run)["What would have happened otherwise"]


def test_a_suspicion_says_how_it_ended_and_what_its_shadows_would_have_lost(tmp_path: Path) -> None:
    run = write(
        tmp_path,
        window(3, shadows={"m0.w2": PairedLosses(10, 2.0, 3.0)}),
        window(4, shadows={"m0.w2": PairedLosses(30, 6.0, 9.0)}),
        decision(0, 3, "suspect", ("m0", "m0")),
        decision(1, 4, "clear", ("m0", "m0")),
        decision(2, 6, "suspect", ("m0", "m0")),
    )
    first, cleared, second = said(run, 0), said(run, 1), said(run, 2)
    assert "Decision 1 ended it (window 4), clear: why" in first["What happened"]
    assert "The suspicion is still open." in second["What happened"]
    otherwise = (
        "Had m0.w2 served on the 40 events compared while the suspicion was open, it would have lost 0.3000"
    )
    assert otherwise in cleared["What would have happened otherwise"]


def test_a_suspicion_says_what_serving_together_was_worth_and_who_had_which_weight(tmp_path: Path) -> None:
    together = {"weights": {"m0": 0.25, "m0.w2": 0.72, "m0.fresh": 0.03}}
    shadows = {"m0.w2": PairedLosses(10, 4.0, 2.0)}
    served = [
        structs.replace(
            window(number, shadows=shadows).scores, together=PairedLosses(10, 4.0, lost), **together
        )
        for number, lost in ((3, 2.0), (4, 2.5))
    ]
    run = write(
        tmp_path,
        window(2),
        *(replace(window(number), scores=scores) for number, scores in zip((3, 4), served, strict=True)),
        window(5),
        decision(0, 3, "suspect", ("m0", "m0")),
        decision(1, 4, "clear", ("m0", "m0")),
    )
    assert (
        "While the models served together, over 20 labelled events, what was served lost 0.2250; m0 alone "
        "would have lost 0.4000: 43.8% less."
    ) in said(run)["What would have happened otherwise"]
    story = read_story(run, 1, "main")
    console = PlainConsole(record=True, width=100)
    show_story(console, story)
    assert "m0.w2 72%, m0 25%" in console.export_text()
    page = Tags(story_page(story)).text
    assert "Weight of each model in what is served" in page
    assert "m0.w2 72%" in page
    assert "m0.w2 72%, m0 25%" in Tags(run_page(run)).text
    alone = write(tmp_path, window(2), decision(0, 3, "suspect", ("m0", "m0")))
    assert "Weight of each model" not in Tags(run_page(alone)).text, "one served alone all the time"


def test_without_a_number_the_last_that_changed_what_serves_or_else_the_last(tmp_path: Path) -> None:
    assert read_story(rolled_back(tmp_path), None, "main").decision.number == 1
    (tmp_path / "other").mkdir()
    run = write(
        tmp_path / "other", decision(0, 3, "suspect", ("m0", "m0")), decision(1, 4, "clear", ("m0", "m0"))
    )
    assert read_story(run, None, "main").decision.number == 1


@pytest.mark.parametrize("action", get_args(Action))
def test_every_action_can_be_explained_on_both(tmp_path: Path, action: Action) -> None:
    changes = action in {"rollback", "mask", "reset", "promotion", "hold"}
    run = write(tmp_path, window(3), decision(0, 3, action, ("m0", "m1" if changes else "m0")))
    story = read_story(run, 0, "main")
    console = PlainConsole(record=True, width=80)
    show_story(console, story)
    printed = console.export_text()
    assert f"decision 0 of main: {action}" in printed
    page = Tags(story_page(story)).text
    assert all(line in page for _, lines in sections(story) for line in lines)
    assert max(map(len, printed.splitlines()[:-2])) <= 80


def test_of_a_long_suspicion_both_ends_are_shown(tmp_path: Path) -> None:
    run = write(
        tmp_path,
        *(window(number) for number in range(100)),
        decision(0, 10, "suspect", ("m0", "m0")),
        decision(1, 80, "accept", ("m0", "m0")),
    )
    story = read_story(run, 1, "main")
    shown = [row.window for row in story.windows]
    assert (shown[0], shown[-1], len(shown)) == (7, 86, 24)
    assert story.left_out == 80 - 24
    console = PlainConsole(record=True, width=80)
    show_story(console, story)
    assert f"{story.left_out} windows in the middle are left out" in console.export_text()


def test_names_from_data_are_text_on_the_page(tmp_path: Path) -> None:
    run = write(
        tmp_path,
        window(3, shadows={HOSTILE: PairedLosses(1, 0.5, 0.5)}),
        decision(0, 3, "suspect", ("m0", "m0"), shadow=HOSTILE, reason=HOSTILE),
    )
    page = Tags(story_page(read_story(run, 0, "main")))
    assert not page.tags & {"script", "img"}
    assert visible(HOSTILE) in page.text


def test_the_story_of_a_real_run_has_the_numbers_of_its_events(tmp_path: Path) -> None:
    events: list[Event]
    events, engine = run_engine(3, fault=True)
    run = write(tmp_path, *events, *engine.finish())
    (found,) = [event for event in events if isinstance(event, Decision) and event.action == "rollback"]
    told = said(run, found.number)
    count, loss = found.evidence["events"], found.evidence["champion_loss"]
    assert f"{count:,.0f} labelled events the mean loss of m0 is {loss:.4f}" in told["Evidence"]
    after = [
        event.scores.challengers["m0"]
        for event in [*events, *engine.finish()]
        if isinstance(event, Report) and event.model == found.model and "m0" in event.scores.challengers
    ]
    lost = sum(tally.shadow for tally in after) / sum(tally.events for tally in after)
    assert f"it would have lost {lost:.4f}" in told["What would have happened otherwise"]


@pytest.mark.parametrize(
    ("number", "key", "reason"),
    [
        (9, "main", "no decision 9 of key 'main'; there are 0 to 2"),
        (None, "other", r"no decision of model key 'other' \(--key\); there are: main"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, number: int | None, key: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_story(rolled_back(tmp_path), number, key)


def test_a_run_without_decisions_and_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected the folder of a run"):
        read_story(tmp_path, None, "main")
    with pytest.raises(InputError, match="the champion was never suspected, and nobody changed it"):
        read_story(write(tmp_path, prediction()), None, "main")
