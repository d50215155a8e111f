"""The story of a decision in sentences: the same for the terminal and the page."""

import math
from collections.abc import Iterator, Sequence

from dataflows.format import day, number
from dataflows.views.explain.story import Story
from engine.rows import ComparisonRow, DecisionRow, ReportRow
from engine.supervision.decisions import Action

_SHOWN = 0.05
"""The weight from which on a model is named."""

_MILLION = math.log(1e6)

_MEANS: dict[Action, str] = {
    "suspect": "{model} is suspected and goes on serving; it is compared with {shadow}.",
    "lead": "{shadow} has most of the weight in what is served; {model} stays the champion, for now.",
    "rollback": "{shadow}, which has not learned what failed, replaces {previous} and serves as {model}.",
    "mask": "{shadow} replaces {previous} and serves as {model}. It ignores these features until they pass "
    "again.",
    "unmask": "The models see the masked features again.",
    "reset": "A model that was new at the suspicion replaces {previous} and serves as {model}.",
    "promotion": "The challenger {shadow} replaces {previous} and serves as {model}.",
    "clear": "{model} is no longer suspected, and goes on serving.",
    "accept": "The world has changed, it is no fault: {model} goes on serving, and windows are compared with "
    "newer ones.",
    "hold": "The labels fail their checks: nothing is learned or compared until they pass again.",
    "release": "The labels pass again; models learn from them.",
    "alert": "Nothing changes: a person has to look at it.",
    "pin": "{model} serves, whatever the evidence, until it is unpinned or changed by hand.",
    "unpin": "Evidence decides again.",
    "save": "The serving model is saved as {shadow}.",
}


def headline(story: Story) -> str:
    """What was decided, when, and by whom."""
    row = story.decision
    change = f", {row.previous} → {row.model}" if row.changes else ""
    who = f", by {row.who}" if row.who else ""
    return f"decision {row.number} of {row.key}: {row.action}{change} ({_when(row)}{who})"


def _when(row: DecisionRow) -> str:
    window = f"window {row.window}"
    return f"{day(row.time)}, {window}" if row.time else window


def happened(story: Story) -> Iterator[str]:
    """What it means, what led to it, and how it ended."""
    row = story.decision
    shadow = row.shadow or "nothing"
    yield _MEANS[row.action].format(model=row.model, previous=row.previous, shadow=shadow)
    if row.action == "hold" and row.shadow:
        yield f"Meanwhile the last vetted checkpoint, {row.shadow}, serves as {row.model}."
    for led in story.led:
        yield f"{_when(led)}, {led.action}: {led.reason}"
    yield f"{_when(row)}, {row.action}: {row.reason}"
    if row.action == "suspect":
        ended = story.ended
        yield (
            "The suspicion is still open."
            if ended is None
            else f"Decision {ended.number} ended it ({_when(ended)}), {ended.action}: {ended.reason}"
        )


def evidence(story: Story) -> Iterator[str]:
    """The numbers behind it, in words."""
    row = story.decision
    found = {name: value for name, value in row.evidence.items() if value is not None}
    if row.who:
        yield f"None: {row.who} decided."
        return
    if {"champion_loss", "shadow_loss", "events"} <= found.keys():
        yield (
            f"Over the same {found['events']:,.0f} labelled events the mean loss of {row.previous} is "
            f"{number(found['champion_loss'])} and of {row.shadow} {number(found['shadow_loss'])}: "
            f"{_less(found['shadow_loss'], found['champion_loss'])}."
        )
    if {"champion_loss", "guarded_loss", "events"} <= found.keys():
        yield (
            f"Over the same {found['events']:,.0f} labelled events the mean loss of {row.previous} is "
            f"{number(found['champion_loss'])}, and {number(found['guarded_loss'])} of a model that does not "
            f"see what is unlike all windows that passed: "
            f"{_less(found['guarded_loss'], found['champion_loss'])}."
        )
    if {"log_capital", "log_threshold"} <= found.keys():
        yield (
            f"A bet on {row.shadow}, event by event, at odds that are fair if it is no better, has "
            f"multiplied its stake by {_odds(found['log_capital'])}; the threshold is "
            f"{_odds(found['log_threshold'])} (docs/supervision.md says why the test stays valid however "
            f"often one looks)."
        )
    if {"baseline_loss", "loss", "events"} <= found.keys():
        yield (
            f"Over {found['events']:,.0f} labelled events its mean loss is {number(found['loss'])}, and that "
            f"of the baseline {number(found['baseline_loss'])}."
        )
    if not found:
        yield "No numbers: the reason above is all there is."


def _odds(logarithm: float) -> str:
    return f"{math.exp(logarithm):,.0f}" if logarithm < _MILLION else "more than a million"


def _less(loss: float, than: float) -> str:
    if not than:
        return "no difference"
    share = loss / than - 1.0
    return "no difference" if abs(share) < 0.0005 else f"{abs(share):.1%} {'less' if share < 0 else 'more'}"


def otherwise(story: Story) -> Iterator[str]:
    """What would have happened otherwise, as far as it was measured."""
    row = story.decision
    if row.changes:
        yield from _kept(story)
    elif row.action in {"suspect", "lead", "clear", "accept"}:
        yield from _together(story)
        yield from _switched(story)
    else:
        yield "Not measured: no other model was compared."


def _kept(story: Story) -> Iterator[str]:
    """The model that was replaced went on for some windows as a challenger."""
    row = story.decision
    name = row.previous
    if not story.after:
        yield f"Not known yet: no closed window has compared {name} with {row.model} since."
        return
    events, kept, served = _means([report.scores.challengers[name] for report in story.after])
    first, last = story.after[0].window, story.after[-1].window
    where = f"window {first}" if first == last else f"windows {first} to {last}"
    yield (
        f"{name} went on predicting and learning beside {row.model} in {where}. Over the same {events:,} "
        f"labelled events it would have lost {number(kept)}; {row.model} lost {number(served)}: "
        f"{_less(served, kept)}."
    )


def _together(story: Story) -> Iterator[str]:
    """What was served by several models lost, and the champion alone would have."""
    rows = [row.scores.together for row in story.compared]
    events, served, champion = _means([row for row in rows if row is not None])
    if events:
        name = story.decision.previous
        yield (
            f"While the models served together, over {events:,} labelled events, what was served lost "
            f"{number(served)}; {name} alone would have lost {number(champion)}: {_less(served, champion)}."
        )


def _switched(story: Story) -> Iterator[str]:
    """What the shadows of the suspicion would have lost, had they served."""
    found: dict[str, list[ComparisonRow]] = {}
    for report in story.compared:
        for name, one in report.scores.shadows.items():
            found.setdefault(name, []).append(one)
    for name, parts in found.items():
        events, shadow, champion = _means(parts)
        if not events:
            continue
        yield (
            f"Had {name} served on the {events:,} events compared while the suspicion was open, it would "
            f"have lost {number(shadow)}; {story.decision.previous} lost {number(champion)}: "
            f"{_less(shadow, champion)}."
        )
    if not found:
        yield "Not measured: no closed window compared a shadow."


def _means(parts: Sequence[ComparisonRow]) -> tuple[int, float, float]:
    """Events, and the mean losses of the other model and of the champion over all of them."""
    events = sum(part.events for part in parts)
    lost = sum(part.events * (part.loss or 0.0) for part in parts)
    champion = sum(part.events * (part.champion_loss or 0.0) for part in parts)
    return events, lost / (events or 1), champion / (events or 1)


def weights(row: ReportRow) -> str:
    """Who serves with which weight at a window's end, the heaviest first; the model when one serves alone."""
    found = sorted(row.scores.weights.items(), key=lambda one: -one[1])
    shown = [f"{name} {share:.0%}" for name, share in found if share >= _SHOWN]
    return ", ".join(shown) if shown else row.model


def marks(story: Story) -> dict[int, str]:
    """The decisions of the story, by window."""
    found: dict[int, str] = {}
    for row in (*story.led, story.decision, *([story.ended] if story.ended else [])):
        before = found.get(row.window)
        found[row.window] = f"{before}, {row.action}" if before else row.action
    return found


def sections(story: Story) -> list[tuple[str, list[str]]]:
    """All sentences, by title."""
    return [
        ("What happened", list(happened(story))),
        ("Evidence", list(evidence(story))),
        ("What would have happened otherwise", list(otherwise(story))),
    ]
