"""Values that are not made of attributes: how each is taken apart into plain ones, and made of them again.

What `make` is given comes from a file, so it checks what a type itself does not: NumPy would read beyond the
end of a generator's state, and make objects out of bytes. Of Python and NumPy only; River's types that are
written in Rust are in `engine.models.graph.rust`.
"""

import inspect
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from functools import partial
from operator import itemgetter
from random import Random
from types import FunctionType, MethodDescriptorType, MethodType
from typing import Any

import numpy as np
from msgspec import Struct

from engine.models.graph import rust
from engine.models.graph.names import is_hidden

_RAW = "biufcmMS"
"""Kinds of data types that hold numbers only: any bytes are valid."""

_NAMED = "OU"
"""Kinds that must not come from raw bytes: objects are addresses, and text has invalid code points."""

_CHANGING = ("_mutate", "_set_params")
"""Methods of River's objects that take any parameters; so does `clone`, which some models hold."""

_WORD = 2**32
_STATE_WORDS = 624
"""Words of a Mersenne Twister; its position is behind them until the first number is drawn."""

_MOST_DIGITS = 20_000
"""Hexadecimal digits of a whole number."""


class Adapter(Struct, frozen=True):
    """How values of a type are saved.

    Attributes:
        name: What a document calls it.
        parts: Takes a value apart.
        make: Makes it of its parts; raises anything when they do not fit.
    """

    name: str
    parts: Callable[[Any], tuple[Any, ...]]
    make: Callable[..., Any]


def adapter_of(kind: type) -> Adapter | None:
    """The adapter for a type, if it needs one."""
    if issubclass(kind, np.generic):
        return _NUMPY_SCALAR
    if issubclass(kind, np.dtype):
        return _DATA_TYPE
    return _BY_TYPE.get(f"{kind.__module__}.{kind.__qualname__}")


def _same(found: Any, *kinds: type) -> Any:
    """What must be of one of these types, and no subclass."""
    if type(found) not in kinds:
        raise TypeError(f"expected {kinds[0].__name__}, got {type(found).__name__}")
    return found


# Numbers and times


def _int(digits: str) -> int:
    if len(_same(digits, str)) > _MOST_DIGITS:
        raise ValueError(f"a number of more than {_MOST_DIGITS} digits")
    return int(digits, 16)


def _timezone(offset: timedelta, name: str | None) -> timezone:
    return timezone(offset) if name is None else timezone(offset, name)


def _timezone_parts(value: timezone) -> tuple[Any, ...]:
    offset, *name = value.__getinitargs__()  # type: ignore[attr-defined]  # as pickle takes it apart
    return offset, name[0] if name else None


def _datetime_parts(value: datetime) -> tuple[Any, ...]:
    return (*value.timetuple()[:6], value.microsecond, value.fold, value.tzinfo)


def _datetime(*parts: Any) -> datetime:
    year, month, day, *time, fold, zone = parts
    return datetime(year, month, day, *time).replace(tzinfo=zone, fold=fold)


# NumPy


def _data_type(code: str) -> np.dtype[Any]:
    made: np.dtype[Any] = np.dtype(_same(code, str))
    if made.kind not in _RAW + _NAMED or made.fields is not None or made.subdtype is not None:
        raise ValueError(f"a NumPy data type {code!r}, which is not supported")
    return made


def _array_parts(array: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    kind = array.dtype
    _data_type(kind.str)
    if kind.kind in _NAMED:
        return kind.str, array.shape, "C", tuple(array.ravel().tolist())
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    return kind.str, array.shape, order, array.tobytes("F" if order == "F" else "C")


def _array(code: str, shape: tuple[int, ...], order: str, content: Any) -> np.ndarray[Any, Any]:
    kind = _data_type(code)
    sides = tuple(_same(side, int) for side in _same(shape, tuple))
    if kind.kind in _RAW:
        made = np.frombuffer(_same(content, bytes), kind)
        return made.reshape(sides, order="F" if order == "F" else "C").copy(order="K")
    made = np.empty(len(_same(content, tuple)), kind)
    for index, value in enumerate(content):
        made[index] = value if kind.kind == "O" else _same(value, str)
    return made.reshape(sides)


def _scalar_parts(value: np.generic) -> tuple[Any, ...]:
    raw = value.dtype.kind not in _NAMED
    return value.dtype.str, value.tobytes() if raw else str(value)


def _scalar(code: str, content: Any) -> Any:
    kind = _data_type(code)
    if kind.kind in _NAMED:
        return np.str_(_same(content, str))
    if len(_same(content, bytes)) != kind.itemsize:
        raise ValueError(f"a {code} of {len(content)} bytes")
    return np.frombuffer(content, kind)[0]


# Random states


def _random_parts(value: Random) -> tuple[Any, ...]:
    _, words, gauss = value.getstate()
    return np.asarray(words[:-1], "<u4").tobytes(), words[-1], gauss


def _random(words: bytes, position: int, gauss: float | None) -> Random:
    made = Random(0)  # noqa: S311 - a model's, not a secret
    made.setstate((3, (*_words(words), _position(position)), gauss and _same(gauss, float)))
    return made


def is_undrawn(value: Random) -> bool:
    """Whether nothing was drawn from a generator since it got its seed."""
    _, words, gauss = value.getstate()
    return words[-1] == _STATE_WORDS and gauss is None


def _words(content: bytes) -> list[int]:
    words: list[int] = np.frombuffer(_same(content, bytes), "<u4").tolist()
    if len(words) != _STATE_WORDS or not any(words):
        raise ValueError("a Mersenne Twister without the 624 words of its state")
    return words


def _position(found: int) -> int:
    if not 0 <= _same(found, int) <= _STATE_WORDS:
        raise ValueError(f"a Mersenne Twister at the word {found} of 624")
    return found


def _twister_parts(value: Any) -> tuple[Any, ...]:
    state = value.state["state"]
    return np.asarray(state["key"], "<u4").tobytes(), int(state["pos"]), value.seed_seq


def _twister(words: bytes, position: int, seeds: Any) -> Any:
    made = np.random.MT19937(_same(seeds, np.random.SeedSequence, type(None)))
    state: Any = {"key": np.asarray(_words(words), np.uint32), "pos": _position(position)}
    made.state = {"bit_generator": "MT19937", "state": state}
    return made


def _pcg_parts(value: Any) -> tuple[Any, ...]:
    state = value.state
    inner = state["state"]
    return f"{inner['state']:x}", f"{inner['inc']:x}", state["has_uint32"], state["uinteger"], value.seed_seq


def _pcg(state: str, increment: str, has_half: int, half: int, seeds: Any) -> Any:
    made = np.random.PCG64(_same(seeds, np.random.SeedSequence, type(None)))
    numbers = _int(state), _int(increment)
    if not (all(0 <= number < _WORD**4 for number in numbers) and 0 <= _same(half, int) < _WORD):
        raise ValueError("a PCG64 whose state does not fit its 128 bits")
    made.state = {
        "bit_generator": "PCG64",
        "state": {"state": numbers[0], "inc": numbers[1] | 1},
        "has_uint32": int(bool(_same(has_half, int))),
        "uinteger": half,
    }
    return made


def _seeds_parts(value: Any) -> tuple[Any, ...]:
    entropy = value.entropy
    plain = entropy if entropy is None or isinstance(entropy, int) else tuple(map(int, entropy))
    return plain, tuple(map(int, value.spawn_key)), int(value.pool_size), int(value.n_children_spawned)


def _seeds(entropy: Any, spawn_key: tuple[int, ...], pool_size: int, spawned: int) -> Any:
    if not 4 <= _same(pool_size, int) <= 1024:
        raise ValueError(f"a pool of {pool_size} seeds")
    return np.random.SeedSequence(
        entropy if entropy is None else _same(entropy, int, tuple),
        spawn_key=tuple(_same(word, int) for word in _same(spawn_key, tuple)),
        pool_size=pool_size,
        n_children_spawned=_same(spawned, int),
    )


def _random_state_parts(value: Any) -> tuple[Any, ...]:
    state = value.get_state(legacy=False)
    return value._bit_generator, state["has_gauss"], float(state["gauss"])


def _random_state(generator: Any, has_gauss: int, gauss: float) -> Any:
    made = np.random.RandomState(_same(generator, np.random.MT19937))
    state = made.get_state(legacy=False)
    made.set_state(state | {"has_gauss": int(bool(_same(has_gauss, int))), "gauss": _same(gauss, float)})
    return made


def _generator(bits: Any) -> Any:
    return np.random.Generator(_same(bits, np.random.PCG64, np.random.MT19937))


# What can be called: it is kept, not called.


def _check_called(function: Any) -> None:
    if isinstance(function, MethodType) and function.__name__ == "clone":
        raise TypeError("a functools.partial of clone, with parameters that its object did not have")


def _partial_parts(value: partial[Any]) -> tuple[Any, ...]:
    if vars(value):
        raise TypeError("a functools.partial with attributes of its own")
    _check_called(value.func)
    return value.func, value.args, tuple(value.keywords), tuple(value.keywords.values())


def _partial(
    function: Any, given: tuple[Any, ...], names: tuple[str, ...], values: tuple[Any, ...]
) -> partial[Any]:
    _check_called(function)
    keywords = {_same(name, str): value for name, value in zip(names, values, strict=True)}
    return partial(function, *_same(given, tuple), **keywords)


def _method_parts(value: Any) -> tuple[Any, ...]:
    owner, name = value.__self__, value.__name__
    _method(owner, name)
    return owner, name


def _method(owner: Any, name: str) -> Any:
    """A method of an object's class; nothing is looked up on the object itself, which may have anything."""
    kind = owner if isinstance(owner, type) else type(owner)
    found = inspect.getattr_static(kind, _same(name, str), None)
    if is_hidden(name) or name in _CHANGING or kind.__module__ == "builtins":
        raise TypeError(f"a method {kind.__name__}.{name}, which a model does not need")
    if isinstance(found, classmethod) and isinstance(found.__func__, FunctionType):
        return MethodType(found.__func__, kind)
    if isinstance(owner, type) or not isinstance(found, FunctionType | MethodDescriptorType):
        raise TypeError(f"a method {kind.__name__}.{name}, which is none")
    return found.__get__(owner, kind)


def _iterator_parts(value: Any) -> tuple[Any, ...]:
    _, (rest, *_), *position = value.__reduce__()
    return (tuple(rest[position[0] if position else 0 :]),)


def _itemgetter(*keys: Any) -> Any:
    return itemgetter(*(_same(key, str, int) for key in keys))


INT = Adapter("int", lambda value: (f"{value:x}",), _int)
_NUMPY_SCALAR = Adapter("numpy scalar", _scalar_parts, _scalar)
_DATA_TYPE = Adapter("numpy data type", lambda value: (_data_type(value.str).str,), _data_type)
METHOD = Adapter("method", _method_parts, _method)
UNDRAWN = Adapter("undrawn random", lambda _: (), Random)
"""A generator that was seeded by the system, and from which nothing was drawn: any other is as good."""

_BY_TYPE = {
    "builtins.bytearray": Adapter(
        "bytearray", lambda value: (bytes(value),), lambda raw: bytearray(_same(raw, bytes))
    ),
    "builtins.complex": Adapter("complex", lambda value: (value.real, value.imag), complex),
    "builtins.range": Adapter("range", lambda value: (value.start, value.stop, value.step), range),
    "builtins.list_iterator": Adapter(
        "list iterator", _iterator_parts, lambda rest: iter([*_same(rest, tuple)])
    ),
    "builtins.method": METHOD,
    "operator.itemgetter": Adapter("itemgetter", lambda value: value.__reduce__()[1], _itemgetter),
    "functools.partial": Adapter("partial", _partial_parts, _partial),
    "datetime.date": Adapter("date", lambda value: tuple(value.timetuple()[:3]), date),
    "datetime.datetime": Adapter("datetime", _datetime_parts, _datetime),
    "datetime.timedelta": Adapter(
        "timedelta", lambda value: (value.days, value.seconds, value.microseconds), timedelta
    ),
    "datetime.timezone": Adapter("timezone", _timezone_parts, _timezone),
    "numpy.ndarray": Adapter("numpy array", _array_parts, _array),
    "random.Random": Adapter("random", _random_parts, _random),
    "numpy.random._mt19937.MT19937": Adapter("numpy MT19937", _twister_parts, _twister),
    "numpy.random._pcg64.PCG64": Adapter("numpy PCG64", _pcg_parts, _pcg),
    "numpy.random.bit_generator.SeedSequence": Adapter("numpy seeds", _seeds_parts, _seeds),
    "numpy.random.mtrand.RandomState": Adapter("numpy random state", _random_state_parts, _random_state),
    "numpy.random._generator.Generator": Adapter(
        "numpy generator", lambda value: (value.bit_generator,), _generator
    ),
} | {kind: Adapter(*how) for kind, how in rust.ADAPTED.items()}

BY_NAME = {each.name: each for each in (INT, UNDRAWN, _NUMPY_SCALAR, _DATA_TYPE, *_BY_TYPE.values())}
"""Adapters by the name that a document gives."""
