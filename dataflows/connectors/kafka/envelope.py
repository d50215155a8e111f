"""Messages to raw records: lines of JSON as files hold them, or fields where values have a schema."""

from typing import NamedTuple

import orjson
from confluent_kafka import Message

from dataflows.connectors.batch import Content, MessageName
from dataflows.connectors.kafka.config import HEADER, Decode, KafkaInput
from dataflows.connectors.kafka.messages import headers_of
from engine.records.values import shown
from engine.requirements import needing


class Received(NamedTuple):
    """One message.

    Attributes:
        offset: Its offset.
        content: The record; with an `error` the bytes as they came.
        raw: The bytes as they came.
        error: Why it cannot be a record; `None` when only a decoder can tell.
        name: Its key and headers; `None` when it has neither.
    """

    offset: int
    content: Content
    raw: bytes
    error: str | None
    name: MessageName | None = None


class Envelope:
    """Reads messages as a configuration says.

    Raises:
        MissingExtraError: When values are of a form whose library is not installed.
    """

    def __init__(self, config: KafkaInput) -> None:
        self._fields = config.fields
        self._decode: Decode | None = None
        if config.value != "json":
            with needing(f"kafka.input.value = {config.value!r}", "schemas"):
                from dataflows.connectors.kafka.schemas import decoder  # noqa: PLC0415 - an extra
            self._decode = decoder(config)

    def read(self, message: Message) -> Received:
        """A message as a raw record; a tombstone becomes a dead letter."""
        offset, raw, name = int(message.offset() or 0), message.value(), _name(message)
        if raw is None:
            key = None if name is None else name[0]
            of = "" if key is None else f" for key {shown(key.decode(errors='replace'))}"
            return Received(offset, b"", b"", f"tombstone: a message without a value{of}", name)
        content: Content = raw
        if self._decode is not None:
            try:
                content = self._decode(raw, message.topic() or "")
            except ValueError as error:
                return Received(offset, raw, raw, str(error), name)
        if self._fields:
            content = self._with_fields(message, name, content)
        return Received(offset, content, raw, None, name)

    def _with_fields(self, message: Message, name: MessageName | None, content: Content) -> Content:
        """The fields go first, so that of two with the same name the value's own counts."""
        parts = ((field, _part(message, name, part)) for field, part in self._fields.items())
        found = {field: value for field, value in parts if value is not None}
        if not isinstance(content, bytes):
            return {**found, **content}
        rest = content.lstrip()
        if not found or not rest.startswith(b"{"):
            return content
        rest = rest[1:].lstrip()
        return orjson.dumps(found)[:-1] + (b"" if rest.startswith(b"}") else b",") + rest


def _name(message: Message) -> MessageName | None:
    key, headers = message.key(), headers_of(message)
    if key is None and not headers:
        return None
    return key.encode() if isinstance(key, str) else key, headers


def _part(message: Message, name: MessageName | None, part: str) -> str | int | float | None:
    """A part of the envelope."""
    if part == "timestamp":
        return float(message.timestamp()[1] / 1000)
    if part == "partition":
        return message.partition()
    if name is None:
        return None
    key, headers = name
    value = key if part == "key" else dict(headers).get(part.removeprefix(HEADER))
    return None if value is None else value.decode(errors="backslashreplace")
