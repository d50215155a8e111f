"""What goes into the engine: examples, labels, and records that could not be read.

All are values: frozen, slotted, compared by content. There are several to every event, so they are msgspec's
structs, which are made twenty times faster than frozen dataclasses (ADR 15); `msgspec.structs.replace` gives
a changed copy. Time is seconds since 1970 (UTC) as the record states it; the engine reads no clock.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from msgspec import Struct

Scalar = bool | int | float | str
"""One feature's value. A missing value is an absent key, never `None` or NaN."""

if TYPE_CHECKING:
    Features = Mapping[str, Scalar]
    """Feature names to values, as they were when the prediction was asked for."""
else:
    # Some of River's data sets name features by number, and a snapshot reads back what was there.
    Features = Mapping[Any, Scalar]

Target = bool | int | float | str
"""A label: a class (`bool`, `int`, `str`) or, in regression, a number."""


class Example(Struct, frozen=True, gc=False):
    """Something to predict; with a `label` when it is known at once.

    Attributes:
        id: Joins the example to its label. Unique among the examples that wait for one.
        time: Event time, seconds since 1970.
        features: Present values only.
        label: The label, when it came in the same record.
        source: Where the record came from (a file, a topic partition), for dead letters.
        position: Byte offset or message offset in `source`; -1 when there is none.
        raw: The record's bytes as they came, for dead letters.
    """

    id: str
    time: float
    features: Features
    label: Target | None = None
    source: str = ""
    position: int = -1
    raw: bytes = b""


class Label(Struct, frozen=True, gc=False):
    """The truth for an example that came earlier, found by its `id`; fields as in `Example`."""

    id: str
    time: float
    value: Target
    source: str = ""
    position: int = -1
    raw: bytes = b""


class Unreadable(Struct, frozen=True, gc=False):
    """A record that is not an example or a label, with the reason; it becomes a dead letter."""

    reason: str
    source: str = ""
    position: int = -1
    raw: bytes = b""


Record = Example | Label | Unreadable
"""What `Engine.process` takes a batch of."""


def visible(features: Features, without: frozenset[str]) -> Features:
    """The features without those that a model does without.

    >>> visible({"a": 1, "b": 2}, frozenset({"b"}))
    {'a': 1}
    """
    return {name: value for name, value in features.items() if name not in without} if without else features


def shown(value: object) -> str:
    """A value as a reason shows it: at most about a hundred characters, whatever it is.

    >>> shown("town"), len(shown("x" * 10_000))
    ("'town'", 103)
    """
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a value from an embedding program may be anything
        return f"a {type(value).__name__} that cannot be shown"
    return text if len(text) <= 100 else f"{text[:100]}..."


def by_feature(rows: Sequence[Features]) -> dict[Any, list[Any]]:
    """The values of each feature, in the order in which features first come; `None` where a row has none.

    >>> by_feature([{"a": 1}, {"b": "x", "a": 2}])
    {'a': [1, 2], 'b': [None, 'x']}
    """
    names = dict.fromkeys(chain.from_iterable(rows))
    return {name: [row.get(name) for row in rows] for name in names}
