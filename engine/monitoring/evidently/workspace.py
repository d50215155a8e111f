"""What goes into a workspace of `evidently ui`: reports without their figures, and a dashboard of panels.

The layout is that of Evidently 0.7's local workspace: `<project>/metadata.json`, `<project>/dashboard.json`
and `<project>/snapshots/<id>.json`. Its UI reads every report into memory, figures and all, hence without.
"""

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from engine.monitoring.evidently.library import library

_PREFIX = "evidently:metric_v2:"
_SERIES = ("evidently:metric_result_v2:SingleValue", "evidently:metric_result_v2:CountValue")
"""Results that a line can be drawn of; the others (values by label, tables) are the bulk of a full report."""

_SHARES = {"value_type": "share"}
_MEANS = {"value_type": "mean"}

_PANELS: tuple[tuple[str, tuple[tuple[str, dict[str, str], str], ...]], ...] = (
    ("Drift from the reference, by column", (("ValueDrift", {}, "{{column}}"),)),
    ("Missing values, share by column", (("MissingValueCount", _SHARES, "{{column}}"),)),
    (
        "Quality of what was served, on labelled rows",
        tuple((name, {}, name) for name in ("Accuracy", "F1Score", "Precision", "Recall", "RocAuc")),
    ),
    ("Log loss", (("LogLoss", {}, "log loss"),)),
    ("Errors of what was served", (("MAE", _MEANS, "MAE"), ("RMSE", {}, "RMSE"))),
    ("Share of the variance explained", (("R2Score", {}, "R²"),)),
    ("Business metrics, sum of the window", (("BusinessMetric", {}, "{{name}}"),)),
    ("Rows that were judged", (("RowCount", {}, "rows"),)),
)
"""Title, and for each series its metric, which of its values, and its name."""


def project_id(name: str) -> str:
    """The id of a project, the same whenever it is made."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"riverkeeper/{name}"))


def report_id(project: str, window: int) -> str:
    """The id of a window's report in a project."""
    return str(uuid.uuid5(uuid.UUID(project), str(window)))


def project_files(name: str, about: str, kinds: Iterable[str]) -> dict[str, bytes]:
    """A project: its description, and a dashboard with a panel for each kind of metric that there is.

    Args:
        name: The project's name.
        about: Its description.
        kinds: The metrics of its reports, by the names of their classes.
    """
    found = set(kinds)
    sdk = library().sdk
    panels = []
    for title, series in _PANELS:
        values = [
            sdk.models.PanelMetric(metric=metric, metric_labels=labels, legend=legend)
            for metric, labels, legend in series
            if metric in found
        ]
        if values:
            panels.append(sdk.panels.line_plot_panel(title=title, values=values))
    # Evidently's ids of panels are drawn from the clock.
    for number, panel in enumerate(panels):
        panel.id = uuid.uuid5(uuid.UUID(project_id(name)), f"panel {number}")
    tab = sdk.models.DashboardTabModel(
        id=uuid.uuid5(uuid.UUID(project_id(name)), "tab"),
        title="Windows",
        panels=[panel.id for panel in panels],
    )
    dashboard = sdk.models.DashboardModel(tabs=[tab], panels=panels)
    project = sdk.models.ProjectModel(id=project_id(name), name=name, description=about)
    return {
        "metadata.json": _written(project.dict()),
        "dashboard.json": _written(dashboard.dict()),
    }


def stripped(report: bytes, end: float, status: str, hint: str) -> tuple[bytes, set[str]]:
    """A report for the workspace, and the kinds of metrics in it.

    Args:
        report: The snapshot of a verdict.
        end: Event time at which its window ended, seconds since 1970; where there is none the report keeps
            its own time, which counts windows.
        status: The verdict: a tag, to look for.
        hint: Where its figures are to be had; the page of the report says it.
    """
    content: dict[str, Any] = json.loads(report)
    results = {
        name: {part: value for part, value in result.items() if part != "widget"}
        for name, result in content["metric_results"].items()
        if result["type"] in _SERIES
    }
    content["metric_results"] = results
    content["top_level_metrics"] = [name for name in content["top_level_metrics"] if name in results]
    content["widgets"] = [
        {**widget, "title": f"{widget['title']} — figures: {hint}"} for widget in content["widgets"][:1]
    ]
    content["tags"] = [status]
    content["metadata"] = {name: str(value) for name, value in content["metadata"].items()}
    content["timestamp"] = _moment(end) or content["timestamp"]
    kinds = {
        result["metric_value_location"]["metric"]["params"]["type"].rpartition(":")[2]
        for result in results.values()
    }
    return _written(content), kinds


def _moment(time: float) -> str | None:
    if time == 0.0:
        return None
    try:
        return datetime.fromtimestamp(time, UTC).replace(tzinfo=None).isoformat()
    except (OverflowError, ValueError, OSError):
        return None


def _written(content: Any) -> bytes:
    return json.dumps(content, default=str, separators=(",", ":")).encode()
