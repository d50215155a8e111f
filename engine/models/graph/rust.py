"""River's types that are written in Rust: made by their constructors, from states that are checked first.

Each hides a state of its own, which it gives and takes as bytes (bincode: little-endian fields one after
the other, and before each list its length in eight bytes). What it takes it does not check, and an index that
is out of bounds later ends in a panic, which Python code does not expect. So a state is read here first, by
the fields of River 0.26 (`rust_src` in its repository), and refused when the type cannot have come to it.

What a constructor makes room for is bounded as well, and must be what the state says: where there is no such
room, Rust ends the process.
"""

import importlib
import struct
from collections.abc import Callable, Mapping
from operator import index
from typing import Any

_ENTRY = 16
"""Bytes of an entry in the window of a rolling metric."""

_MOST_LEVELS = 60
"""Levels of ADWIN's histogram; each stands for twice as many values as the one before."""

_MOST_BUCKETS = 100_000

_LONGEST_WINDOW = 1 << 24
"""Values in a window, for which room is made at once."""

ROOMY: Mapping[str, tuple[str, int]] = {
    "river.stats.quantile:RollingQuantile": ("window_size_value", _LONGEST_WINDOW),
    "river.stats.iqr:RollingIQR": ("window_size_value", _LONGEST_WINDOW),
    "river.metrics.rolling_roc_auc:RollingROCAUC": ("window_size", _LONGEST_WINDOW),
    "river.metrics.rolling_pr_auc:RollingPRAUC": ("window_size", _LONGEST_WINDOW),
    "river.conf.jackknife:RegressionJackknife": ("window_size", _LONGEST_WINDOW),
    "river.drift.adwin:ADWIN": ("max_buckets", _MOST_BUCKETS),
}
"""River's classes whose copies make room: for how much an attribute says, and the most it may say."""

_Arguments = tuple[float, ...]


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"a state of a type of River's that is not valid, or too large: {what}")


class _State:
    """A state that is read field by field."""

    def __init__(self, content: bytes) -> None:
        if type(content) is not bytes:
            raise TypeError(f"expected a state as bytes, got {type(content).__name__}")
        self._content, self._place = content, 0

    def read(self, layout: str) -> tuple[Any, ...]:
        """The next fields, in the notation of `struct`."""
        found = struct.unpack_from(f"<{layout}", self._content, self._place)
        self._place += struct.calcsize(f"<{layout}")
        return found

    def flag(self) -> None:
        """A truth value, which is one byte and 0 or 1."""
        _expect(self.read("B")[0] in {0, 1}, "a flag")

    def length(self, size: int) -> int:
        """The length of a list of items of so many bytes, which must all be there."""
        (length,) = self.read("Q")
        _expect(length * size <= len(self._content) - self._place, "a list that is cut off")
        return int(length)

    def end(self) -> None:
        """Nothing may be left."""
        _expect(self._place == len(self._content), "bytes that are left over")


def _flat(layout: str) -> Callable[[_State], None]:
    """Numbers (`d`) and flags (`?`) of which any is valid."""

    def check(state: _State) -> None:
        for field in layout:
            if field == "?":
                state.flag()
            else:
                state.read(field)

    return check


def _quantile(state: _State) -> None:
    """The P² algorithm: its quantile, four times five markers, and how many of them have a value."""
    (wanted, *_) = state.read("21d")
    _expect(0 <= wanted <= 1, "a quantile beyond 0 to 1")
    _expect(state.read("B")[0] <= 5, "more than five markers")
    state.flag()


def _iqr(state: _State) -> None:
    _quantile(state)
    _quantile(state)
    state.read("2d")


def _sorted_window(state: _State) -> int:
    """A window's values in order of size and in order of time; returns how many it may have."""
    by_size = state.read(f"{state.length(8)}d")
    by_time = state.read(f"{state.length(8)}d")
    (most,) = state.read("Q")
    _expect(sorted(by_time) == list(by_size), "a window whose two orders differ")
    _expect(
        len(by_size) <= most and 0 < most <= _LONGEST_WINDOW, f"{len(by_size)} values in a window of {most}"
    )
    return int(most)


def _rolling_quantile(state: _State) -> _Arguments:
    most = _sorted_window(state)
    wanted, size, lower, higher, _ = state.read("dQQQd")
    _expect(0 <= wanted <= 1, "a quantile beyond 0 to 1")
    _expect(size == most and lower < most and higher < most, "a place beyond its window")
    _expect(state.read("dQ") == (wanted, size), "two sizes")
    return wanted, size


def _rolling_iqr(state: _State) -> _Arguments:
    most = _sorted_window(state)
    low, high, size = state.read("2dQ")
    _expect(0 <= low <= high <= 1 and size == most, "quantiles beyond 0 to 1")
    for _ in range(2):
        lower, higher, _ = state.read("QQd")
        _expect(lower < most and higher < most, "a place beyond its window")
    _expect(state.read("2dQ") == (low, high, size), "two sizes")
    return low, high, size


def _rolling_auc(state: _State) -> _Arguments:
    positive, size, positives, _ = state.read("iQQQ")
    window, ordered = ([state.read("dQ") for _ in range(state.length(_ENTRY))] for _ in range(2))
    _expect(
        len(window) <= size and 0 < size <= _LONGEST_WINDOW, f"{len(window)} values in a window of {size}"
    )
    _expect(set(window) == set(ordered) and len(window) == len(ordered), "a window whose two orders differ")
    _expect(sum(packed >> 63 for _, packed in window) == positives, "a wrong number of positives")
    _expect(state.read("iQ") == (positive, size), "two sizes")
    return positive, size


def _adwin(state: _State) -> _Arguments:
    """An exponential histogram: levels of buckets, each of which stands for a power of two of values."""
    delta, clock, most, minimum, grace, *_ = state.read("diQ6d")
    state.read("4i")
    levels = state.length(32)
    _expect(clock > 0 and 0 < most <= _MOST_BUCKETS, "a clock or a number of buckets below 1")
    _expect(0 < levels <= _MOST_LEVELS, "no level, or too many")
    for level in range(levels):
        size, used = state.read("QQ")
        lengths = []
        for _ in range(2):
            lengths.append(state.length(8))
            state.read(f"{lengths[-1]}d")
        _expect(size == most and lengths == [most + 1] * 2 and used <= most, "a level of another size")
        _expect(used > 0 or level < max(levels - 1, 1), "a last level without a bucket")
    settings: _Arguments = state.read("diQ2i")
    _expect(settings == (delta, clock, most, minimum, grace), "two settings")
    return settings


_CHECKS: dict[str, Callable[[_State], _Arguments | None]] = {
    "stats.RsEWMean": _flat("ddd?d"),
    "stats.RsEWVar": _flat("ddd?ddd?dd"),
    "stats.RsIQR": _iqr,
    "stats.RsKurtosis": _flat("?ddddddd?"),
    "stats.RsPeakToPeak": _flat("dd"),
    "stats.RsQuantile": _quantile,
    "stats.RsRollingIQR": _rolling_iqr,
    "stats.RsRollingPRAUC": _rolling_auc,
    "stats.RsRollingQuantile": _rolling_quantile,
    "stats.RsRollingROCAUC": _rolling_auc,
    "stats.RsSkew": _flat("ddddddd??"),
    "drift.AdaptiveWindowing": _adwin,
}
"""Each reads a state; of a type that makes room, it returns what its constructor is given."""


def check_room(name: str, found: Any) -> None:
    """Refuses an object of a class in `ROOMY` whose copies would take too much.

    Raises:
        ValueError: It says so.
    """
    attribute, most = ROOMY[name]
    room: Any = getattr(found, attribute, None)
    _expect(not hasattr(room, "__index__") or index(room) <= most, f"{name} of {attribute} above {most}")


def check_held(name: str) -> None:
    """Refuses a class that is held as a value, to be called with anything, when its objects make room.

    Raises:
        ValueError: They do.
    """
    _expect(name not in ROOMY, f"{name} as a class; hold an object of it, and copy that")


def _taker(name: str) -> Callable[[Any], tuple[Any, ...]]:
    def parts(value: Any) -> tuple[Any, ...]:
        state = value.__getstate__()
        _CHECKS[name](_State(state))
        return getattr(value, "__getnewargs__", tuple)(), state

    return parts


def _maker(name: str) -> Callable[..., Any]:
    def make(given: tuple[Any, ...], state: bytes) -> Any:
        read = _State(state)
        wanted = _CHECKS[name](read)
        read.end()
        if not all(type(each) in {bool, int, float} for each in given):
            raise TypeError(f"expected numbers to make a {name}")
        _expect(wanted is None or given == wanted, "two settings")
        found: Any = importlib.import_module("river._river_rust")
        for part in name.split("."):
            found = getattr(found, part)
        made = found(*given)
        made.__setstate__(state)
        return made

    return make


def _vector_parts(value: Any) -> tuple[Any, ...]:
    _, (items, factory, mask, _) = value.__reduce__()
    return tuple(items), tuple(items.values()), factory, mask if mask is None else tuple(mask)


def _vector(keys: tuple[Any, ...], values: tuple[float, ...], factory: Any, mask: Any) -> Any:
    from river.utils import VectorDict  # noqa: PLC0415 - River takes a second to import, and not all need it

    if not all(type(value) in {bool, int, float} for value in values):
        raise TypeError("expected a vector of numbers")
    return VectorDict(dict(zip(keys, values, strict=True)), factory, mask if mask is None else set(mask))


ADAPTED: dict[str, tuple[str, Callable[[Any], tuple[Any, ...]], Callable[..., Any]]] = {
    f"river._river_rust.{name}": (name, _taker(name), _maker(name)) for name in _CHECKS
} | {"river._river_rust.vectordict.VectorDict": ("vector", _vector_parts, _vector)}
"""By the name of the type: the name of its adapter, and how it is taken apart and made."""
