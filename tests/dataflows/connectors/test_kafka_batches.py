"""Messages as batches: those whose bytes are the record itself are lines, which the native lane takes."""

from dataflows.connectors.kafka.consumer import Partition
from dataflows.connectors.kafka.envelope import Received
from dataflows.connectors.kafka.source import batches_of

VALUES = [b'{"x": 1}', b'{"x": 2}']


def batch(*received: Received) -> list[bytes] | None:
    partition = Partition("t", 0, False, 0, None, 0)
    (found,) = batches_of([(0, one) for one in received], [partition])
    assert [record.raw for record in found.records()] == [one.raw for one in received]
    return found.lines()


def test_messages_that_are_records_as_they_came_are_lines() -> None:
    assert batch(*(Received(at, value, value, None) for at, value in enumerate(VALUES))) == VALUES


def test_messages_that_became_something_else_are_none() -> None:
    (one, other), more = VALUES, b'{"key": "k", "x": 2}'
    assert batch(Received(0, one, one, None), Received(1, more, other, None)) is None
    assert batch(Received(0, one, one, None), Received(1, b"", b"", "a tombstone")) is None
    assert batch(Received(0, {"x": 1}, one, None)) is None
