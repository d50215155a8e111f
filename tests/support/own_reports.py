"""A user's own Evidently metrics, for the tests of `monitoring.extra`."""

from typing import Any


def two(column: str = "temp") -> list[Any]:
    from evidently.metrics import MaxValue, MinValue  # type: ignore[import-untyped] # noqa: PLC0415
    from evidently.tests import lt  # type: ignore[import-untyped] # noqa: PLC0415

    return [MinValue(column=column), MaxValue(column=column, tests=[lt(0)])]


def nothing_of_the_kind() -> list[Any]:
    return [3]


def breaks() -> list[Any]:
    raise RuntimeError("not today")
