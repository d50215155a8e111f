"""Labelled rows of a window, and the scores that are defined on them.

Evidently scores rows as they are: a missing label, a single class or a sum of inverse labels that is zero
raises or returns no number. The task chooses the rows and scores that Evidently can compute.
"""

from engine.monitoring.types import Table
from engine.tasks.base import Quality
from engine.tasks.registry import find_task


def labelled_rows(table: Table) -> int:
    """The number of rows with a label."""
    labels = table.columns.get("label", ())
    return len(labels) - labels.count(None)


def find_quality(table: Table, task: str) -> list[Quality]:
    """The scores of a window; none if no row has both a label and a prediction that fit the task."""
    columns = table.columns
    return find_task(task).quality(
        columns.get("label", ()), columns.get("prediction", ()), columns.get("probability", ())
    )
