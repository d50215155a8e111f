"""NumPy values inside a saved model, written so that reading them cannot corrupt memory.

NumPy's own pickles rebuild an array from a data type and raw bytes that need not fit each other: a forged
one makes Python objects out of arbitrary addresses. Here an array of numbers is its type code, its shape
and its bytes; an array of objects or text is a list. Data types with fields are not supported.
"""

import copyreg
from typing import Any

import numpy as np

_RAW = "biufcmMS"
"""Kinds of data types that hold numbers only: any bytes are valid."""

_NAMED = "OU"
"""Kinds that must not come from raw bytes: objects are addresses, and text has invalid code points."""


def data_type(code: str) -> np.dtype[Any]:
    """The data type of a code such as `<f8`."""
    made = np.dtype(str(code))
    if made.kind not in _RAW + _NAMED or made.fields is not None or made.subdtype is not None:
        raise ValueError(f"a NumPy data type {code!r}, which is not supported")
    return made


def numbers(code: str, shape: tuple[int, ...], content: bytes, order: str) -> np.ndarray[Any, Any]:
    """An array from raw bytes; a copy, so it can be written to."""
    kind = data_type(code)
    if kind.kind not in _RAW:
        raise ValueError(f"an array of {code!r} as raw bytes")
    return np.frombuffer(content, kind).reshape(shape, order="F" if order == "F" else "C").copy(order="K")


def objects(code: str, shape: tuple[int, ...], content: list[Any]) -> np.ndarray[Any, Any]:
    """An array of objects or text from a flat list."""
    made = np.empty(len(content), data_type(code))
    for index, value in enumerate(content):
        made[index] = value if made.dtype.kind == "O" else str(value)
    return made.reshape(shape)


def scalar(code: str, content: bytes) -> Any:
    """A NumPy scalar from its raw bytes."""
    return numbers(code, (), content, "C")[()]


def _reduce_array(array: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    kind = array.dtype
    if kind.kind in _NAMED:
        return objects, (kind.str, array.shape, array.ravel().tolist())
    data_type(kind.str)
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    return numbers, (kind.str, array.shape, array.tobytes("F" if order == "F" else "C"), order)


def _reduce_scalar(value: np.generic) -> tuple[Any, ...]:
    if value.dtype.kind in _NAMED:
        return str, (str(value),)
    return scalar, (data_type(value.dtype.str).str, value.tobytes())


def _reduce_data_type(kind: np.dtype[Any]) -> tuple[Any, ...]:
    return data_type, (data_type(kind.str).str,)


def _reducers() -> dict[type, Any]:
    """Reducers for every type of NumPy."""
    codes = [*np.typecodes["All"].replace("V", "")]
    table: dict[type, Any] = {np.ndarray: _reduce_array}
    table |= {np.dtype(code).type: _reduce_scalar for code in codes if code != "O"}
    table |= {type(np.dtype(code)): _reduce_data_type for code in codes}
    return table


DISPATCH = copyreg.dispatch_table | _reducers()
"""For `pickle.Pickler.dispatch_table`."""

NAMES = {function.__name__ for function in (data_type, numbers, objects, scalar)}
"""Names of this module that a saved model may contain."""
