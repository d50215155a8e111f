"""The user's own metrics, presets and tests, as the configuration spells them.

Read without Evidently, whose import takes seconds; whether the names exist is found out when the first
report is made, and by `riverkeeper check`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TESTS = ("lt", "lte", "gt", "gte", "eq", "not_eq")
"""Evidently's tests on one number."""


@dataclass(frozen=True, slots=True)
class Extra:
    """One entry of `monitoring.extra`.

    Attributes:
        where: Its place in the configuration, for messages.
        type: A metric or preset of Evidently, or `module:function`.
        must: Tests that fail the window, by name (`lte`, or `share_lte` for the share of a count).
        should: Tests that only warn.
        arguments: What the metric is made with.
    """

    where: str
    type: str
    must: Mapping[str, Any]
    should: Mapping[str, Any]
    arguments: Mapping[str, Any]


def read_extra(entry: str | Mapping[str, Any], where: str) -> Extra:
    """Takes an entry apart.

    Raises:
        ValueError: When it is not spelled right.

    >>> read_extra({"type": "MeanValue", "column": "price", "must": {"lte": 9}}, "extra[0]").arguments
    {'column': 'price'}
    """
    fields = {"type": entry} if isinstance(entry, str) else dict(entry)
    kind = fields.pop("type", None)
    if not isinstance(kind, str) or not kind:
        raise ValueError(
            f"{where}: expected a type, such as 'ColumnCount' or 'module:function', got {kind!r}"
        )
    must, should = (_tests(fields.pop(name, {}), f"{where}.{name}") for name in ("must", "should"))
    if ":" in kind and (must or should):
        raise ValueError(f"{where}: {kind!r} makes its metrics itself, and puts its tests on them")
    return Extra(where, kind, must, should, fields)


def _tests(tests: object, where: str) -> Mapping[str, Any]:
    if not isinstance(tests, Mapping):
        raise ValueError(  # noqa: TRY004 - pydantic tells of a ValueError as a mistake in the configuration
            f"{where}: expected tests such as {{ lte = 100 }}, got {tests!r}"
        )
    for name in tests:
        _, _, test = str(name).rpartition("share_")
        if test not in TESTS:
            raise ValueError(f"{where}: there is no test {name!r}; there are {', '.join(TESTS)}")
    return tests
