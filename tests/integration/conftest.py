"""Brokers for tests of Kafka: a real one where there are Java and Maven, else the one within librdkafka."""

import os
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from tests.integration.broker import AVAILABLE, Broker, broker


@pytest.fixture(scope="session")
def real_broker() -> Iterator[Broker]:
    """Apache Kafka; without Java and Maven the test is left out, except in CI."""
    if not AVAILABLE:
        if os.environ.get("CI"):
            pytest.fail("CI needs java and mvn on the PATH: tests against a real Kafka broker are required")
        pytest.skip("needs a real Kafka broker: install Java 17 and Maven")
    with broker() as started:
        yield started


@pytest.fixture(scope="session")
def any_broker() -> Iterator[str]:
    """The address of a broker: a real one, or the mock cluster that librdkafka has built in."""
    if AVAILABLE:
        with broker() as started:
            yield started.address
        return
    cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "ignored:1"})
    (found,) = cluster.list_topics(timeout=10).brokers.values()
    yield f"{found.host}:{found.port}"
