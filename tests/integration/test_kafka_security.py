"""Who a broker lets in, and which broker we trust."""

import pytest

from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.connectors.kafka.source import KafkaSource
from engine.errors import InputError
from tests.support.broker import PASSWORD, Broker
from tests.support.kafka import produce
from tests.support.sources import ids, message, opened, read, topic_on

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_password_comes_from_the_environment_and_a_wrong_one_ends_the_run_at_once(
    real_broker: Broker, monkeypatch: pytest.MonkeyPatch, encrypted: bool
) -> None:
    topic = topic_on(real_broker)
    produce(real_broker.address, [message(topic, 1)])
    properties = {
        "security.protocol": "SASL_SSL" if encrypted else "SASL_PLAINTEXT",
        "sasl.mechanisms": "PLAIN",
        "sasl.username": "keeper",
        "sasl.password": "${KAFKA_PASSWORD}",
        **({"ssl.ca.location": str(real_broker.trusted)} if encrypted else {}),
    }
    kafka = KafkaConfig.model_validate(
        {
            "brokers": real_broker.secure if encrypted else real_broker.locked,
            "properties": properties,
            "input": {"topic": topic, "group": "g", "until": "end"},
        }
    )
    monkeypatch.setenv("KAFKA_PASSWORD", PASSWORD)
    with opened(KafkaSource(kafka, 10)) as part:
        assert ids(read(part, 1)) == [1]
    monkeypatch.setenv("KAFKA_PASSWORD", "wrong")
    with pytest.raises(InputError, match=r"the broker refuses us: .*uthentication failed"):
        KafkaSource(kafka, 10).open(None)


def test_a_certificate_that_is_not_trusted_ends_the_run_at_once(real_broker: Broker) -> None:
    properties = {"security.protocol": "SSL"}
    kafka = KafkaConfig.model_validate(
        {"brokers": real_broker.secure, "properties": properties, "input": {"topic": "t", "group": "g"}}
    )
    with pytest.raises(InputError, match=r"the broker refuses us: .*certificate verify failed"):
        KafkaSource(kafka, 10).open(None)
