"""Which detectors look for a change, and in what."""

from typing import Literal, get_args

from pydantic import Field, field_validator

from engine.records.config import Section

Method = Literal["adwin", "page_hinkley", "kswin", "ddm", "eddm", "hddm_a", "hddm_w"]

_BY_CLASS = {name.replace("_", ""): name for name in get_args(Method)}


class DetectorConfig(Section):
    """One detector on one stream of numbers; what it finds is a line in `drifts.jsonl`."""

    method: Method = Field(description="The detector: River's of that name.")
    on: str = Field(
        pattern=r"^(loss|prediction|feature:.+)$",
        description="What it looks at: loss, prediction (the served probability, value or score) or "
        "feature:NAME. ddm, eddm, hddm_a and hddm_w look at 0/1 errors: loss only, and not in regression.",
    )
    parameters: dict[str, bool | int | float | str] = Field(
        default={}, description="Parameters of River's detector, in place of the defaults."
    )

    @field_validator("method", mode="before")
    @classmethod
    def _by_class(cls, given: object) -> object:
        """River's own names are taken too: `PageHinkley`, `river.drift.binary.HDDM_A`."""
        if not isinstance(given, str):
            return given
        return _BY_CLASS.get(given.rpartition(".")[2].lower().replace("_", ""), given)

    @property
    def name(self) -> str:
        """What it is called in `drifts.jsonl`."""
        return f"{self.method} on {self.on}"
