"""The window's business metrics as metrics of Evidently, so that its dashboards show them."""

import functools
from collections.abc import Mapping
from typing import Any

from engine.monitoring.evidently.library import library


@functools.cache
def _metric() -> Any:
    """The class, made when Evidently is there.

    The value is no field of it: each value would be a metric, and a series, of its own.
    """
    types = library().types

    class BusinessMetric(types.SingleValueMetric):  # type: ignore[name-defined, misc]
        """A business metric of the project: its sum or mean over a window."""

        name: str

    class BusinessCalculation(types.SingleValueCalculation[BusinessMetric]):  # type: ignore[name-defined, misc]
        """Takes its value as it is given."""

        def calculate(self, context: Any, current_data: Any, reference_data: Any) -> Any:
            """Never asked for: the value is known before the report."""
            raise NotImplementedError

        def display_name(self) -> str:
            """As the page names it."""
            return f"Business metric {self.metric.name}"

    return BusinessMetric


def business_results(business: Mapping[str, float]) -> dict[str, Any]:
    """One result per business metric, by the metric's id."""
    results = {}
    for name, value in business.items():
        metric = _metric()(name=name)
        results[metric.metric_id] = metric.to_calculation().result(value)
    return results
