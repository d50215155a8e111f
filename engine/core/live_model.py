"""A live model, and a checkpoint: the model as it was at one moment, as bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from engine.errors import is_fault
from engine.models.auto import raised
from engine.models.operations import TaskOps
from engine.models.running import RunningModel
from engine.models.serialization import dump, load
from engine.records.events import Outcome, Output
from engine.records.values import Features, visible
from engine.registry.versions import Learned

MODEL = "model"
"""The kind under which models are saved."""


class Moment(Struct, frozen=True):
    """A place in the stream.

    Attributes:
        time: Event time, seconds since 1970.
        window: The open window.
        records: Records received.
        predicted: Predictions made: the sequence number of the next one.
        outcomes: Outcomes known: the order of the next one.
        learned: Labelled events learned.
        positions: Offset of the last accepted record, by source.
    """

    time: float
    window: int
    records: int
    predicted: int
    outcomes: int
    learned: int
    positions: Mapping[str, int]


class Checkpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """A model as it was.

    Attributes:
        name: Such as `m0.w12`.
        window: The window at whose end it was taken, or in which a model was replaced.
        sequence: Predictions made by then; only later ones can be compared fairly.
        outcomes: Outcomes known by then; it has learned none after these.
        records: Records received by then.
        positions: Offset of the last accepted record, by source.
        learned: What it has learned from.
        scores: Progressive scores of the served predictions by then.
        parent: The checkpoint that its model came from.
        saved: The model, as `engine.models.serialization` writes it.
        masked: Features hidden from it.
    """

    name: str
    window: int
    sequence: int
    outcomes: int
    records: int
    positions: Mapping[str, int]
    learned: Learned
    scores: Mapping[str, float]
    parent: str
    saved: bytes
    masked: frozenset[str] = frozenset()


class LiveModelState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps of a live model."""

    name: str
    parent: str
    masked: frozenset[str]
    learned: Learned
    saved: bytes


@dataclass(slots=True)
class LiveModel:
    """A model that predicts and learns: the champion, a shadow or a challenger.

    Attributes:
        name: The champion is `m` and the number of changes before it; others have names of their own.
        running: The model, and what the task does with it.
        parent: The checkpoint that it came from; "" when it began untrained.
        masked: Features hidden from it.
        learned: What it has learned from.
    """

    name: str
    running: RunningModel
    parent: str = ""
    masked: frozenset[str] = frozenset()
    learned: Learned = field(default_factory=Learned)

    @property
    def model(self) -> Any:
        """The River model, up to date."""
        return self.running.model

    @model.setter
    def model(self, model: Any) -> None:
        self.running = RunningModel(model, self.running.ops)

    def predict(self, features: Features) -> Output | None:
        """The model's output; it may raise anything."""
        masked = self.masked
        return self.running.predict(visible(features, masked) if masked else features)

    def try_predict(self, features: Features) -> Output | None:
        """The model's output; `None` when it raises: such a model cannot win, and stops nothing."""
        try:
            return self.predict(features)
        except BaseException as error:
            if not is_fault(error):
                raise
            return None

    @property
    def is_new(self) -> bool:
        """Whether it has not learned anything: that it says nothing then is no fault of it."""
        return not self.learned.events

    def learn(self, outcome: Outcome, hidden: frozenset[str] = frozenset()) -> str | None:
        """Trains the model on one outcome; returns what it raised, if anything, and raises nothing.

        Args:
            outcome: What it learns.
            hidden: Features that it does not see this time, beside those that are masked.
        """
        features, masked = outcome.example.features, self.masked | hidden if hidden else self.masked
        try:
            self.running.learn(visible(features, masked) if masked else features, outcome.label)
        except BaseException as error:  # a model may raise anything, and the stream goes on
            if not is_fault(error):
                raise
            return raised(error, features)
        self.learned.add(outcome.example.time)
        return None

    def checkpoint(self, name: str, at: Moment, scores: Mapping[str, float], parent: str) -> Checkpoint:
        """The model as it is now, as a value.

        Raises:
            SnapshotError: When the model cannot be saved.
        """
        return Checkpoint(
            name,
            at.window,
            at.predicted,
            at.outcomes,
            at.records,
            at.positions,
            self.learned.copy(),
            scores,
            parent,
            dump(self.model, MODEL),
            self.masked,
        )

    def state(self) -> LiveModelState:
        """What a snapshot keeps."""
        return LiveModelState(self.name, self.parent, self.masked, self.learned, dump(self.model, MODEL))


def revived(checkpoint: Checkpoint, ops: TaskOps, allow: tuple[str, ...]) -> LiveModel:
    """The live model of a checkpoint."""
    model = load(checkpoint.saved, MODEL, allow, verb="learn_one")
    running = RunningModel(model, ops)
    return LiveModel(checkpoint.name, running, checkpoint.name, checkpoint.masked, checkpoint.learned.copy())


def restored(state: LiveModelState, ops: TaskOps, allow: tuple[str, ...]) -> LiveModel:
    """The live model of a snapshot."""
    model = load(state.saved, MODEL, allow, verb="learn_one")
    return LiveModel(state.name, RunningModel(model, ops), state.parent, state.masked, state.learned)
