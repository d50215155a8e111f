"""Brokers for tests of Kafka: a real one where there are Java and Maven, else the one within librdkafka."""

import os

import pytest
from confluent_kafka import Producer

from tests.support.broker import AVAILABLE, Broker, shared_broker
from tests.support.shared import run_folder


@pytest.fixture(scope="session")
def needs_broker() -> None:
    """Without Java and Maven the test is left out, except in CI."""
    if not AVAILABLE:
        if os.environ.get("CI"):
            pytest.fail("CI needs java and mvn on the PATH: tests against a real Kafka broker are required")
        pytest.skip("needs a real Kafka broker: install Java 17 and Maven")


@pytest.fixture(scope="session")
def real_broker(needs_broker: None, tmp_path_factory: pytest.TempPathFactory) -> Broker:  # noqa: ARG001
    """Apache Kafka, one broker for all processes of the test run."""
    return shared_broker(run_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def any_broker(request: pytest.FixtureRequest) -> str:
    """The address of a broker: the real one, or the mock cluster that librdkafka has built in."""
    if AVAILABLE or os.environ.get("CI"):
        started: Broker = request.getfixturevalue("real_broker")
        return started.address
    cluster: Producer = request.getfixturevalue("mock_cluster")
    (found,) = cluster.list_topics(timeout=30).brokers.values()
    return f"{found.host}:{found.port}"


@pytest.fixture(scope="session")
def mock_cluster() -> Producer:
    """The mock cluster: it is there for as long as this producer is."""
    return Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "ignored:1"})
