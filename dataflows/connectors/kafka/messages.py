"""The header that identifies a message of an output stream."""

from confluent_kafka import Message

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


def event_ids(found: Message) -> list[str]:
    """The event ids in the headers of a message: one, when Riverkeeper wrote it."""
    headers = found.headers() or []
    return [
        value.decode() for name, value in dict(headers).items() if name == ID and isinstance(value, bytes)
    ]
