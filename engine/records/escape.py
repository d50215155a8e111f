"""Labels and outputs as MessagePack can hold them, so that a snapshot keeps them exactly.

A program that embeds the engine may hand in whole numbers beyond 64 bits and text that is not UTF-8, and
models may name classes by NumPy values. Text that begins with a null character holds what MessagePack cannot.
"""

from collections.abc import Mapping
from typing import Any

from engine.records.events import AnomalyScore, Output
from engine.records.values import Target, shown

_INTEGER = "\0i"
_TEXT = "\0t"


def escape(value: Any) -> Target:
    r"""A class or number of a type that MessagePack holds; NumPy values become Python's own.

    A class name of any other type than those of labels, which no label can equal, becomes its text.

    >>> escape("a"), escape(2**70), unescape(escape(2**70)) == 2**70
    ('a', '\x00i0x400000000000000000', True)
    """
    kind = type(value)
    if kind is bool or kind is float:
        return value  # type: ignore[no-any-return]  # kind says what it is
    if isinstance(value, str):
        return _text(str.__str__(value))
    if isinstance(value, int):
        number = int(value)
        return number if -(2**63) <= number < 2**64 else f"{_INTEGER}{number:#x}"
    if isinstance(value, float):
        return float(value)
    scalar = value.item() if hasattr(value, "item") else None  # a scalar of NumPy
    return escape(scalar) if isinstance(scalar, bool | int | float) else _text(shown(value))


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        pass
    else:
        if not value.startswith("\0"):
            return value
    return f"{_TEXT}{value.encode('unicode_escape').decode()}"


def unescape(value: Target) -> Target:
    """The value that `escape` was given."""
    if type(value) is not str or not value.startswith("\0"):
        return value
    if value.startswith(_INTEGER):
        return int(value.removeprefix(_INTEGER), 16)
    return value.removeprefix(_TEXT).encode().decode("unicode_escape")


def escape_output(output: Any) -> Output:
    """An output whose classes are escaped and whose numbers are Python's own."""
    if type(output) is dict or isinstance(output, Mapping):  # nearly always a dict, which is known at once
        return {
            name if type(name) is bool else escape(name): float(probability)
            for name, probability in output.items()
        }
    return output if type(output) is AnomalyScore else float(output)


def unescape_output(output: Output) -> Output:
    """The output that `escape_output` was given."""
    if isinstance(output, Mapping):
        return {unescape(name): probability for name, probability in output.items()}
    return output
