"""Event times: what records write, as seconds since 1970."""

from collections.abc import Callable
from datetime import UTC, datetime

from engine.records.config import RecordConfig
from engine.records.native import moment
from engine.records.shape import is_finite

TimeReader = Callable[[object], float | None]
"""Reads an event time as records write it: seconds since 1970, or `None` if it is none."""

_SECONDS, _MILLISECONDS, _MICROSECONDS = 3e11, 3e14, 3e17
"""Numbers below are of this unit. So each unit reaches from July 1979 to the year 11476, past sentinels."""

_DIVISORS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}

_NOT_A_TIME = -(2**63)
"""What NumPy and pandas write for a missing time (NaT) when it becomes an integer."""

_DIGITS = frozenset({10, 13, 16, 19})
"""Lengths of the numbers since 2001 in s, ms, us and ns. Other text of digits is a date, if anything."""


def event_time(value: object) -> float | None:
    """Seconds since 1970 of an event time, the unit of a number by its magnitude; `None` if it is none.

    Text is ISO 8601, in UTC unless it says otherwise, or such a number. Dates and times of Python and pandas
    are taken as well, in UTC unless they have a zone.

    >>> event_time("2013-01-01T00:00:00Z"), event_time(1356998400), event_time(1356998400000)
    (1356998400.0, 1356998400.0, 1356998400.0)
    >>> event_time(1356998400000000), event_time("1356998400000000000")
    (1356998400.0, 1356998400.0)
    >>> event_time("yesterday"), event_time(True)
    (None, None)
    """
    kind = type(value)
    if (kind is float or kind is int) and -_SECONDS < value < _SECONDS:  # type: ignore[operator]
        return float(value)  # type: ignore[arg-type]  # the most frequent case, and kind says that it is a number
    if isinstance(value, str):
        return event_time(int(value)) if _is_number(value) else _iso(value)
    if not is_finite(value) or value == _NOT_A_TIME:
        return _date(value)
    size = abs(value)
    if size < _MILLISECONDS:
        return value / (1 if size < _SECONDS else 10**3)
    return value / (10**6 if size < _MICROSECONDS else 10**9)


def is_date(value: object) -> bool:
    """Whether a number is written like a date, year, month and day.

    >>> is_date(20240115), is_date(20241301), is_date(1700000000)
    (True, False, False)
    """
    if not isinstance(value, int) or not 19_000_101 <= value <= 21_991_231:
        return False
    try:
        datetime.strptime(str(value), "%Y%m%d")
    except ValueError:
        return False
    return True


def time_reader(config: RecordConfig) -> TimeReader:
    """The reader of event times in the unit and format that a configuration names.

    >>> time_reader(RecordConfig(time_format="%d.%m.%Y"))("31.01.2013")
    1359590400.0
    >>> time_reader(RecordConfig(time_unit="ms"))(1500)
    1.5
    """
    if config.time_format is not None:
        return _formatted(config.time_format)
    return event_time if config.time_unit == "auto" else _in_unit(_DIVISORS[config.time_unit])


def time_expected(config: RecordConfig) -> str:
    """The event times that the reader accepts, in words for a message."""
    if config.time_format is not None:
        return f"an event time as record.time_format has it ({config.time_format!r})"
    unit = "s, ms, us or ns" if config.time_unit == "auto" else config.time_unit
    return f"an event time (ISO 8601, or a number of {unit} since 1970)"


def _formatted(form: str) -> TimeReader:
    """Dates in one format. A number is read like its digits: 20240115 has the format %Y%m%d."""

    def read(value: object) -> float | None:
        if type(value) is int:
            value = str(value)
        if not isinstance(value, str):
            return _date(value)
        try:
            return _utc(datetime.strptime(value, form))
        except (ValueError, OverflowError):
            return None

    return read


def _in_unit(divisor: int) -> TimeReader:
    """Numbers of one unit, and ISO 8601."""

    def read(value: object) -> float | None:
        if isinstance(value, str):
            if not _is_number(value):
                return _iso(value)
            value = int(value)
        return value / divisor if is_finite(value) and value != _NOT_A_TIME else _date(value)

    return read


def _is_number(value: str) -> bool:
    return len(value) in _DIGITS and value.isascii() and value.isdecimal()


def _iso(value: str) -> float | None:
    try:
        return _utc(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        return None


def _date(value: object) -> float | None:
    found = moment(value)
    try:
        return None if found is None else _utc(found)
    except (ValueError, OverflowError):  # NaT is a datetime of pandas that is no time
        return None


def _utc(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
