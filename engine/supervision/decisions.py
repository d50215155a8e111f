"""What supervision or a person decides, as values that the engine carries out and the audit log keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Action = Literal[
    "suspect",
    "lead",
    "rollback",
    "mask",
    "unmask",
    "reset",
    "promotion",
    "clear",
    "accept",
    "hold",
    "release",
    "alert",
    "pin",
    "unpin",
    "save",
]
"""`suspect`: shadows come alive, and serve together with the champion. `lead`: another of them has most of
the weight now. `rollback`: a vetted one takes over. `mask`: one that does
without the broken columns does, until they pass again (`unmask`). `reset`: one that has learned only since
the suspicion began does. `promotion`: a challenger does. `clear`: the champion is no worse than the best
shadow.
`accept`: the world has changed, the reference moves. `hold`: the labels fail, so nothing is learned, and the
last vetted checkpoint serves, until they pass again (`release`). `alert`: for people. `pin`, `unpin`: nothing
but a person changes what serves, or no longer so. `save`: what serves is kept as it is."""

CHANGES: frozenset[Action] = frozenset({"rollback", "mask", "reset"})
"""What a shadow that has proved better brings about."""

SERVING = CHANGES | {"promotion", "hold"}
"""What can put another model in charge."""


@dataclass(frozen=True, slots=True)
class ProposedDecision:
    """A decision before it is carried out.

    Attributes:
        action: What to do.
        reason: Why, in one line for a person.
        shadow: The shadow or challenger that it is about; "" when it is about none.
        evidence: The numbers behind it.
    """

    action: Action
    reason: str
    shadow: str
    evidence: Mapping[str, float]


def loss_text(loss: float) -> str:
    """A loss as reasons show it.

    >>> loss_text(0.17041), loss_text(857.4), loss_text(7.1e197)
    ('0.1704', '857.4000', '7.1e+197')
    """
    return f"{loss:.4f}" if abs(loss) < 1e9 else f"{loss:.4g}"


Order = Literal["rollback", "promote", "suspect", "pin", "unpin", "save"]
ORDERS: tuple[str, ...] = get_args(Order)


@dataclass(frozen=True, slots=True)
class Command:
    """What a person wants done.

    Attributes:
        id: Unique: given twice, it is carried out once.
        order: `rollback` to a vetted checkpoint or a replaced model, `promote` a challenger, `suspect` what
            serves, so that it is compared with others, `pin` what serves, so that nothing but a command
            changes it, `unpin` it again, `save` what serves as it is.
        target: The checkpoint or challenger; of a rollback "" stands for the newest vetted one.
        who: Who wants it.
        why: Why.
    """

    id: str
    order: Order
    target: str
    who: str
    why: str
