"""From where on the counts of a window warn or fail."""

from typing import Self

from pydantic import Field, model_validator

from engine.records.config import Section


class FirstLookConfig(Section):
    """Counts of every example, compared with the reference when a window closes: a first verdict.

    A fail asks for the full report of the window; it changes nothing else. Missing values are judged by the
    limits of the report, and `monitoring.drift.ignore` holds here too.
    """

    enabled: bool = Field(default=True, description="Whether examples are counted (about 0.2 µs a feature).")
    psi_warn: float = Field(
        default=0.1,
        gt=0,
        description="Population stability index of a feature or prediction that warns. It is widened where "
        "chance alone reaches it about once in 100,000 columns.",
    )
    psi_fail: float = Field(default=0.25, gt=0, description="The same, that fails.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.psi_warn > self.psi_fail:
            raise ValueError(f"psi_warn ({self.psi_warn}) is above psi_fail ({self.psi_fail})")
        return self
