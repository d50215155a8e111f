"""Messages to lines of JSON, as files hold them."""

from collections.abc import Callable
from typing import NamedTuple

import orjson
from confluent_kafka import Message

from dataflows.connectors.kafka.config import HEADER, KafkaInput
from engine.errors import ConfigError


class Received(NamedTuple):
    """One message.

    Attributes:
        offset: Its offset.
        line: The record as JSON; with an `error` the bytes as they came.
        raw: The bytes as they came.
        error: Why it cannot be a record; `None` when only a decoder can tell.
    """

    offset: int
    line: bytes
    raw: bytes
    error: str | None


Decode = Callable[[bytes, str], bytes]
"""The value of a message of a topic, as JSON. It raises `ValueError`."""


class Envelope:
    """Reads messages as a configuration says.

    Raises:
        ConfigError: When values are of a form whose library is not installed.
    """

    def __init__(self, config: KafkaInput) -> None:
        self._fields = [(orjson.dumps(name) + b":", part) for name, part in config.fields.items()]
        self._decode: Decode | None = None
        if config.value != "json":
            try:
                from dataflows.connectors.kafka.schemas import decoder  # noqa: PLC0415 - an extra
            except ImportError as error:
                raise ConfigError(
                    f"kafka.input.value = {config.value!r} needs more libraries ({error.name}); "
                    f"pip install 'riverkeeper[schemas]'"
                ) from error
            self._decode = decoder(config)

    def read(self, message: Message) -> Received:
        """A message as a line; a tombstone is no record, and says so."""
        offset, raw = int(message.offset() or 0), message.value()
        if raw is None:
            key = message.key()
            name = "" if key is None else f" for key {key.decode(errors='replace')!r}"
            return Received(offset, b"", b"", f"tombstone: a message without a value{name}")
        line = raw
        if self._decode is not None:
            try:
                line = self._decode(raw, message.topic() or "")
            except ValueError as error:
                return Received(offset, raw, raw, str(error))
        if self._fields:
            line = self._with_fields(message, line)
        return Received(offset, line, raw, None)

    def _with_fields(self, message: Message, line: bytes) -> bytes:
        """The fields go first, so that of two with the same name the value's own counts."""
        found = [name + value for name, part in self._fields if (value := _part(message, part)) is not None]
        rest = line.lstrip()
        if not found or not rest.startswith(b"{"):
            return line
        rest = rest[1:].lstrip()
        return b"{" + b",".join(found) + (b"" if rest.startswith(b"}") else b",") + rest


def _part(message: Message, part: str) -> bytes | None:
    """A part of the envelope as JSON."""
    if part == "timestamp":
        return str(message.timestamp()[1] / 1000).encode()
    if part == "partition":
        return str(message.partition()).encode()
    name = part.removeprefix(HEADER)
    value = message.key() if part == "key" else dict(message.headers() or []).get(name)
    if value is None:
        return None
    return orjson.dumps(value if isinstance(value, str) else value.decode(errors="backslashreplace"))
