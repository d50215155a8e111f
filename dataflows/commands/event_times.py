"""Event times of a sample: their span, how far they are out of order, and whether they are times at all."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from math import inf
from statistics import median

from dataflows.config import FlowConfig
from dataflows.connectors.batch import RawRecord
from dataflows.connectors.files.source import FileSource
from dataflows.connectors.registry import open_files, open_source
from dataflows.format import day, duration, moment
from engine.records.config import RecordConfig
from engine.records.keys import fields_of
from engine.records.times import is_date, time_reader

_COUNTERS = 366 * 86_400.0
"""Numbers that lie in 1970 as seconds are more likely counters."""

_CENTURIES_AHEAD = 7_258_118_400.0
"""2200-01-01: no stream has come so far, but a wrong unit has."""


@dataclass(frozen=True, slots=True)
class EventTimes:
    """What event times a sample has.

    Attributes:
        first: The earliest, seconds since 1970.
        last: The latest.
        behind: The longest time that a record stands behind a later one, in seconds; 0 when they are sorted.
        problem: Why they are not event times, and what to do; empty when they can be.
    """

    first: float
    last: float
    behind: float
    problem: str

    def __str__(self) -> str:
        order = "" if not self.behind else f"; up to {duration(self.behind)} out of order"
        return f"event time: {moment(self.first)} to {moment(self.last)}{order}"


def sample_times(records: Iterable[RawRecord], config: RecordConfig) -> EventTimes | None:
    """Looks at the event times of records; `None` when there are none."""
    if config.time is None:
        return None
    read, written, times = time_reader(config), [], []
    latest, behind = -inf, 0.0
    for record in records:
        fields = None if record.error is not None else fields_of(record.content)
        value = None if fields is None else fields.get(config.time)
        time = read(value)
        if time is None:
            continue
        written.append(value)
        times.append(time)
        behind, latest = max(behind, latest - time), max(latest, time)
    if not times:
        return None
    return EventTimes(min(times), latest, behind, _problem(config, written, times))


def first_times(config: FlowConfig) -> EventTimes | None:
    """The event times of the first records of files; `None` when topics are read, or records have none."""
    path = config.input.path
    if path is None:
        return None
    source = open_files(config.input, config.record, config.base, [path] if isinstance(path, str) else path)
    with closing(source.open(None, to_end=True)) as reader:
        batches = reader.take() or ()
        return sample_times((record for batch in batches for record in batch.records()), config.record)


def label_order(config: FlowConfig) -> str:
    """How the labels of files stand in time, and what a run does about it; empty without such files."""
    source = open_source(config)
    found = source.scan_labels() if isinstance(source, FileSource) else None
    if found is None:
        return ""
    if not found.timed:
        return f"labels: {found.count:,} in files, without a time: each is known right after its example"
    if found.behind:
        order = f"up to {duration(found.behind)} out of order"
        return f"labels: {found.count:,} in files, {order}: a run sorts them in memory"
    return f"labels: {found.count:,} in files, in order of time"


def _problem(config: RecordConfig, written: list[object], times: list[float]) -> str:
    """Whoever names the unit or the format means the times as they are."""
    if config.time_unit != "auto" or config.time_format is not None:
        return ""
    field, usual = f"field {config.time!r}", median(times)
    numbers = all(isinstance(value, int | float) for value in written)
    if numbers and all(map(is_date, written)):
        return (
            f"{field}: numbers such as {written[0]} are dates, and would be read as seconds, in "
            f'{day(usual)}: set record.time_format = "%Y%m%d"'
        )
    if numbers and len({*times}) > 1 and all(abs(time) < _COUNTERS for time in times):
        return (
            f"{field}: numbers such as {written[-1]} are in 1970 as seconds, so they look like counters: set "
            'record.time = "" for records without a time, or record.time_unit when they are meant so'
        )
    if usual >= _CENTURIES_AHEAD:
        return (
            f"{field}: values such as {written[0]} are in the year {day(usual)[:-6]}: set record.time_unit "
            "or record.time_format to what they are"
        )
    return ""
