"""Which problems are reported as alerts, and how often."""

from typing import Literal

from pydantic import Field

from engine.records.config import Section


class AlertsConfig(Section):
    """Which problems are reported, and how often."""

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
