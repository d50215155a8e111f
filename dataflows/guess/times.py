"""Which column is the event time, and how it is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dataflows.guess.sample import Column
from engine.records.config import RecordConfig
from engine.records.times import is_date, time_reader

_DAYS = (
    "%d.%m.%Y|%m/%d/%Y|%d/%m/%Y|%Y/%m/%d|%d-%m-%Y|%Y%m%d|%d.%m.%y|%m/%d/%y|%d %b %Y|%b %d, %Y|%d-%b-%Y|"
    "%d-%b-%y"
)
_CLOCKS = "| %H:%M| %H:%M:%S| %H:%M:%S.%f| %I:%M %p| %I:%M:%S %p|T%H:%M:%S"
_OTHERS = "%Y-%m-%d %H.%M|%Y%m%d%H%M%S|%d/%b/%Y:%H:%M:%S %z|%a %b %d %H:%M:%S %Y"
_FORMATS = (*(day + clock for day in _DAYS.split("|") for clock in _CLOCKS.split("|")), *_OTHERS.split("|"))
"""Besides ISO 8601 and numbers; of two that both fit, that in which the rows are in order, then the first."""

_NAMES = "time date timestamp datetime event_time ts when created created_at zeit datum zeitpunkt fecha"
_EARLIEST, _LATEST = 946_684_800.0, 4_102_444_800.0
"""2000 and 2100: numbers between these are times even without a name that says so, when they are in order."""

_FIRST = 20
_TRIED = 2000
_ORDERED = 0.95
"""Share of rows that do not go back in time, from which a column without a name of times is one."""


@dataclass(frozen=True, slots=True)
class TimeGuess:
    """A column of event times.

    Attributes:
        name: The column.
        format: Its format as `record.time_format`; `None` for ISO 8601 and numbers.
        ordered: Share of rows that do not go back in time.
        first: The first time, as it is written.
    """

    name: str
    format: str | None
    ordered: float
    first: object


def guess_times(columns: Sequence[Column]) -> list[TimeGuess]:
    """Columns of times, the likeliest event time first."""
    found = [guess for column in columns if (guess := _guess(column)) is not None]
    return sorted(found, key=lambda guess: (not is_named(guess.name), -guess.ordered))


def is_named(name: str) -> bool:
    """Whether a name is one of times.

    >>> is_named("event_time"), is_named("Purchase Date"), is_named("lifetime")
    (True, True, False)
    """
    words = "".join(char if char.isalnum() else " " for char in name.lower()).split()
    known = _NAMES.split()
    return any(word in known for word in words) or "_".join(words) in known


def _guess(column: Column) -> TimeGuess | None:
    if not column.values or column.nested or column.missing > len(column.values):
        return None
    values = column.values[:_TRIED]
    if column.numeric:
        return _number(column, values)
    if not all(isinstance(value, str) for value in values):
        return None
    first = [form for form in (None, *_FORMATS) if _times(values[:_FIRST], form) is not None]
    fitting = {form: times for form in first if (times := _times(values, form)) is not None}
    if not fitting:
        return None
    best = max(fitting, key=lambda form: _ordered(fitting[form]))
    return TimeGuess(column.name, best, _ordered(fitting[best]), values[0])


def _number(column: Column, values: Sequence[float]) -> TimeGuess | None:
    if column.whole and all(map(is_date, values)) and len(column.counts) > 1:
        times = _times([str(value) for value in values], "%Y%m%d") or []
        return TimeGuess(column.name, "%Y%m%d", _ordered(times), values[0])
    times = _times(values, None) or []
    if not times or not all(_EARLIEST <= time <= _LATEST for time in times) or len(column.counts) == 1:
        return None
    ordered = _ordered(times)
    if not is_named(column.name) and ordered < _ORDERED:
        return None
    return TimeGuess(column.name, None, ordered, values[0])


def _times(values: Sequence[object], form: str | None) -> list[float] | None:
    """Seconds since 1970; `None` when one of them is no time of this format."""
    read = time_reader(RecordConfig(time_format=form))
    times: list[float] = []
    for value in values:
        time = read(value)
        if time is None:
            return None
        times.append(time)
    return times


def _ordered(times: Sequence[float]) -> float:
    steps = [later >= earlier for earlier, later in pairwise(times)]
    return sum(steps) / len(steps) if steps else 1.0
