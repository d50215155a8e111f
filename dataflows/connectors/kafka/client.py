"""What consumers and producers have in common: settings, patience, and errors in words."""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import ClusterMetadata  # type: ignore[attr-defined]  # its only place

from dataflows.connectors.kafka.config import KafkaConfig, with_secrets
from dataflows.lifecycle import shutdown
from engine.errors import ConfigError, InputError
from engine.secrecy import hidden

log = logging.getLogger("riverkeeper.kafka")

_librdkafka = logging.getLogger("librdkafka")
_librdkafka.addHandler(logging.NullHandler())  # a line for every failed try; we say it once

Client = TypeVar("Client")
"""A consumer, a producer, or what manages topics."""

Answer = TypeVar("Answer")

_AT_ONCE = 1.0
"""Seconds for one try to reach a broker."""

PATIENCE = 10.0
"""Seconds that a broker may take for one answer."""

_MOVING = {
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError._WAIT_COORD,
}
"""While a group's coordinator or a partition's leader starts or moves; librdkafka retries not all of them."""


def settings(config: KafkaConfig) -> dict[str, Any]:
    """Of librdkafka, for any client.

    Raises:
        ConfigError: When an environment variable that holds a secret is not set.
    """
    return {
        **with_secrets(config.properties, "kafka.properties"),
        "bootstrap.servers": config.brokers,
        "logger": _librdkafka,
        "reconnect.backoff.max.ms": 2000,
        "allow.auto.create.topics": False,
    }


class Health:
    """Time without an answer from any broker, as librdkafka reports it.

    Attributes:
        last: The last error, in words.
        commits: Whether a commit is under way, which no broker has answered yet.
    """

    def __init__(self, config: KafkaConfig) -> None:
        self._config = config
        self.commits = False
        self._down_since: float | None = None
        self._refused = ""
        self.last = ""

    def hear(self, error: KafkaError) -> None:
        """Takes librdkafka's errors that are of no single record; most heal by themselves."""
        if error.code() != KafkaError._ALL_BROKERS_DOWN or not self.last:  # which says nothing of why
            self.last = hidden(error.str())
        if error.code() in {KafkaError._AUTHENTICATION, KafkaError._SSL}:
            self._refused = self.last
        if error.code() == KafkaError._ALL_BROKERS_DOWN and self._down_since is None:
            self._down_since = time.monotonic()
            log.warning(
                "no broker of %s answers; trying for %g s", self._config.brokers, self._config.patience
            )

    def hear_of_commit(self, *_: object) -> None:
        """A commit was answered, one way or the other."""
        self.commits = False

    def check(self, client: Consumer | Producer) -> None:
        """Looks whether a broker answers, when none has for too long.

        Raises:
            InputError: When none does.
        """
        if self._refused:
            raise InputError(
                f"kafka.brokers {self._config.brokers}: the broker refuses us: {self._refused}; see to "
                f"kafka.properties"
            )
        if self._down_since is None:
            return
        waited = time.monotonic() - self._down_since
        if waited < self._config.patience:
            return
        try:
            client.list_topics(timeout=_AT_ONCE)
        except KafkaException:
            raise self.gave_up() from None
        self._down_since = None

    def gave_up(self) -> InputError:
        """The error for when no broker has answered for too long."""
        last = f" (last: {self.last})" if self.last else ""
        return InputError(
            f"kafka.brokers {self._config.brokers}: no broker has answered for {self._config.patience:g} s"
            f"{last}; see to address, network and kafka.properties. With --recovery the run goes on later"
        )


def made(
    kind: Callable[[dict[str, Any]], Client], config: KafkaConfig, more: dict[str, Any]
) -> tuple[Client, Health]:
    """A client, and what it knows of its brokers.

    Raises:
        ConfigError: When a setting is not one.
    """
    health = Health(config)
    calls: dict[str, Any] = {"error_cb": health.hear}
    if kind is Consumer:
        calls["on_commit"] = health.hear_of_commit
    try:
        return kind({**settings(config), **more, **calls}), health
    except KafkaException as error:
        raise ConfigError(f"kafka.properties: {hidden(error.args[0].str())}") from None
    except (TypeError, ValueError) as error:
        raise ConfigError(f"kafka.properties: {hidden(str(error))}") from None


def metadata(client: Consumer | Producer, config: KafkaConfig, health: Health) -> ClusterMetadata:
    """What topics there are; waits for a broker as long as configured.

    Raises:
        InputError: When none answers, or it refuses us.
        KeyboardInterrupt: When the process is to stop meanwhile.
    """
    until = time.monotonic() + config.patience
    while True:
        try:
            found: ClusterMetadata = client.list_topics(timeout=_AT_ONCE)
        except KafkaException as error:
            health.last = health.last or hidden(error.args[0].str())
        else:
            return found
        client.poll(0)
        health.check(client)
        if shutdown.wanted():
            raise KeyboardInterrupt
        if time.monotonic() >= until:
            raise health.gave_up()


def patiently(ask: Callable[[], Answer], pause: float = 0.1) -> Answer:
    """What a broker answers; asks again for a while when another broker is about to take over.

    Args:
        ask: One question.
        pause: Seconds between two tries.

    Raises:
        KafkaException: The last one, or one that does not pass by itself.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in _MOVING or time.monotonic() >= until:
                raise
        time.sleep(pause)


def partitions_of(found: ClusterMetadata, topic: str, where: str) -> list[int]:
    """The partitions of a topic.

    Raises:
        InputError: When there is no such topic, or it is not ours to read.
    """
    about = found.topics.get(topic)
    if about is None or not about.partitions:
        reason = "" if about is None or about.error is None else f" ({about.error.str()})"
        known = ", ".join(sorted(name for name in found.topics if not name.startswith("__"))[:10]) or "none"
        raise InputError(f"{where}: there is no topic {topic!r}{reason}; the brokers have: {known}")
    return sorted(about.partitions)
