"""Numbers, times and sizes as people read them."""

import math
from datetime import UTC, datetime

_CYCLE = 400 * 365.2425 * 86_400
"""Seconds after which the calendar repeats."""

_LAST_YEAR = 99_999
"""Later years are not written as dates: nobody means them as such."""


def day(time: float | None) -> str:
    """An event time, seconds since 1970, as a UTC date; "-" without one (records may state no time).

    >>> day(1366156800.0), day(0.0), day(253402300800.0)
    ('2013-04-17', '-', '10000-01-01')
    """
    return _stated(time, "%m-%d")


def short_day(time: float | None) -> str:
    """A date in eight characters, without the century, for tables; years before 1900 or after 2099 in full.

    >>> short_day(1366156800.0), short_day(253402300800.0)
    ('13-04-17', '10000-01-01')
    """
    written = day(time)
    return written[2:] if written[:2] in {"19", "20"} and written[4:5] == "-" else written


def moment(time: float | None) -> str:
    """An event time, seconds since 1970, to the minute, in UTC; "-" without one.

    >>> moment(1366156800.0), moment(None), moment(1e20)
    ('2013-04-17 00:00', '-', '1e+20 s')
    """
    return _stated(time, "%m-%d %H:%M")


def _stated(time: float | None, form: str) -> str:
    """The year, then the rest of the date in this form; the bare number where it is not a date of any use."""
    if not time:
        return "-"
    if not abs(time) <= _CYCLE * _LAST_YEAR / 400:  # NaN neither
        return f"{time:g} s"
    cycles = math.floor(time / _CYCLE)
    found = datetime.fromtimestamp(time - cycles * _CYCLE, UTC)  # between 1970 and 2369
    year = found.year + 400 * cycles
    return f"{year:04d}-{found:{form}}" if 1 <= year <= _LAST_YEAR else f"{time:g} s"


def number(value: float | None) -> str:
    """A number with four decimals, or with four digits when it is large; "" for none.

    >>> number(0.25), number(12_345_678.0), number(None)
    ('0.2500', '1.235e+07', '')
    """
    if value is None:
        return ""
    return f"{value:.4f}" if abs(value) < 1e6 else f"{value:.4g}"


def count(value: int) -> str:
    """A count in at most five characters.

    >>> count(99_999), count(123_456), count(12_345_678)
    ('99999', '123k', '12M')
    """
    if value < 100_000:
        return str(value)
    return f"{value // 1000}k" if value < 10_000_000 else f"{value // 1_000_000}M"


def size(count: int) -> str:
    """A number of bytes.

    >>> size(812), size(35_400), size(2_100_000)
    ('812 B', '35 kB', '2.1 MB')
    """
    if count < 1000:
        return f"{count} B"
    return f"{count / 1e3:.0f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"


def duration(seconds: float) -> str:
    """A length of time.

    >>> duration(42.0), duration(4200.0), duration(1e6)
    ('42 s', '1.2 h', '11.6 days')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"
