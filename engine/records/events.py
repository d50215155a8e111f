"""What the engine says of single records: predictions, dead letters, outcomes, and the counts of all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from engine.records.values import Example, Target


class AnomalyScore(Struct, frozen=True, gc=False, array_like=True):
    """The output of an anomaly detector; encoded as an array, so that it differs from class probabilities.

    Attributes:
        score: The higher, the more unusual; its range is the detector's own.
        anomalous: Whether the detector's threshold calls it an anomaly; `None` when it has none.
    """

    score: float
    anomalous: bool | None


Output = Mapping[Target, float | int] | float | AnomalyScore
"""What a model puts out: class probabilities, a value in regression, or an anomaly score."""


class Prediction(Struct, frozen=True, gc=False):
    """What was served for an example, before its label was known to any model.

    Attributes:
        id: The example's id.
        time: The example's event time, seconds since 1970.
        prediction: A class or a value; in anomaly detection whether it is one. `None` when the model has
            not learned enough to say, or has no threshold to say it by.
        probability: Binary: of the positive class. Multiclass: of each class. Else `None`.
        model: The serving model's name: `m0` from the start, `m1` after the first change, and so on.
        sequence: Counts this key's predictions from 0: with the key, a deterministic event id.
        key: The model key.
        score: Anomaly detection: the higher, the more unusual. Else `None`.
        leader: While several models serve together: the one with the largest weight. Else absent.
        share: Its weight, of 1. Else absent.
    """

    id: str
    time: float
    prediction: Target | None
    probability: float | Mapping[Target, float] | None
    model: str
    sequence: int
    key: str
    score: float | None = None
    leader: str | UnsetType = UNSET
    share: float | UnsetType = UNSET


class PredictionLines(Struct, frozen=True):
    """Predictions as their lines, where nobody needs them one by one.

    Attributes:
        text: The lines, each with its newline.
        count: How many there are.
    """

    text: bytes
    count: int


class DeadLetter(Struct, frozen=True, gc=False):
    """A record that was turned away, with the reason; it has trained nothing.

    Attributes:
        kind: `rejected`: unreadable, or against the contract. `unmatched`: a label that found no
            prediction it could be for (none came in time, or it has had its outcome).
        reason: What was expected and what came.
        source: Where the record came from.
        position: Its offset there, -1 when unknown.
        raw: Its bytes as they came.
        key: The model key whose engine turned it away.
        message_key: The key of the Kafka message that it was, if any.
        message_headers: Its headers, by name, in order.
    """

    kind: Literal["rejected", "unmatched"]
    reason: str
    source: str
    position: int
    raw: bytes
    key: str
    message_key: bytes | None = None
    message_headers: tuple[tuple[str, bytes | None], ...] = ()


class ReasonCount(Struct, forbid_unknown_fields=True):
    """Records that were turned away for one reason, with the first of them as an example.

    Attributes:
        kind: `rejected` or `unmatched`, as of a dead letter.
        reason: The reason without what differs from record to record.
        records: How many there were.
        source: Where the first came from.
        position: Its offset there, -1 when unknown.
        example: The reason in full, of the first.
    """

    kind: str
    reason: str
    records: int
    source: str
    position: int
    example: str


@dataclass(frozen=True, slots=True)
class ContractViolation:
    """One thing wrong with a record that was let through all the same; a record can have several.

    Attributes:
        id: The record's id.
        policy: `warn`: a value of the field's type was kept, any other became missing. `impute`: the value
            became missing.
        reason: What was expected and what came.
        source: Where the record came from.
        position: Its offset there, -1 when unknown.
        key: The model key whose engine let it through.
    """

    id: str
    policy: Literal["warn", "impute"]
    reason: str
    source: str
    position: int
    key: str


class Strange(Struct, frozen=True):
    """What is strange about an example, beside all that windows which passed have shown.

    Attributes:
        hidden: The columns that a guarded model does not see.
        learned: Whether it learns the example all the same, without them.
    """

    hidden: frozenset[str]
    learned: bool


class Outcome(Struct, frozen=True, gc=False):
    """A prediction whose fate is known: its label came, or it waited too long.

    An anomaly detector learns an example at once, so there every prediction is an outcome without a label
    first; a label that comes later makes a second one.

    Attributes:
        order: Counts this key's outcomes from 0.
        sequence: The prediction's sequence number.
        example: The example, features as they were at prediction time.
        output: What the model put out; `None` when it had not learned yet.
        model: Who served it.
        label: The truth, or what an expired prediction is taken for; `None` when there is neither.
        loss: Of the served output on the label; `None` without a label or an output.
        time: Event time of the label, or of the stream when it expired.
        correction: Whether the prediction has had an outcome before.
        known: Predictions made by the time it was known: those from this number on could use it.
        strange: What the input guard found in the example, if anything.
        together: Whether several models served it together.
    """

    order: int
    sequence: int
    example: Example
    output: Output | None
    model: str
    label: Target | None
    loss: float | None
    time: float
    correction: bool = False
    known: int = 0
    strange: Strange | None = None
    together: bool = False


class Counts(Struct):
    """Where every record went.

    Three sums always hold:

    records = rejected + predicted + matched + corrected + unmatched + early
    predicted = inline + matched + expired + unlabelled + waiting
    learned + not_learned = inline + matched + presumed + corrected, or at_once where that is not 0

    Attributes:
        records: Everything that came in.
        rejected: Unreadable, or against the contract.
        predicted: Examples that got a prediction.
        inline: Of those, the ones that came with their label.
        matched: Labels that found the prediction they belong to.
        corrected: Labels, learned too, for a prediction that had had its outcome.
        unmatched: Labels turned away: their example has not come in time, or has had its outcome.
        early: Labels that wait for their example now.
        expired: Predictions that waited too long for a label.
        presumed: Of those, the ones taken to have the label that stands for none.
        unlabelled: Anomaly detection: predictions that need no label and got none, in time or at all.
        waiting: Predictions that wait now.
        not_ready: Predictions served as `None`, before the model could say anything; not scored.
        at_once: Anomaly detection: examples that trained without waiting for a label.
        learned: Examples that the champion has trained on.
        not_learned: Examples on which the champion's `learn_one` raised, or whose labels were held.
        warned: Records that went on although something was wrong with them.
    """

    records: int = 0
    rejected: int = 0
    predicted: int = 0
    inline: int = 0
    matched: int = 0
    corrected: int = 0
    unmatched: int = 0
    early: int = 0
    expired: int = 0
    presumed: int = 0
    unlabelled: int = 0
    waiting: int = 0
    not_ready: int = 0
    at_once: int = 0
    learned: int = 0
    not_learned: int = 0
    warned: int = 0

    def add_up(self) -> bool:
        """Whether nothing was lost: the three sums."""
        labels = self.matched + self.corrected + self.unmatched + self.early
        learnable = self.at_once or self.inline + self.matched + self.presumed + self.corrected
        return (
            self.records == self.rejected + self.predicted + labels
            and self.predicted == self.inline + self.matched + self.expired + self.unlabelled + self.waiting
            and self.learned + self.not_learned == learnable
        )
