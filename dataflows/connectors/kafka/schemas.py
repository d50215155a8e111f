"""Values in the form of Confluent's schema registry (Avro, JSON Schema). Needs the extra `schemas`."""

import struct
from typing import Any

import orjson
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext, SerializationError

from dataflows.connectors.batch import Content
from dataflows.connectors.json_values import as_json
from dataflows.connectors.kafka.config import Decode, KafkaInput, with_secrets
from engine.errors import ConfigError, InputError
from engine.records.values import shown
from engine.secrecy import hidden

_MALFORMED = (
    SerializationError,
    ValueError,
    LookupError,
    EOFError,
    TypeError,
    AttributeError,
    ArithmeticError,  # a time or a decimal beyond what Python holds
    RecursionError,
    MemoryError,  # a length that the bytes only claim
    struct.error,
)
"""What reading bytes by a schema that they do not follow raises; that of a network is not among it."""

_UNKNOWN = {400, 404, 422}
"""What a registry answers to a schema's number that it does not have; the message claims that number."""


def decoder(config: KafkaInput) -> Decode:
    """What reads a value; schemas are fetched once each.

    Raises:
        ConfigError: When a setting of the registry's client is not one.
    """
    try:
        client = SchemaRegistryClient(with_secrets(config.schema_registry, "kafka.input.schema_registry"))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"kafka.input.schema_registry: {hidden(str(error))}") from None
    made: Any = (
        AvroDeserializer(client)
        if config.value == "avro"
        else JSONDeserializer(None, schema_registry_client=client)
    )

    def decode(value: bytes, topic: str) -> Content:
        try:
            content = as_json(made(value, SerializationContext(topic, MessageField.VALUE)))
            # A value without fields is no record; its JSON shows in the reason.
            return content if isinstance(content, dict) else orjson.dumps(content)
        except SchemaRegistryError as error:
            if error.http_status_code not in _UNKNOWN:
                raise InputError(
                    f"kafka.input.schema_registry: cannot be asked: {hidden(str(error))}"
                ) from None
            raise ValueError(
                f"not {config.value}: its schema is not in the registry: {hidden(str(error))}"
            ) from error
        except _MALFORMED as error:
            raise ValueError(f"not {config.value}: {shown(error)}") from error

    return decode
