"""Kafka without a broker: configuration, the journal of the order, values with a schema."""

from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from pydantic import ValidationError

from dataflows.config import load_config
from dataflows.connectors.batch import Source
from dataflows.connectors.kafka import schemas
from dataflows.connectors.kafka.client import made, patiently
from dataflows.connectors.kafka.config import KafkaConfig, KafkaInput, with_secrets
from dataflows.connectors.kafka.consumer import Partition
from dataflows.connectors.kafka.envelope import Envelope, Received
from dataflows.connectors.kafka.message_size import smaller
from dataflows.connectors.kafka.messages import ID, event_ids
from dataflows.connectors.kafka.order_log import Journal
from dataflows.connectors.kafka.source import batches_of
from engine.errors import ConfigError, InputError
from engine.records.keys import fields_of

FLOW = """
[run]
name = "t"
[model]
task = "binary"
model = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]
"""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"topic": "a", "start": "soon"}, "earliest, latest, stored or an ISO 8601 time, got 'soon'"),
        ({"topic": "a", "labels": ["b", "a"]}, "a is both"),
        (
            {"topic": "a", "fields": {"id": "kye"}},
            "key, timestamp, partition or header:NAME for id, got 'kye'",
        ),
        ({"topic": "a", "value": "avro"}, "schema_registry.url"),
    ],
)
def test_mistakes_in_the_input_are_told(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        KafkaInput.model_validate(given)


def test_mistakes_in_the_cluster_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match=r"no group\.id: it is kafka\.input\.group"):
        KafkaConfig(brokers="a:1", properties={"group.id": "mine"})
    with pytest.raises(ValidationError, match=r"one of predictions, .*, got stream 'prediction'"):
        KafkaConfig.model_validate({"brokers": "a:1", "outputs": {"topics": {"prediction": "t"}}})
    with pytest.raises(ConfigError, match=r"kafka.properties: No such configuration property: .sasl.user"):
        made(Consumer, KafkaConfig(brokers="a:1", properties={"sasl.user": "x"}), {"group.id": "g"})
    monkeypatch.delenv("KAFKA_SECRET", raising=False)
    config = {"sasl.password": "a-${KAFKA_SECRET}-b", "sasl.username": "u"}
    with pytest.raises(
        ConfigError, match=r"p\.sasl\.password: the environment variable KAFKA_SECRET is not set"
    ):
        with_secrets(config, "p")
    monkeypatch.setenv("KAFKA_SECRET", "s")
    assert with_secrets(config, "p") == {"sasl.password": "a-s-b", "sasl.username": "u"}


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ("", "expected input.path or [kafka.input], got neither"),
        ('[input]\npath = "x"\n[kafka]\nbrokers = "a:1"\n[kafka.input]\ntopic = "t"', "got both"),
        ('[input]\nlabels = "x"\n[kafka]\nbrokers = "a:1"\n[kafka.input]\ntopic = "t"', "got input.labels"),
    ],
)
def test_a_flow_has_one_input(sections: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "flow.toml"
    path.write_text(f"{FLOW}\n{sections}\n")
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert said in str(error.value)


def test_the_journal_gives_back_what_went_since_a_batch(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.start() is None
    journal.begin([("t", 0, 5)], {"t": "an-id"})
    assert journal.start() == ([("t", 0, 5)], {"t": "an-id"})
    journal.append(0, [0, 0, 1], ["a", "b"])
    journal.append(1, [1], ["a", "b"])
    journal.cut()
    journal.append(2, [2, 0], ["a", "b", "c"])
    journal.close()
    assert list(journal.since(0, ["a", "b", "c"])) == [[(0, 2), (1, 1)], [(1, 1)], [(2, 1), (0, 1)]]
    assert list(Journal(tmp_path).since(2, ["c", "a", "b"])) == [[(0, 1), (1, 1)]]
    assert list(journal.since(3, ["a", "b", "c"])) == []


def test_a_line_of_the_journal_that_was_cut_off_never_went(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(0, [0], ["a"])
    journal.append(1, [0, 0], ["a"])
    journal.close()
    (file,) = tmp_path.glob("order-*.jsonl")
    file.write_bytes(file.read_bytes()[:-3])
    assert list(journal.since(0, ["a"])) == [[(0, 1)]]
    file.write_bytes(b"")
    assert list(journal.since(0, ["a"])) == []


@pytest.mark.parametrize(
    "damage", [b"x\n", b'["a"]\n{"a": 1}\n', b'["a"]\n[[7, 1]]\n', b'["b"]\n[[0, 1]]\n', b"\xff\n"]
)
def test_a_journal_that_is_damaged_is_named(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "order-000000000000000.jsonl").write_bytes(damage)
    with pytest.raises(InputError, match=r"order-0+\.jsonl: expected the order of records"):
        list(Journal(tmp_path).since(0, ["a"]))
    (tmp_path / "order-start.json").write_bytes(damage)
    with pytest.raises(InputError, match=r"order-start\.json: expected where the run began"):
        Journal(tmp_path).start()


def test_the_journal_keeps_no_more_than_snapshots_may_need(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for batch in range(30):
        journal.append(batch, [0], ["a"])
        journal.cut()
    assert len(list(tmp_path.glob("order-*.jsonl"))) == 8
    assert len(list(journal.since(22, ["a"]))) == 8


def test_a_batch_names_each_partition_once_and_more_than_it_can_name_are_split() -> None:
    partitions = [Partition("t", number, number % 2 == 1, 0, None, 0) for number in range(600)]
    taken = [(number, Received(7, b"{}", b"{}", "no" if number == 3 else None)) for number in range(600)]
    batches = batches_of(taken, partitions)
    assert [len(batch) for batch in batches] == [256, 256, 88]
    lines = [line for batch in batches for line in batch.records()]
    assert [line.source for line in lines] == [f"t[{number}]" for number in range(600)]
    assert [line.is_label for line in lines] == [number % 2 == 1 for number in range(600)]
    assert [number for number, line in enumerate(lines) if line.error] == [3]
    (single,) = batches_of([(1, taken[1][1])] * 3, partitions)
    assert (single.sources, single.origins) == ((Source("t[1]", is_label=True),), b"")


class Strange:
    """A message with a header whose name is no UTF-8, as the client gives it."""

    def __init__(self, *headers: tuple[str, bytes]) -> None:
        self.given = list(headers)
        self.looks = 0

    def headers(self) -> list[tuple[str, bytes]]:
        self.looks += 1
        assert self.looks == 1, "the process would end here"
        if not self.given:
            raise SystemError("returned a result with an exception set")
        return self.given

    def value(self) -> bytes:
        return b'{"id": 1}'

    def key(self) -> bytes:
        return b"\xff"

    def offset(self) -> int:
        return 7


def test_headers_that_cannot_be_read_stop_nothing() -> None:
    fields = {"region": "header:region", "name": "key"}
    envelope = Envelope(KafkaInput.model_validate({"topic": "t", "fields": fields}))
    received = envelope.read(cast("Message", Strange()))
    assert received.error is None
    assert fields_of(received.content) == {"id": 1, "name": r"\xff"}
    assert received.name == (b"\xff", [])
    assert event_ids(cast("Message", Strange())) == []
    assert event_ids(cast("Message", Strange((ID, b"\xff")))) == ["\ufffd"], "somebody else's message"


SCHEMA = """{"type": "record", "name": "R", "fields": [
  {"name": "id", "type": "string"},
  {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
  {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}}]}"""
JSON_SCHEMA = '{"type": "object", "title": "R", "properties": {"id": {"type": "string"}}, "required": ["id"]}'


def test_values_with_a_schema_become_json(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415
    from decimal import Decimal  # noqa: PLC0415

    client = SchemaRegistryClient.new_client({"url": "mock://registry"})
    monkeypatch.setattr(schemas, "SchemaRegistryClient", lambda _: client)
    context = SerializationContext("t", MessageField.VALUE)
    value = {"id": "a", "at": datetime(2013, 1, 1, tzinfo=UTC), "price": Decimal("1.25")}
    avro = AvroSerializer(client, SCHEMA)(value, context)
    registry = {"url": "mock://registry"}
    decode = schemas.decoder(KafkaInput(topic="t", value="avro", schema_registry=registry))
    assert decode(avro, "t") == {"id": "a", "at": "2013-01-01T00:00:00Z", "price": 1.25}
    no_such_time = avro[:7] + b"\xff" * 9 + b"\1" + avro[-3:]
    for wrong in (b"", b"{}", no_such_time, avro[:9], b"\\0\\0\\0\\0\\7" + avro[5:]):
        with pytest.raises(ValueError, match="not avro: "):
            decode(wrong, "t")
    given = JSONSerializer(JSON_SCHEMA, client)({"id": "b"}, SerializationContext("j", MessageField.VALUE))
    decode = schemas.decoder(KafkaInput(topic="j", value="json-schema", schema_registry=registry))
    assert decode(given, "j") == {"id": "b"}
    with pytest.raises(ValueError, match="not json-schema: "):
        decode(given[:5] + b'{"id": 3}', "j")


def test_a_line_that_is_too_large_keeps_what_identifies_it() -> None:
    row = {"id": "a", "key": "k" * 500, "prediction": "é" * 9000, "probability": {"a": 0.5}, "score": None}
    line = orjson.dumps(row)
    found = orjson.loads(smaller(line, 10_000) or b"")
    assert (found["id"], found["key"], found["score"]) == ("a", "k" * 500, None)
    assert found["prediction"].startswith("é" * 1000)
    whole = {"bytes": len(line), "sha256": sha256(line).hexdigest(), "left_out": ["probability"]}
    assert found["cut"] == whole
    less = smaller(line, 700) or b""
    assert len(less) <= 700
    assert orjson.loads(less)["cut"] == whole
    assert smaller(line, 300) is None


def test_a_broker_is_asked_again_while_another_takes_over_and_not_when_it_refuses() -> None:
    left = [KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS]

    def ask() -> str:
        if left:
            raise KafkaException(KafkaError(left.pop()))
        return "10"

    assert patiently(ask, pause=0) == "10"
    left[:] = [KafkaError.NOT_COORDINATOR, KafkaError.GROUP_AUTHORIZATION_FAILED]
    with pytest.raises(KafkaException, match="GROUP_AUTHORIZATION_FAILED"):
        patiently(ask, pause=0)
    assert left == [KafkaError.NOT_COORDINATOR]
