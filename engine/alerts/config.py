"""What an alert is, and from where on there is one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from engine.monitoring.types import Check
from engine.records.config import Section

Kind = Literal["window", "judging", "champion", "serving", "model"]
"""`window`: windows do not pass. `judging`: they cannot be judged. `champion`: it is suspected. `serving`:
another model serves. `model`: something that the engine could not do."""

State = Literal["opened", "worse", "changed", "lasting", "recovered", "done"]
"""`opened`: a problem has begun. `worse`: from warning to failing. `changed`: other checks fail too.
`lasting`: it is still there after the cool-down. `recovered`: it is over. `done`: no problem, but to know."""

Severity = Literal["info", "warn", "fail"]


class AlertsConfig(Section):
    """Which problems are told, and how often."""

    level: Literal["warn", "fail"] = Field(
        default="fail",
        description="The verdict from which on a window is told. Windows that could not be judged and "
        "changes of the model that serves are always told; a champion under suspicion counts as a warning.",
    )
    cool_down: float = Field(
        default=3600.0,
        gt=0,
        description="Seconds of event time after which a problem that lasts is told again; choose it longer "
        "than some windows. One that was over and comes back within that time is over only when it has "
        "stayed away for as long.",
    )


@dataclass(frozen=True, slots=True)
class Alert:
    """One message: a problem has begun, changed, lasts or is over, or another model serves.

    Attributes:
        id: Made of the model key and the number of the window or decision: a replay gives it again.
        key: The model key.
        kind: What kind of problem it is; a key has at most one of each kind at a time.
        state: What has become of it.
        severity: How bad it is now; `info` when it is over.
        time: Event time that it is told for, seconds since 1970: the window's end, or the decision's.
        since: Event time at which the problem began.
        window: The window that it is about.
        windows: Windows that the problem has lasted for until now.
        model: Who serves.
        what: What has happened, in one line.
        columns: The columns that it is about.
        checks: The checks of the window that did not pass, the worst first.
        evidence: Further numbers: the window's losses, or what a decision rests on.
        done: What the engine has done about it, a sentence each.
    """

    id: str
    key: str
    kind: Kind
    state: State
    severity: Severity
    time: float
    since: float
    window: int
    windows: int
    model: str
    what: str
    columns: tuple[str, ...]
    checks: tuple[Check, ...]
    evidence: Mapping[str, float]
    done: tuple[str, ...]
