"""The header that identifies a message of an output stream."""

from typing import Any

from confluent_kafka import Message

Headers = list[tuple[str, bytes | None]]

ID = "riverkeeper-id"
"""The header with the event id: the same in every replay, so that a reader can leave out duplicates."""


def event_id(run: str, stream: str, name: str) -> str:
    """The event id of a line, unique among all runs.

    Args:
        run: The run's identity.
        stream: The output stream.
        name: The line's id in its stream.
    """
    return f"{run}/{stream}/{name}"


def headers_of(message: Message) -> Headers:
    """The headers of a message that anybody may have written; none when a name among them is no UTF-8.

    To be called once a message: where the client has failed over such a name, a second call gives a list that
    ends the process of whoever looks into it.
    """
    try:
        found: Any = message.headers()
    except (SystemError, UnicodeDecodeError):
        return []
    return found or []


def event_ids(found: Message) -> list[str]:
    """The event ids in the headers of a message: one, when Riverkeeper wrote it."""
    value = dict(headers_of(found)).get(ID)
    return [value.decode(errors="replace")] if isinstance(value, bytes) else []
