"""The story of a decision in sentences: the same for the terminal and the page."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from dataflows.run_reader import day, shown
from dataflows.views.explain.story import Row, Story

_MILLION = math.log(1e6)

_MEANS = {
    "suspect": "{model} is suspected and goes on serving; it is compared with {shadow}.",
    "rollback": "{shadow}, an earlier state, has taken over from {previous} and serves as {model}.",
    "mask": "{shadow} has taken over from {previous} and serves as {model}. It does without these features "
    "until they pass again.",
    "unmask": "The features that were kept from the models are seen again.",
    "reset": "A model that began with the suspicion has taken over from {previous} and serves as {model}.",
    "promotion": "The challenger {shadow} has taken over from {previous} and serves as {model}.",
    "clear": "{model} is no longer suspected, and goes on serving.",
    "accept": "The change is taken for the world's, not for a fault: {model} goes on serving and windows are "
    "compared with newer ones.",
    "hold": "The labels cannot be trusted, so nothing is learned or compared until they pass again.",
    "release": "The labels pass again, and models learn from them.",
    "alert": "Nothing was changed: this is for people to look at.",
    "pin": "{model} serves, whatever the evidence, until it is unpinned or changed by hand.",
    "unpin": "Evidence decides again.",
    "save": "What serves was saved, as {shadow}.",
}


def headline(story: Story) -> str:
    """What was decided, when, and by whom."""
    row = story.decision
    change = "" if row["model"] == row["previous"] else f", {row['previous']} → {row['model']}"
    who = f", by {row['who']}" if row["who"] else ""
    return f"decision {row['number']} of {row['key']}: {row['action']}{change} ({_when(row)}{who})"


def _when(row: Row) -> str:
    window = f"window {row['window']}"
    return f"{day(row['time'])}, {window}" if row["time"] else window


def happened(story: Story) -> Iterator[str]:
    """What it means, what led to it, and how it ended."""
    row = story.decision
    names = {name: row[name] for name in ("model", "previous")} | {"shadow": row["shadow"] or "nobody"}
    yield _MEANS[row["action"]].format(**names)
    if row["action"] == "hold" and row["shadow"]:
        yield f"The last vetted checkpoint, {row['shadow']}, serves meanwhile as {row['model']}."
    for led in story.led:
        yield f"{_when(led)}, {led['action']}: {led['reason']}"
    yield f"{_when(row)}, {row['action']}: {row['reason']}"
    if row["action"] == "suspect":
        ended = story.ended
        yield (
            "The suspicion is still open."
            if ended is None
            else f"Decision {ended['number']} ended it ({_when(ended)}), {ended['action']}: {ended['reason']}"
        )


def evidence(story: Story) -> Iterator[str]:
    """The numbers behind it, in words."""
    row = story.decision
    numbers = row["evidence"]
    if row["who"]:
        yield f"None was asked for: {row['who']} decided."
        return
    if {"champion_loss", "shadow_loss", "events"} <= numbers.keys():
        rival, served = row["shadow"], row["previous"]
        yield (
            f"On the same {numbers['events']:,.0f} labelled events {served} lost "
            f"{shown(numbers['champion_loss'])} on average and {rival} {shown(numbers['shadow_loss'])}: "
            f"{_less(numbers['shadow_loss'], numbers['champion_loss'])}."
        )
    if "log_capital" in numbers:
        yield (
            f"Betting on {row['shadow']}, event by event, at odds that are fair if it is no better, has "
            f"multiplied the stake by {_odds(numbers['log_capital'])}; "
            f"{_odds(numbers['log_threshold'])} was needed (docs/supervision.md says why one may look often)."
        )
    if "baseline_loss" in numbers:
        yield (
            f"Over {numbers['events']:,.0f} labelled events it lost {shown(numbers['loss'])} on average, and "
            f"the baseline {shown(numbers['baseline_loss'])}."
        )
    if not numbers:
        yield "No numbers were kept with it; the reason above is all there is."


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
    if row["model"] != row["previous"]:
        yield from _kept(story)
    elif row["action"] in {"suspect", "clear", "accept"}:
        yield from _switched(story)
    else:
        yield "Nothing was measured about it: no other model was compared."


def _kept(story: Story) -> Iterator[str]:
    """The model that was replaced went on for some windows as a challenger."""
    row = story.decision
    name = row["previous"]
    if not story.after:
        yield f"Not known (yet): no closed window has compared {name} with {row['model']} since."
        return
    parts = [report["scores"]["challengers"][name] for report in story.after]
    events = sum(part["events"] for part in parts)
    kept, served = _mean(parts, "loss", events), _mean(parts, "champion_loss", events)
    first, last = story.after[0]["window"], story.after[-1]["window"]
    where = f"window {first}" if first == last else f"windows {first} to {last}"
    yield (
        f"{name} went on predicting and learning beside {row['model']} in {where}. On the same {events:,} "
        f"labelled events it would have lost {shown(kept)}; {row['model']} lost {shown(served)}: "
        f"{_less(served, kept)}."
    )


def _switched(story: Story) -> Iterator[str]:
    """The shadows of the suspicion say what they would have lost, had they served."""
    found: dict[str, list[dict[str, Any]]] = {}
    for report in story.compared:
        for name, one in report["scores"]["shadows"].items():
            found.setdefault(name, []).append(one)
    for name, parts in found.items():
        events = sum(part["events"] for part in parts)
        shadow, champion = _mean(parts, "loss", events), _mean(parts, "champion_loss", events)
        yield (
            f"Had {name} served on the {events:,} events compared while the suspicion was open, it would "
            f"have lost {shown(shadow)}; {story.decision['previous']} lost {shown(champion)}: "
            f"{_less(shadow, champion)}."
        )
    if not found:
        yield "Nothing was measured about it: no closed window compared a shadow."


def _mean(parts: Sequence[dict[str, Any]], name: str, events: int) -> float:
    return sum(float(part[name]) * int(part["events"]) for part in parts) / events


def marks(story: Story) -> dict[int, str]:
    """What was decided in which window, of what the story tells."""
    found: dict[int, str] = {}
    for row in (*story.led, story.decision, *([story.ended] if story.ended else [])):
        said = found.get(row["window"])
        found[row["window"]] = f"{said}, {row['action']}" if said else row["action"]
    return found


def best_shadow(scores: Row) -> Row | None:
    """Of the shadows that were compared in a window, the one that lost least."""
    known = [one for one in scores["shadows"].values() if one["loss"] is not None]
    return min(known, key=lambda one: float(one["loss"]), default=None)


def sections(story: Story) -> list[tuple[str, list[str]]]:
    """Everything said about it, by title."""
    return [
        ("What happened", list(happened(story))),
        ("Evidence", list(evidence(story))),
        ("What would have happened otherwise", list(otherwise(story))),
    ]
