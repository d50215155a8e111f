"""A frozen dataclass with slots is pickled to the bytes that pickle alone gives."""

import io
import pickle
from dataclasses import dataclass

from engine.models.slotted import Dispatch


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    value: float
    inner: "Row | None" = None


def test_the_bytes_are_those_of_pickle_alone() -> None:
    rows = [Row(f"r{n}", n / 3, Row("inner", n)) for n in range(5)]
    out = io.BytesIO()
    pickler = pickle.Pickler(out, protocol=5)
    pickler.dispatch_table = Dispatch({}, {})
    pickler.dump([rows, {1, 2}, Row])
    assert out.getvalue() == pickle.dumps([rows, {1, 2}, Row], protocol=5)
    assert pickle.loads(out.getvalue())[0] == rows  # noqa: S301 - our own
