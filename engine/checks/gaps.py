"""The laws of features that come and go: a missing value is an absent key, and it may come back.

Only what the flow's contract lets through is tried: a feature that it requires is never missing, and none
is new where it accepts no others.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from engine.checks.trial import Labelled, Trial, listed, told
from engine.records.values import Features, Scalar, Target

_TRIED = 200
"""Events at most with one feature missing, new or back; with half of them missing, a quarter of that. Of wide
rows fewer: see `Trial.affordable`."""

_Event = tuple[str, Features, Target | None]
"""An event to try: a description, its features and its label."""


def survives_missing(trial: Trial) -> str | None:
    """A sensor fails and comes back; the engine leaves out a broken column for as long as it is broken."""
    rows, tried = trial.rows(), trial.affordable(_TRIED)
    events = chain(_without_one(rows, tried), _without_many(rows, tried))
    return _meet(trial, trial.train(trial.make(), rows), events)


def survives_late(trial: Trial) -> str | None:
    """A column that was empty at first fills up."""
    rows, few = trial.rows(), trial.affordable(_TRIED) // 4
    for half in _halves(rows):
        fewer = ((_without(features, half), label) for features, label in rows)
        # An event without any feature is for the law above; no stream begins with such events only.
        early = ((f"without {listed(half)}", left, label) for left, label in fewer if left)
        late = ((f"when {listed(half)} appear", *row) for row in rows[:few])
        wrong = _meet(trial, trial.make(), chain(early, late))
        if wrong is not None:
            return wrong
    return None


def survives_unknown(trial: Trial) -> str | None:
    """A field is added upstream that the sample does not contain."""
    rows = trial.rows()
    unknown = _with_unknown(rows, trial.affordable(_TRIED))
    wrong = _meet(trial, trial.train(trial.make(), rows), unknown)
    return wrong and f"{wrong}. The contract can keep out what it does not name: extra = 'ignore'"


def _meet(trial: Trial, model: Any, events: Iterable[_Event]) -> str | None:
    """Predicts and learns every event that the contract accepts; returns the first failure."""
    for what, features, label in events:
        kept = trial.let_through(features)
        if kept is None:
            continue
        try:
            wrong = trial.task.output_error(trial.ops.predict(model, kept))
            trial.ops.learn(model, kept, label)
        except Exception as error:  # noqa: BLE001 - whatever a model raises is the finding
            wrong = told(error)
        if wrong is not None:
            return f"{what}: {wrong}"
    return None


def _without_one(rows: Sequence[Labelled], tried: int) -> Iterator[_Event]:
    names = _names(rows)
    before = ""
    for number in range(min(tried, 20 * len(names))):
        name = names[number % len(names)]
        features, label = rows[number % len(rows)]
        yield f"without {name!r}{before}", _without(features, [name]), label
        before = f", after {name!r} was missing"


def _without_many(rows: Sequence[Labelled], tried: int) -> Iterator[_Event]:
    """Half of the features are missing for a while and return one by one; then all are missing."""
    for half in _halves(rows):
        for features, label in rows[: tried // 4]:
            yield f"without {listed(half)}", _without(features, half), label
        for name, at in first_of_each_kind(rows)[:tried]:
            if name in half:
                yield f"when {name!r} comes back", *rows[at]
    for _, label in rows[:2]:
        yield "without any feature", {}, label


def _with_unknown(rows: Sequence[Labelled], tried: int) -> Iterator[_Event]:
    """New features, each with values like those of a feature that was there."""
    for name, at in first_of_each_kind(rows)[:tried]:
        features, label = rows[at]
        yield f"with a new feature like {name!r}", {**features, f"{name}, new": features[name]}, label


def first_of_each_kind(rows: Sequence[Labelled]) -> list[tuple[str, int]]:
    """Each feature with the row where a type of value is first seen in it.

    >>> first_of_each_kind([({"a": 1, "b": "x"}, True), ({"a": 2.5}, False), ({"a": 3}, True)])
    [('a', 0), ('b', 0), ('a', 1)]
    """
    seen: dict[tuple[str, type], int] = {}
    for number, (features, _) in enumerate(rows):
        for name, value in features.items():
            seen.setdefault((name, type(value)), number)
    return [(name, number) for (name, _), number in seen.items()]


def _names(rows: Sequence[Labelled]) -> list[str]:
    return list(dict.fromkeys(name for features, _ in rows for name in features))


def _halves(rows: Sequence[Labelled]) -> list[list[str]]:
    """All names in two lots, every other one in each; one lot where there is one name."""
    names = _names(rows)
    return [half for half in (names[::2], names[1::2]) if half]


def _without(features: Features, names: list[str]) -> dict[str, Scalar]:
    gone = set(names)
    return {name: value for name, value in features.items() if name not in gone}
