"""What supervision decides, as values that the engine carries out and the audit log keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Action = Literal["suspect", "rollback", "promotion", "clear", "accept", "alert", "pin", "unpin"]
"""`suspect`: shadows come alive. `rollback`: a shadow takes over. `promotion`: a challenger does. `clear`:
the champion is no worse than the vetted shadow. `accept`: the world has changed, the reference moves.
`alert`: nothing to switch to. `pin`, `unpin`: nothing but a person changes what serves, or no longer so."""


@dataclass(frozen=True, slots=True)
class Finding:
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
