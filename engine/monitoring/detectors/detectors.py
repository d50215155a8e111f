"""All detectors of an engine: features and predictions are looked at when they are served, losses later."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from engine.monitoring.detectors.config import DetectorConfig
from engine.monitoring.detectors.factory import BINARY, check_detectors
from engine.monitoring.detectors.watch import Found, WatchState, watch
from engine.records.values import Features
from engine.tasks.base import Served


@dataclass(frozen=True, slots=True)
class Drift:
    """What a detector has found at one event.

    Attributes:
        key: The model key.
        number: Counts this key's detections from 0: with the key, a deterministic event id.
        time: Event time of the example or the label at which it was found, seconds since 1970.
        sequence: The number of the prediction at which it was found.
        window: The open window by then.
        detector: The detector's name: its method and what it looks at.
        kind: `warning`: a change may have begun; `drift`: there is one, and the detector starts anew.
        values: Values that the detector saw since it was new.
        before: Mean of all of them but the last 50; `None` when there were no more.
        after: Mean of the last 50.
    """

    key: str
    number: int
    time: float
    sequence: int
    window: int
    detector: str
    kind: Literal["warning", "drift"]
    values: int
    before: float | None
    after: float


class DetectorsState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        watches: The detectors' states, by name.
        number: Detections so far.
    """

    watches: dict[str, WatchState]
    number: int = 0


class Source(Struct, frozen=True):
    """What a detector looks at.

    Attributes:
        of: `error`: whether another class than the label was served.
        feature: The name of the feature; "" otherwise.
    """

    of: Literal["feature", "prediction", "loss", "error"]
    feature: str


@dataclass(frozen=True, slots=True)
class _Look:
    name: str
    config: DetectorConfig
    feature: str


class Detectors:
    """Gives each detector its next number, or none.

    Args:
        configs: The detectors.
        task: The task.
        decides: Whether a class or a value is served, and not a score alone.

    Raises:
        ConfigError: When a detector cannot be built, or cannot look at what it is told to.

    Attributes:
        watches: The detectors, by name.
        number: Detections so far.
    """

    def __init__(self, configs: Sequence[DetectorConfig], task: str, *, decides: bool) -> None:
        check_detectors(configs, task, decides=decides)
        looks = [_Look(each.name, each, each.on.partition(":")[2]) for each in configs]
        self._on_served = [look for look in looks if look.config.on != "loss"]
        self._on_loss = [look for look in looks if look.config.on == "loss"]
        self.see_served, self.see_loss = bool(self._on_served), bool(self._on_loss)
        self.watches = {look.name: watch(look.config) for look in looks}
        self.number = 0

    def served(self, features: Features, served: Served) -> Iterator[tuple[str, Found]]:
        """What is found in an example and in what was served for it."""
        for look in self._on_served:
            value = features.get(look.feature) if look.feature else _number(served)
            if value is not None and not isinstance(value, str):
                yield from self._update(look, float(value))

    def loss(self, loss: float, wrong: Callable[[], bool]) -> Iterator[tuple[str, Found]]:
        """What is found in the loss of a prediction; `wrong` says whether it was another class."""
        for look in self._on_loss:
            yield from self._update(look, float(wrong()) if look.config.method in BINARY else loss)

    def sources(self) -> list[Source]:
        """What each looks at: whoever has this may collect values, and give them to `see` in their order."""
        features = [look.feature for look in self._on_served]
        served = [Source("feature" if feature else "prediction", feature) for feature in features]
        binary = [look.config.method in BINARY for look in self._on_loss]
        return served + [Source("error" if of_errors else "loss", "") for of_errors in binary]

    def see(self, number: int, value: float) -> Iterator[tuple[str, Found]]:
        """What is found in one more value of the source of this number."""
        yield from self._update((self._on_served + self._on_loss)[number], value)

    def _update(self, look: _Look, value: float) -> Iterator[tuple[str, Found]]:
        found = self.watches[look.name].update(value, look.config)
        if found is not None:
            yield look.name, found

    def state(self) -> DetectorsState:
        """What a snapshot keeps."""
        return DetectorsState({name: each.state() for name, each in self.watches.items()}, self.number)

    def restore(self, state: DetectorsState, allow: Iterable[str] = ()) -> None:
        """Goes on from a snapshot's state; a detector that is not in it, or with other parameters, is new.

        Raises:
            SnapshotError: When a detector of River cannot be restored.
        """
        self.number = state.number
        for name, each in self.watches.items():
            kept = state.watches.get(name)
            if kept is not None and kept.parameters == each.parameters:
                each.restore(kept, allow)


def _number(served: Served) -> float | None:
    """A served output as one number: its score, probability or value; of several classes, the surest's."""
    prediction, probability, score = served
    if score is not None:
        return score
    if isinstance(probability, Mapping):
        return float(max(probability.values()))
    if probability is not None:
        return float(probability)
    return None if prediction is None else float(prediction)
