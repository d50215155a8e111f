"""The contract's check, in microseconds a record of ten fields, beside pydantic's validator over the same.

Pydantic is compiled and strict here (no text taken for a number), with the same ranges and categories. Each
row goes through the same records in turn, in many short rounds; `best` is the round that other programs
disturbed least, and how far the median lies above it is the noise.
"""

from collections.abc import Callable
from random import Random
from statistics import median
from time import perf_counter
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict

from engine.contract.check import Contract
from engine.contract.config import ContractConfig

RECORDS = 500
ROUNDS = 1_000

_COLORS = ["red", "green", "blue"]
_NUMBER = {"type": "number", "required": True, "min": -10, "max": 10}
FIELDS: dict[str, Any] = {
    **{f"n{i}": _NUMBER for i in range(6)},
    "color": {"type": "text", "required": True, "categories": _COLORS},
    "town": {"type": "text", "required": True},
    "open": {"type": "boolean", "required": True},
    "new": {"type": "boolean", "required": True},
}

_Number = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)]


class Row(TypedDict):
    """The same ten fields for pydantic."""

    __pydantic_config__ = ConfigDict(strict=True, extra="allow")  # type: ignore[misc]  # pydantic's own way

    n0: _Number
    n1: _Number
    n2: _Number
    n3: _Number
    n4: _Number
    n5: _Number
    color: Literal["red", "green", "blue"]
    town: str
    open: bool
    new: bool


def make_rows() -> list[dict[str, Any]]:
    """Records in order."""
    random = Random(0)  # noqa: S311 - test data
    return [
        {
            **{f"n{i}": random.uniform(-9, 9) for i in range(6)},
            "color": random.choice(_COLORS),
            "town": f"t{random.randrange(50)}",
            "open": random.random() < 0.5,
            "new": random.random() < 0.5,
        }
        for _ in range(RECORDS)
    ]


def timed(check: Callable[[Any], object], rows: list[dict[str, Any]]) -> float:
    """Microseconds a record."""
    began = perf_counter()
    for row in rows:
        check(row)
    return (perf_counter() - began) / len(rows) * 1e6


def main() -> None:
    """Runs and prints."""
    rows = make_rows()
    spoilt = [row | {"n3": 11.0} for row in rows]
    contract = Contract(ContractConfig.model_validate({"fields": FIELDS}))
    warning = Contract(ContractConfig.model_validate({"fields": FIELDS, "policy": "warn"}))
    peers: dict[str, tuple[Callable[[Any], object], list[dict[str, Any]]]] = {
        "contract, ten fields in order": (contract.check, rows),
        "contract, no field named": (Contract(ContractConfig()).check, rows),
        "contract, one out of range, reject": (contract.check, spoilt),
        "contract, one out of range, warn": (warning.check, spoilt),
        "pydantic TypedDict, ten fields in order": (TypeAdapter(Row).validator.validate_python, rows),
        "dict(record), which checks nothing": (dict, rows),
    }
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(ROUNDS):
        for name, (check, given) in peers.items():
            times[name].append(timed(check, given))
    print(f"{RECORDS:,} records, {ROUNDS:,} rounds, each in turn")
    print(f"{'µs/record':42}{'best':>8}{'median':>8}{'noise':>8}")
    for name, found in times.items():
        best, middle = min(found), median(found)
        print(f"{name:42}{best:>8.2f}{middle:>8.2f}{middle / best - 1:>8.0%}")


if __name__ == "__main__":
    main()
