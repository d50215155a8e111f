"""Lines of output streams as messages: their key, and the header that tells them apart."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson
from confluent_kafka import Message

ID = "riverkeeper-id"
"""The header with the event id: the same in every replay, so that a reader can leave out what comes again."""

_Row = Mapping[str, Any]

_UNIQUE: Mapping[str, Callable[[_Row], str]] = {
    "predictions": lambda row: str(row["sequence"]),
    "dead_letters": lambda row: f"{row['source']}/{row['position']}",
    "breaches": lambda row: f"{row['source']}/{row['position']}/{row['reason']}",
    "first_looks": lambda row: str(row["window"]),
    "drifts": lambda row: str(row["number"]),
    "reports": lambda row: str(row["window"]),
    "decisions": lambda row: str(row["number"]),
    "versions": lambda row: str(row["name"]),
    "alerts": lambda row: str(row["id"]),
    "summary": lambda row: str(row["counts"]["records"]),
}
"""What is unique in a stream, within a model key."""


class Outgoing(NamedTuple):
    """A message to write.

    Attributes:
        id: Its event id.
        key: Predictions: the id of their example, so that they spread and join; all others: the model key.
        value: The line.
    """

    id: str
    key: bytes
    value: bytes


def message(run: str, stream: str, line: bytes) -> Outgoing:
    """The message of a line.

    >>> message("demo-1f", "predictions", b'{"id":"7","sequence":3,"key":"main"}')
    Outgoing(id='demo-1f/predictions/main/3', key=b'7', value=b'{"id":"7","sequence":3,"key":"main"}')
    """
    row = orjson.loads(line)
    key = row["id"] if stream == "predictions" else row["key"]
    return Outgoing(f"{run}/{stream}/{row['key']}/{_UNIQUE[stream](row)}", key.encode(), line)


def event_ids(found: Message) -> list[str]:
    """The event ids in the headers of a message: one, when Riverkeeper wrote it."""
    headers = found.headers() or []
    return [
        value.decode() for name, value in dict(headers).items() if name == ID and isinstance(value, bytes)
    ]
