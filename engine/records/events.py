"""What the engine says of single records: predictions, dead letters, outcomes, and the counts of all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.records.values import Example, Target

Output = Mapping[Target, float] | float
"""What a model puts out: class probabilities, or a value in regression."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was served for an example, before its label was known to any model.

    Attributes:
        id: The example's id.
        time: The example's event time, seconds since 1970.
        prediction: A class or a value; `None` when the model has not learned enough to say.
        probability: Binary: of the positive class. Multiclass: of each class. Regression: `None`.
        model: The serving model's name: `m0` from the start, `m1` after the first change, and so on.
        sequence: Counts this key's predictions from 0: with the key, a deterministic event id.
        key: The model key.
    """

    id: str
    time: float
    prediction: Target | None
    probability: float | Mapping[Target, float] | None
    model: str
    sequence: int
    key: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that was turned away, with the reason; it has trained nothing.

    Attributes:
        kind: `rejected`: unreadable, or against the contract. `unmatched`: a label for which no
            prediction waits (never seen, already labelled, or expired).
        reason: What was expected and what came.
        source: Where the record came from.
        position: Its offset there, -1 when unknown.
        raw: Its bytes as they came.
        key: The model key whose engine turned it away.
    """

    kind: Literal["rejected", "unmatched"]
    reason: str
    source: str
    position: int
    raw: bytes
    key: str


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing wrong with a record that was let through all the same; a record can have several.

    Attributes:
        id: The example's id.
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """A prediction whose fate is known: its label came, or it waited too long.

    Attributes:
        order: Counts this key's outcomes from 0.
        sequence: The prediction's sequence number.
        example: The example, features as they were at prediction time.
        output: What the model put out; `None` when it had not learned yet.
        model: Who served it.
        label: The truth; `None` when it expired without one.
        loss: Of the served output on the label; `None` without a label or an output.
        time: Event time of the label, or of the record that made it expire.
    """

    order: int
    sequence: int
    example: Example
    output: Output | None
    model: str
    label: Target | None
    loss: float | None
    time: float


@dataclass(slots=True)
class Counts:
    """Where every record went.

    Two sums always hold:

    records = rejected + predicted + matched + unmatched
    predicted = inline + matched + expired + waiting

    Attributes:
        records: Everything that came in.
        rejected: Unreadable, or against the contract.
        predicted: Examples that got a prediction.
        inline: Of those, the ones that came with their label.
        matched: Labels that found the prediction they belong to.
        unmatched: Labels that found none.
        expired: Predictions that waited too long for a label.
        waiting: Predictions that wait now.
        not_ready: Predictions served as `None`, before the model could say anything; not scored.
        learned: Labelled examples that the champion has trained on.
        not_learned: Labelled examples on which the champion's `learn_one` raised.
        warned: Of the predicted, those that went on although something was wrong with them.
    """

    records: int = 0
    rejected: int = 0
    predicted: int = 0
    inline: int = 0
    matched: int = 0
    unmatched: int = 0
    expired: int = 0
    waiting: int = 0
    not_ready: int = 0
    learned: int = 0
    not_learned: int = 0
    warned: int = 0

    def add_up(self) -> bool:
        """Whether nothing was lost: both sums, and every label that was found was learned or failed."""
        return (
            self.records == self.rejected + self.predicted + self.matched + self.unmatched
            and self.predicted == self.inline + self.matched + self.expired + self.waiting
            and self.learned + self.not_learned == self.inline + self.matched
        )
