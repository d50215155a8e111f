"""What an engine's configuration means to the native lane, and why an engine may have none."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from engine.config import EngineConfig
from engine.contract.check import Accepted, Contract
from engine.core.components import Components
from engine.core.waiting import PendingPrediction, ResolvedPrediction
from engine.evaluation.metric_counts import Cells
from engine.models.native.compiled import crate_version
from engine.monitoring.detectors.detectors import Source
from engine.records.events import Outcome, Strange
from engine.records.times import TimeReader, time_reader
from engine.records.values import Example
from engine.supervision.supervisor import Supervisor
from engine.supervision.triggers.loss_drift import LossDrifts
from engine.tasks.binary import BINARY
from engine.tasks.multiclass import MULTICLASS
from engine.tasks.registry import find_task
from engine.tasks.regression import REGRESSION

_TASKS = (BINARY.name, MULTICLASS.name, REGRESSION.name)
_DIVISORS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


class RecordPlan(Struct, frozen=True):
    """The fields of a record.

    Attributes:
        id: The field of the id; so are `time`, `label` and `key`.
        time: See `id`.
        label: See `id`.
        kind: The field that says what a record is, and what it holds in an example and in a label.
        key: See `id`.
        dropped: Fields that are no features.
        accepted: What the contract lets pass in each field that it names.
        extra: What it lets pass in others; `None` when they are ignored.
        divisor: Units of event time in a second; `None` when its size tells.
        has_format: Whether event times have a format.
        read_time: Reads those that are written in a way of their own.
    """

    id: str | None
    time: str | None
    label: str
    kind: tuple[str, str, str] | None
    key: str | None
    dropped: list[str]
    accepted: dict[str, Accepted]
    extra: Accepted | None
    divisor: float | None
    has_format: bool
    read_time: TimeReader


class Settings(Struct, frozen=True):
    """Limits and switches, as they are named in the configuration.

    Attributes:
        key: The model key as JSON.
        longest: Bytes of a record.
        needs_label: Whether an example without its label is none that can be learned.
        max_ahead: Seconds that an example may be ahead of the stream's event time.
        max_behind: Seconds that it may be behind.
        looks: Whether features are counted for the preliminary verdict.
        expires: Whether a prediction that waited too long stays without a label.
        wait: Seconds that a prediction waits for its label.
        max_waiting: Predictions that wait.
        early_wait: Seconds that a label waits for its example.
        remember: Seconds for which a resolved prediction is remembered.
        max_remembered: Predictions that are.
        remembers: Whether any is.
        corrects: Whether a label may be corrected.
        window: Outcomes of a window, unless windows are cut by time.
        switches: Whether the heaviest of several models serves, and not all of them together.
        scores_features: Whether scores need features, where the engine scores.
        rates_step: Records after which rates are looked at again.
        rates_records: Records of a span that rates are reported of.
        rates_seconds: Seconds of such a span.
    """

    key: bytes
    longest: int
    needs_label: bool
    max_ahead: float | None
    max_behind: float | None
    looks: bool
    expires: bool
    wait: float
    max_waiting: int
    early_wait: float
    remember: float
    max_remembered: int
    remembers: bool
    corrects: bool
    window: int | None
    switches: bool
    scores_features: bool
    rates_step: int
    rates_records: int
    rates_seconds: float


class Plan(Struct, frozen=True):
    """What the crate makes a lane of.

    Attributes:
        task: What is predicted.
        classes: What it makes Python's objects of.
        encode: Makes JSON of a class.
        record: The fields of a record.
        settings: Limits and switches.
        read_label: What a label in a record means.
        scores: What is counted of the served outputs, the last-label baseline and the task's baseline; `None`
            when nothing is.
        values: The metrics of values that the lane keeps, by their names, with their classes in River;
            `None` when it keeps none. Without these and `scores` the engine scores what the lane has taken.
        detectors: What detectors look at.
    """

    task: str
    classes: tuple[type, ...]
    encode: Callable[[Any], bytes]
    record: RecordPlan
    settings: Settings
    read_label: Callable[[Any], Any]
    scores: tuple[Cells, Cells, Cells] | None
    values: list[tuple[str, str]] | None
    detectors: list[Source]


def why_not(config: EngineConfig, supervisor: Supervisor) -> str | None:
    """Why engines of this configuration have no lane, in words; `None` when they have one."""
    if crate_version() is None:
        return "riverkeeper_native is not installed, or is for another version"
    if config.model.task not in _TASKS:
        return f"the task is {config.model.task}, and the lane knows {', '.join(_TASKS)} alone"
    if not {type(trigger) for trigger in supervisor.loss_triggers} <= {LossDrifts}:
        return "a trigger of another kind looks at losses"
    return None


def make_plan(parts: Components) -> Plan:
    """The configuration as the lane takes it."""
    config = parts.config
    task = find_task(config.model.task)
    return Plan(
        task.name,
        (Example, Outcome, PendingPrediction, ResolvedPrediction, Strange),
        msgspec.json.encode,
        _record_plan(config, parts.admission.contract),
        _settings(config, parts.key, parts.rates.step),
        task.labels.reader(config.record),
        parts.scores.cells if task.classes else None,
        None if task.classes else parts.scores.of_values,
        parts.detectors.sources(),
    )


def _record_plan(config: EngineConfig, contract: Contract) -> RecordPlan:
    record = config.record
    kind = record.kind
    return RecordPlan(
        record.id,
        record.time,
        record.label,
        None if kind is None else (kind.field, kind.example, kind.label),
        record.key,
        [*record.not_features()],
        contract.accepted,
        contract.accepted_elsewhere,
        _DIVISORS.get(record.time_unit),
        record.time_format is not None,
        time_reader(record),
    )


def _settings(config: EngineConfig, key: str, rates_step: int) -> Settings:
    record, contract, labels, rates = config.record, config.contract, config.labels, config.monitoring.rates
    return Settings(
        key=msgspec.json.encode(key),
        longest=record.max_bytes,
        needs_label=record.id is None and find_task(config.model.task).labels.required,
        max_ahead=contract.max_ahead,
        max_behind=contract.max_behind,
        looks=config.monitoring.first_look.enabled,
        expires=labels.expired_label is None,
        wait=labels.wait,
        max_waiting=labels.max_waiting,
        early_wait=labels.early_wait,
        remember=labels.remember,
        max_remembered=labels.max_remembered,
        remembers=record.id is not None and labels.max_remembered > 0,
        corrects=labels.corrections == "learn",
        window=None if config.window.seconds is not None else config.window.count,
        switches=config.supervision.serve == "switch",
        scores_features=bool(config.business),
        rates_step=rates_step,
        rates_records=rates.records,
        rates_seconds=rates.seconds,
    )
