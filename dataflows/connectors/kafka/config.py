"""Which brokers, which topics, how far back."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from dataflows.connectors.batch import Content
from engine.core.streams import STREAMS
from engine.records.config import Section
from engine.records.times import event_time
from engine.secrecy import check_no_literals, put_in

Decode = Callable[[bytes, str], Content]
"""Turns a message's value, of a topic, into its fields, or JSON when it has none; it raises `ValueError`."""

TOPIC_FILES = ("kafka-start-*.json",)
"""What transactional sinks keep in a run's folder (`transactions`), as patterns."""

HEADER = "header:"
ENVELOPE = ("key", "timestamp", "partition")

_OURS = {
    "bootstrap.servers": "it is kafka.brokers",
    "group.id": "it is kafka.input.group",
    "enable.auto.commit": "progress is committed after each snapshot",
    "auto.offset.reset": "it is kafka.input.expired",
    "enable.idempotence": "it is always on",
    "acks": "all replicas must have a record",
    "transactional.id": "it is made from the run's name; see kafka.outputs.exactly_once",
}
"""Properties of librdkafka that are not the user's to set, and why."""


class KafkaInput(Section):
    """Topics to read, in place of files. One reader puts all their partitions into one order."""

    topic: str | list[str] = Field(description="The topic of the records, or several.")
    labels: str | list[str] | None = Field(
        default=None, description="The topic of label records, or several, when they do not come with them."
    )
    start: str = Field(
        default="earliest",
        description="Where a run without a snapshot begins: earliest; latest; stored (what the consumer "
        "group has committed, else earliest); or an ISO 8601 time, by the messages' timestamps.",
    )
    until: Literal["forever", "end"] = Field(
        default="forever",
        description="end: stops where the topics ended when the run began, like a file.",
    )
    group: str = Field(
        default="",
        description="The consumer group that progress is committed to after each snapshot, so that lag tools "
        "see it; riverkeeper-<run's name> when empty. It does not spread partitions: the snapshot counts.",
    )
    fields: dict[str, str] = Field(
        default={},
        description="Fields that records get from their message: { id = 'key', time = 'timestamp', "
        "region = 'header:region' }; also 'partition'. A field of that name in the value wins.",
    )
    value: Literal["json", "avro", "json-schema"] = Field(
        default="json",
        description="How values are written. avro and json-schema are in the form of Confluent's schema "
        "registry and need the extra riverkeeper[schemas].",
    )
    schema_registry: dict[str, str] = Field(
        default={},
        description="Settings of the schema registry's client, such as url and basic.auth.user.info; "
        "${NAME} stands for an environment variable, and a secret must be one.",
    )
    order_bound: float = Field(
        default=10.0,
        ge=0,
        description="Partitions are merged by event time. One that has been read to its end holds the others "
        "up no longer when a record so many seconds of event time later was read,",
    )
    order_wait: float = Field(
        default=0.2, ge=0, description="or when a record has waited for it so many seconds."
    )
    expired: Literal["stop", "earliest"] = Field(
        default="stop",
        description="What to do when records that were not read yet are no longer in the topic: stop with an "
        "error that counts them, or go on with the earliest that is there and log the gap.",
    )

    @field_validator("start")
    @classmethod
    def _start(cls, value: str) -> str:
        if value not in {"earliest", "latest", "stored"} and event_time(value) is None:
            raise ValueError(f"earliest, latest, stored or an ISO 8601 time, got {value!r}")
        return value

    @field_validator("fields")
    @classmethod
    def _fields(cls, value: dict[str, str]) -> dict[str, str]:
        for name, part in value.items():
            if part not in ENVELOPE and not part.startswith(HEADER):
                raise ValueError(f"key, timestamp, partition or header:NAME for {name}, got {part!r}")
        return value

    @field_validator("schema_registry")
    @classmethod
    def _schema_registry(cls, value: dict[str, str]) -> dict[str, str]:
        check_no_literals(value)
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if both := sorted(set(self.topics()) & set(self.label_topics())):
            raise ValueError(f"topics for records and others for labels; {both[0]} is both")
        if self.value != "json" and "url" not in self.schema_registry:
            raise ValueError(f"schema_registry.url with value = {self.value!r}")
        return self

    def topics(self) -> list[str]:
        """Of the records."""
        return [self.topic] if isinstance(self.topic, str) else self.topic

    def label_topics(self) -> list[str]:
        """Of label records."""
        return [self.labels] if isinstance(self.labels, str) else self.labels or []

    def start_time(self) -> float | None:
        """Seconds since 1970 when `start` is a time."""
        return event_time(self.start)


class KafkaOutputs(Section):
    """Topics that results are written to, beside the run's folder: a message for each line of a stream."""

    topics: dict[str, str] = Field(
        default={},
        description="Topic by stream: { predictions = 'flights.predictions' }. Streams are the files of the "
        "run folder: predictions, decisions, reports, alerts, dead_letters and so on.",
    )
    exactly_once: bool = Field(
        default=False,
        description="Write in a transaction for each snapshot: readers of committed messages see each once, "
        "and up to run.snapshot_interval later. Otherwise at least once.",
    )

    @field_validator("topics")
    @classmethod
    def _streams(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name not in STREAMS:
                raise ValueError(f"one of {', '.join(STREAMS)}, got stream {name!r}")
        return value


class KafkaConfig(Section):
    """A Kafka cluster, for input, output or both."""

    brokers: str = Field(description="Where to begin: host:port, or several with commas between.")
    properties: dict[str, str | int | float | bool] = Field(
        default={},
        description="Any setting of librdkafka, such as 'security.protocol' = 'SASL_SSL', 'sasl.mechanisms', "
        "'sasl.username', 'ssl.ca.location'; ${NAME} stands for an environment variable, and a secret "
        "(sasl.password) must be one.",
    )
    patience: float = Field(
        default=60.0,
        gt=0,
        description="Seconds without any broker, at start or midway, after which the run stops with an "
        "error; it goes on from its snapshot. Also the longest that a message waits to be delivered.",
    )
    input: KafkaInput | None = Field(default=None)
    outputs: KafkaOutputs = Field(default=KafkaOutputs())

    @field_validator("properties")
    @classmethod
    def _properties(cls, value: dict[str, str | int | float | bool]) -> dict[str, str | int | float | bool]:
        for name in value:
            if name in _OURS:
                raise ValueError(f"no {name}: {_OURS[name]}")
        check_no_literals(value)
        return value


def with_secrets(settings: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Settings with environment variables put in.

    Raises:
        ConfigError: When one is not set.
    """
    return {
        name: put_in(value, f"{where}.{name}") if isinstance(value, str) else value
        for name, value in settings.items()
    }
