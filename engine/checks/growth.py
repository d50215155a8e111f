"""Does a model keep growing? Its size is measured while it learns a long stream made from the sample.

The size is that of the saved bytes (`engine.models.serialization.dump`), which are held, written and read at
every checkpoint. Each step of a pipeline is measured by itself, so that a large step hides no small one. A
step keeps growing if, at `HALF`, at `EVENTS`, and at every `EVERY` events between, it is at least one byte
per event larger than before, and if it grows more from `HALF` to `EVENTS` than 1.6 times what it grew from
`HALF / 2` to `HALF`: a factor of 2 is steady growth, 1.4 is that of the root of the number of events, 1 that
of its logarithm.

An object that states a `max_size`, as River's Hoeffding trees do, holds itself to it and is left out.
Growth that ends, or slows, only after `EVENTS` (a window of 10,000 events) looks the same as growth
that does not end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.checks.sizes import attributes_of, size_of, steps_of
from engine.checks.stream import Lengthened, lengthen, makers, narrowed
from engine.checks.trial import BrokenLaw, Trial, listed
from engine.errors import SnapshotError
from engine.models.serialization import dump

EVENTS = 4096
"""Events that a model learns at most while it is measured; once nothing grows, it learns no more."""

HALF = EVENTS // 2
EVERY = EVENTS // 16

_MEASURED = {HALF // 2, *range(HALF, EVENTS + 1, EVERY)}

_ASKED = 8
"""One in so many events is predicted too: what a model keeps of each prediction grows as well."""

_MOST_FEATURES = 400
"""Features of wide rows that are kept: with thousands of them every event takes milliseconds."""

_STEADY = 1.6

SAVED = "it can be saved however long it has learned"
BOUNDED = "its size is bounded"


@dataclass(frozen=True, slots=True)
class Growth:
    """What was measured.

    Attributes:
        sizes: Bytes of the saved model, by events learned.
        steps: The steps that keep growing, each with its bytes an event, the fastest first. `step.name` where
            most of it is in one attribute.
        made_up: Features with ever new values, which were made up.
        unsaved: Why the model could no longer be saved; "" if it could.
    """

    sizes: Mapping[int, int]
    steps: Mapping[str, float]
    made_up: tuple[str, ...]
    unsaved: str = ""


def check_growth(trial: Trial) -> list[BrokenLaw]:
    """A breach where it can no longer be saved, and a warning where it keeps growing."""
    try:
        growth = measure(trial)
    except SnapshotError:
        return []  # It cannot be saved at all, and the law on saved models says so.
    if growth.unsaved:
        return [BrokenLaw(SAVED, growth.unsaved)]
    return [BrokenLaw(BOUNDED, _described(growth), "warning")] if growth.steps else []


def measure(trial: Trial) -> Growth:
    """Trains a fresh model on the long stream, and measures it."""
    sample = narrowed(trial.sample, _MOST_FEATURES)
    ever_new = makers(sample)
    made_up = tuple(sorted({name for name, _ in ever_new}))
    model = trial.make()
    dump(model, "model")
    sizes: dict[int, int] = {}
    watch = _Watch()
    number = 0
    try:
        for number, event in enumerate(lengthen(sample, ever_new, trial.contract), 1):
            _learn(trial, model, event, asked=number % _ASKED == 0)
            if number in _MEASURED:
                goes_on = watch.goes_on(number, model)
                if number <= HALF or not goes_on:
                    sizes[number] = len(dump(model, "model"))
                if not goes_on:
                    break
    except SnapshotError as error:
        return Growth(sizes, {}, made_up, f"after {number:,} events: {error}")
    return Growth(sizes, watch.growing(model), made_up)


def _learn(trial: Trial, model: Any, event: Lengthened, *, asked: bool) -> None:
    """Learns one event. A made-up value may be one that the model cannot take: then the original."""
    for features in (event.features, event.original):
        try:
            if asked:
                trial.ops.predict(model, features)
            trial.ops.learn(model, features, event.label)
        except Exception:  # noqa: BLE001, S112 - other laws tell what it raises
            continue
        break


class _Watch:
    """The steps of a model that have grown whenever they were measured."""

    def __init__(self) -> None:
        self._sizes: dict[str, dict[int, int]] = {}
        self._halfway: dict[str, dict[str, int]] = {}

    def goes_on(self, number: int, model: Any) -> bool:
        """Measures the steps that have always grown; says whether any has now, and there is more to come."""
        steps = steps_of(model)
        if not self._sizes:
            self._sizes = {name: {number: size_of(step)} for name, step in steps.items()}
            return True
        for name, sizes in list(self._sizes.items()):
            last = max(sizes)
            sizes[number] = size_of(steps[name])
            if sizes[number] - sizes[last] < number - last:
                del self._sizes[name]
        if number == HALF:
            self._halfway = {name: attributes_of(steps[name]) for name in self._sizes}
        return bool(self._sizes) and number < EVENTS

    def growing(self, model: Any) -> dict[str, float]:
        """The steps that have not slowed down, with their bytes an event, the fastest first."""
        found = {}
        for name, sizes in self._sizes.items():
            late, early = sizes[EVENTS] - sizes[HALF], sizes[HALF] - sizes[HALF // 2]
            if late > _STEADY * early:
                now = attributes_of(steps_of(model)[name])
                grown = {part: now[part] - size for part, size in self._halfway[name].items() if part in now}
                most = max(grown, key=grown.__getitem__, default="")
                where = f"{name}.{most}" if most and grown[most] > late / 2 else name
                found[where] = late / (EVENTS - HALF)
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def _described(growth: Growth) -> str:
    steps = ", ".join(f"{name} grows by {rate:,.0f} bytes an event" for name, rate in growth.steps.items())
    first, last = growth.sizes[HALF], growth.sizes[EVENTS]
    text = (
        f"{steps} and does not slow down; the saved model has {first:,} bytes after {HALF:,} events, "
        f"{last:,} after {EVENTS:,}"
    )
    made_up = f". Ever new values, as in the sample, were made up for {listed(growth.made_up)}"
    return text + made_up if growth.made_up else text
