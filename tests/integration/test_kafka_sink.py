"""Streams to topics against a broker: delivered before a snapshot is, once when asked for, never lost."""

from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from engine.core.serialize import encode
from engine.errors import InputError, OutputError
from engine.records.events import Prediction
from engine.records.values import Target
from tests.support.broker import Broker
from tests.support.kafka import consume, event_id, limit_topic
from tests.support.sinks import chunk, numbers, sink
from tests.support.sources import topic_on

pytestmark = pytest.mark.integration


def test_all_is_delivered_when_the_snapshot_is_taken(real_broker: Broker, tmp_path: Path) -> None:
    topic = topic_on(real_broker, 2)
    part = sink(real_broker, topic, tmp_path)
    part.write_batch([chunk(range(3000)), chunk(range(3000, 5000))])
    ends = part.snapshot().ends
    found = consume(real_broker.address, topic)
    assert numbers(found) == list(range(5000))
    assert sum(ends.values()) == 5000
    assert all(min(count, 5000 - count) > 2000 for count in ends.values()), "keys spread over partitions"
    by_key = {message.key(): message for message in found}
    assert orjson.loads(by_key[b"e7"].value() or b"")["sequence"] == 7
    assert event_id(by_key[b"e7"]).startswith(f"{tmp_path.name}-")
    part.close()


def large(number: int) -> Prediction:
    """A prediction of some 400 kB."""
    classes: dict[Target, float] = {f"class {n}": 1.0 / 20_000 for n in range(20_000)}
    return Prediction(f"e{number}", 0.0, "class 7", classes, "m0", number, "main")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is said besides what librdkafka says."""
    return [record.getMessage() for record in caplog.records if record.name == "riverkeeper.kafka"]


@pytest.mark.parametrize("once", [False, True])
def test_what_is_too_large_for_the_topic_becomes_smaller_and_says_so(
    real_broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture, *, once: bool
) -> None:
    topic = topic_on(real_broker, 1, **{"max.message.bytes": "100000"})
    part = sink(real_broker, topic, tmp_path, exactly_once=once)
    whole = encode([large(3000), large(3001)], ["predictions"])[0]["predictions"]
    part.write_batch([chunk(range(3000)), whole, chunk(range(3002, 5000))])
    part.snapshot()
    found = consume(real_broker.address, topic, least=5000)
    assert numbers(found) == list(range(5000)), "each once, the small ones in the batch with a large one too"
    (message,) = (message for message in found if message.key() == b"e3000")
    row = orjson.loads(message.value() or b"")
    line = next(whole.lines()).line
    assert (row["id"], row["key"], row["prediction"]) == ("e3000", "main", "class 7")
    assert row["cut"] == {
        "bytes": len(line),
        "sha256": sha256(line).hexdigest(),
        "left_out": ["probability"],
    }
    (warning,) = warnings(caplog)
    assert "more than the topic takes, and is written with less in it" in warning
    if once:  # and once more, after the process has died between commit and snapshot
        again = sink(real_broker, topic, tmp_path, exactly_once=True)
        again.write_batch([whole, chunk(range(5000, 5010))])
        again.snapshot()
        assert numbers(consume(real_broker.address, topic, least=5010)) == list(range(5010))


def test_a_topic_whose_limit_falls_stops_nothing(
    real_broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    topic = topic_on(real_broker, 1)
    part = sink(real_broker, topic, tmp_path)
    limit_topic(real_broker.address, topic, 20_000)
    part.write_batch([chunk(range(100)), encode([large(100)], ["predictions"])[0]["predictions"]])
    part.write_batch([chunk(range(101, 200))])
    part.snapshot()
    found = consume(real_broker.address, topic)
    assert sorted({*numbers(found)}) == list(range(200))
    assert sum(b'"cut"' in (message.value() or b"") for message in found) == 1
    limit_topic(real_broker.address, topic, 200)
    part.write_batch([encode([large(200)], ["predictions"])[0]["predictions"]])
    part.snapshot()  # not even the smaller one: it is left out
    assert len(consume(real_broker.address, topic)) == len(found)
    assert "predictions/main/100 has" in caplog.text
    assert "predictions/main/200 is left out" in caplog.text


def test_what_does_not_fit_at_all_is_left_out_with_a_warning(
    real_broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    topic = topic_on(real_broker, 1, **{"max.message.bytes": "200"})
    part = sink(real_broker, topic, tmp_path)
    part.write_batch([chunk(range(3))])
    part.snapshot()
    assert consume(real_broker.address, topic) == []
    (warning,) = warnings(caplog)
    assert "predictions/main/0 has" in warning
    assert "more than the topic takes, and is left out; the line in the run's folder is whole" in warning


def test_a_topic_that_is_missing_is_named(real_broker: Broker, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"kafka\.outputs: there is no topic 'nowhere'"):
        sink(real_broker, "nowhere", tmp_path)


def test_exactly_once_is_seen_with_the_snapshot_and_not_again(real_broker: Broker, tmp_path: Path) -> None:
    topic = topic_on(real_broker, 2)
    part = sink(real_broker, topic, tmp_path, exactly_once=True)
    part.write_batch([chunk(range(100))])
    assert consume(real_broker.address, topic) == []
    state = part.snapshot()
    assert numbers(consume(real_broker.address, topic, least=100)) == list(range(100))
    part.write_batch([chunk(range(100, 200))])
    part.snapshot()  # committed, and then Bytewax died before the epoch was whole
    part.write_batch([chunk(range(200, 250))])
    part._producer.flush(10)  # on the broker, in a transaction that nobody commits

    resumed = sink(real_broker, topic, tmp_path, state, exactly_once=True)
    resumed.write_batch([chunk(range(100, 300))])
    resumed.snapshot()
    assert numbers(consume(real_broker.address, topic, least=300)) == list(range(300))
    with pytest.raises(OutputError, match=r"fenced|Fenced"):
        part.snapshot()  # the dead one cannot write any more

    sure = sink(real_broker, topic, tmp_path, None, exactly_once=True)  # killed before any snapshot was whole
    sure.write_batch([chunk(range(300))])
    sure.snapshot()
    assert numbers(consume(real_broker.address, topic, least=300)) == list(range(300))


def test_what_is_ahead_of_a_snapshot_is_not_written_again_after_a_second_death(
    real_broker: Broker, tmp_path: Path
) -> None:
    topic = topic_on(real_broker, 2)
    part = sink(real_broker, topic, tmp_path, exactly_once=True)
    part.write_batch([chunk(range(100))])
    part.snapshot()  # committed, and then Bytewax died before the epoch was whole

    second = sink(real_broker, topic, tmp_path, exactly_once=True)
    second.write_batch([chunk(range(40))])
    state = second.snapshot()  # whole, with 60 still to come; and then it died

    third = sink(real_broker, topic, tmp_path, state, exactly_once=True)
    third.write_batch([chunk(range(40, 150))])
    assert third.snapshot().ahead == frozenset()
    assert numbers(consume(real_broker.address, topic, least=150)) == list(range(150))


def test_a_run_of_the_same_name_that_begins_anew_is_not_taken_for_the_old_one(
    real_broker: Broker, tmp_path: Path
) -> None:
    topic = topic_on(real_broker, 2)
    first = sink(real_broker, topic, tmp_path, exactly_once=True)
    first.write_batch([chunk(range(10))])
    first.snapshot()
    for name in ("identity", "kafka-start-predictions.json"):
        (tmp_path / name).unlink()
    second = sink(real_broker, topic, tmp_path, exactly_once=True)
    second.write_batch([chunk(range(10))])
    second.snapshot()
    assert len({event_id(message) for message in consume(real_broker.address, topic, least=20)}) == 20
