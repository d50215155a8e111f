"""How large a message a topic takes, and what becomes of a line that is larger."""

from hashlib import sha256
from typing import Any

import orjson
from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # their only place
    AdminClient,
    ConfigResource,
    ResourceType,
)

from dataflows.connectors.kafka.client import PATIENCE, log, made
from dataflows.connectors.kafka.config import KafkaConfig
from engine.names import bounded

_DEFAULT = 1_000_000
"""Bytes: the largest message of librdkafka, unless it is set."""

_LARGEST = 1_000_000_000
"""Bytes: the largest that `message.max.bytes` may be."""

_TEXTS = (8_192, 1_024, 128)
"""Bytes that texts of a smaller message have at most: the first at which it is small enough."""


def limit_of(config: KafkaConfig, topic: str) -> int:
    """Bytes of the largest message for a topic: the topic's limit, or `message.max.bytes` where that is less.

    Where the broker does not let us ask, it is `message.max.bytes` alone, a million when that is not set.
    """
    ours = config.properties.get("message.max.bytes")
    theirs = _of_topic(config, topic)
    if theirs is None:
        return _DEFAULT if ours is None else int(ours)
    return min(theirs, _LARGEST if ours is None else int(ours))


def _of_topic(config: KafkaConfig, topic: str) -> int | None:
    asked = ConfigResource(ResourceType.TOPIC, topic)
    admin: AdminClient = made(AdminClient, config, {})[0]
    try:
        found = admin.describe_configs([asked], request_timeout=PATIENCE)[asked].result(PATIENCE)
        return int(found["max.message.bytes"].value)
    except (KafkaException, TimeoutError, KeyError, TypeError, ValueError) as error:
        log.info("topic %s: its max.message.bytes cannot be had: %s", topic, error)
        return None


def smaller(line: bytes, most: int) -> bytes | None:
    """A line without what makes it large, and a field `cut` that says so; `None` when there is no such line.

    What is not one value (probabilities by class, checks, evidence) is left out, and texts are cut. `cut` has
    the length of the whole line in bytes, its SHA-256, and the names of the fields that are left out.

    >>> smaller(b'{"id":"a","prediction":"b","probability":{"b":1.0}}', 200)[:33]
    b'{"id":"a","prediction":"b","cut":'
    """
    fields = orjson.loads(line)
    left_out = [name for name, value in fields.items() if isinstance(value, dict | list)]
    cut = {"bytes": len(line), "sha256": sha256(line).hexdigest(), "left_out": left_out}
    kept = {name: value for name, value in fields.items() if name not in left_out}
    for longest in _TEXTS:
        found = orjson.dumps({name: _short(value, longest) for name, value in kept.items()} | {"cut": cut})
        if len(found) <= most:
            return found
    return None


def _short(value: Any, longest: int) -> Any:
    return bounded(value, longest) if isinstance(value, str) else value
