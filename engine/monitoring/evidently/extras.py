"""The user's own metrics, presets and tests: run by Evidently itself, beside ours."""

import functools
import importlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from engine.errors import ConfigError
from engine.monitoring.columns import Screened
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently.frames import dataset, quality_dataset
from engine.monitoring.evidently.library import library, quiet
from engine.monitoring.evidently.snapshots import Part, run
from engine.monitoring.extra import Extra, read_extra
from engine.monitoring.types import Check, EvaluationJob
from engine.tasks.base import Quality
from engine.windows import Status

_MOST_SHOWN = 120
"""Characters of a test's own words."""


@dataclass(slots=True)
class Extras:
    """What the user's own metrics have shown.

    Attributes:
        parts: Evidently's results and figures.
        checks: Their tests.
        metrics: Their values, by name.
        failed: In words, which could not be computed; empty when all were.
    """

    parts: list[Part] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    failed: str = ""


def check_extras(config: MonitoringConfig) -> None:
    """Builds what `monitoring.extra` names, which imports Evidently.

    Raises:
        ConfigError: When something of it cannot be built.
    """
    with quiet():
        _build(_spelled(config))


def extra_part(
    job: EvaluationJob, screened: Screened, quality: Sequence[Quality], config: MonitoringConfig
) -> Extras:
    """Runs each of the user's metrics on its own, so that one that fails does not take the others along."""
    found = Extras()
    if not config.extra:
        return found
    failed: list[str] = []
    try:
        entries = _build(_spelled(config))
    except ConfigError as error:
        found.failed = str(error)
        return found
    data = _Data(job, screened, quality)
    for where, metric in entries:
        try:
            for current, reference in data.fitting(metric):
                _take(found, run([metric], current, reference, job))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - the user's code; and not all of Evidently's are Exceptions
            failed.append(
                f"{where} ({type(metric).__name__}): {type(error).__name__}: {error}".splitlines()[0][:200]
            )
    found.failed = "; ".join(failed)
    return found


class _Data:
    """The rows that a metric is about: all of them, or the labelled ones with what was served."""

    def __init__(self, job: EvaluationJob, screened: Screened, quality: Sequence[Quality]) -> None:
        self._job = job
        self._screened = screened
        self._quality = quality

    @functools.cached_property
    def _all(self) -> tuple[Any, Any]:
        reference = self._job.reference
        both = reference is not None and reference.rows
        columns = self._screened.columns
        return dataset(columns, "current"), dataset(columns, "reference") if both else None

    def fitting(self, metric: Any) -> list[tuple[Any, Any]]:
        """The data sets to run it on; none when nothing is labelled and it scores predictions."""
        module = type(metric).__module__
        if module.endswith((".classification", ".regression")) and module.startswith("evidently."):
            # With probabilities only some of Evidently's scores are of what was served: labels come first.
            return [(quality_dataset(one), None) for one in self._quality[:1]]
        return [self._all]


def _spelled(config: MonitoringConfig) -> str:
    return json.dumps(config.extra, sort_keys=True, default=str)


@functools.lru_cache(maxsize=16)
def _build(spelled: str) -> list[tuple[str, Any]]:
    """Evidently's own metrics and presets, each with the place that named it."""
    built: list[tuple[str, Any]] = []
    for number, entry in enumerate(json.loads(spelled)):
        extra = read_extra(entry, f"monitoring.extra[{number}]")
        made = _own(extra) if ":" in extra.type else [_named(extra)]
        built.extend((extra.where, metric) for metric in made)
    return built


def _own(extra: Extra) -> list[Any]:
    module, _, function = extra.type.partition(":")
    try:
        made = getattr(importlib.import_module(module), function)(**extra.arguments)
    except Exception as error:  # the user's code may raise anything
        raise ConfigError(
            f"{extra.where}: {extra.type} could not be called: {type(error).__name__}: {error}. The module "
            "must lie beside the configuration file or be installed."
        ) from error
    made = list(made) if isinstance(made, list | tuple) else [made]
    kinds = library().types.Metric, library().containers.MetricContainer
    for metric in made:
        if not isinstance(metric, kinds):
            raise ConfigError(
                f"{extra.where}: {extra.type} is to return Evidently's metrics or presets, "
                f"got {type(metric).__name__}"
            )
    return made


def _named(extra: Extra) -> Any:
    kinds = {**_public(library().metrics), **_public(library().presets)}
    kind = kinds.get(extra.type)
    if kind is None:
        close = get_close_matches(extra.type, kinds, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ConfigError(f"{extra.where}: Evidently has no metric or preset {extra.type!r}{hint}")
    tests = _tests(extra)
    fields = getattr(kind, "__fields__", {})
    unknown = [name for name in (*extra.arguments, *tests) if name not in fields]
    if unknown:
        raise ConfigError(
            f"{extra.where}: {extra.type} takes no {unknown[0]!r}; it takes {', '.join(fields)}"
        )
    try:
        return kind(**extra.arguments, **tests)
    except Exception as error:  # pydantic's of any version, or the metric's own
        told = " ".join(str(error).split())
        raise ConfigError(f"{extra.where}: {extra.type} cannot be built: {told}") from error


def _public(module: Any) -> dict[str, Any]:
    return {name: found for name, found in vars(module).items() if isinstance(found, type)}


def _tests(extra: Extra) -> dict[str, list[Any]]:
    """`must` and `should` as the arguments that Evidently's metrics take tests by."""
    found: dict[str, list[Any]] = {}
    for tests, critical in ((extra.must, True), (extra.should, False)):
        for name, limit in tests.items():
            slot, _, test = name.rpartition("_") if name.startswith("share_") else ("", "", name)
            made = getattr(library().tests, test)(limit, is_critical=critical)
            found.setdefault(f"{slot}_tests" if slot else "tests", []).append(made)
    return found


def _take(found: Extras, part: Part) -> None:
    statuses = library().status
    known: Mapping[Any, Status] = {statuses.SUCCESS: "pass", statuses.FAIL: "fail"}
    for result in part.results.values():
        name = result.explicit_metric_id()
        for inner, value in _values(result):
            if math.isfinite(value):
                found.metrics[f"extra.{name}{inner}"] = value
        for test in result.tests:
            words = test.description[:_MOST_SHOWN]
            found.checks.append(Check("extra", words, None, None, known.get(test.status, "warn")))
    found.parts.append(part)


def _values(result: Any) -> list[tuple[str, float]]:
    """The numbers of a result, with what tells them apart; tables have none."""
    simple = result.to_simple_dict()
    if isinstance(simple, bool | int | float):
        return [("", float(simple))]
    if not isinstance(simple, dict) or isinstance(result, library().types.DataframeValue):
        return []
    return [
        (f".{inner}", float(value))
        for inner, value in simple.items()
        if isinstance(value, bool | int | float)
    ]
