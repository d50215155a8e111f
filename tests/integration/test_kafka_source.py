"""The source of Kafka records against a broker: what is read, where it begins, what stops it."""

import logging
from pathlib import Path

import pytest

from dataflows.connectors.kafka import consumer
from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.connectors.kafka.source import KafkaSource, Snapshot
from engine.errors import InputError
from tests.support.broker import Broker
from tests.support.kafka import (
    add_partitions,
    delete_records,
    delete_topic,
    offsets_of,
    produce,
    remake_topic,
)
from tests.support.sources import ids, message, opened, read, source, topic_on

pytestmark = pytest.mark.integration


def test_records_go_by_event_time_whatever_their_partition(real_broker: Broker) -> None:
    topic = topic_on(real_broker, 3)
    produce(real_broker.address, (message(topic, i, i * 7 % 3) for i in range(1000)))
    with opened(source(real_broker, topic, until="end")) as part:
        found = read(part, 1000)
        assert ids(found) == list(range(1000))
        assert {line.source for line in found} == {f"{topic}[{n}]" for n in range(3)}
        with pytest.raises(EOFError):
            read(part, 1, 5)


def test_a_label_that_is_read_first_waits_for_its_example(real_broker: Broker) -> None:
    examples, labels = topic_on(real_broker), topic_on(real_broker)
    produce(real_broker.address, (message(labels, i, at=i + 0.5) for i in range(50)))
    made = source(real_broker, examples, labels=labels, order_wait=3.0)
    with opened(made) as part:
        for _ in range(10):
            assert part.take() == []  # labels are at hand, and wait
        produce(real_broker.address, (message(examples, i) for i in range(50)))
        found = read(part, 100)
    assert [line.is_label for line in found] == [False, True] * 50


def test_a_quiet_partition_holds_the_others_up_only_for_a_while(real_broker: Broker) -> None:
    topic = topic_on(real_broker, 2)
    produce(real_broker.address, [message(topic, 1, 0)])
    with opened(source(real_broker, topic, order_wait=0.5)) as part:
        assert ids(read(part, 1)) == [1]
    wide = source(real_broker, topic, order_wait=60.0, order_bound=5.0)
    produce(real_broker.address, [message(topic, 3, 0), message(topic, 7, 0)])
    with opened(wide) as part:
        assert ids(read(part, 1)) == [1]  # 7 is more than five seconds later; 3 waits


def test_a_snapshot_is_where_the_next_record_stands(real_broker: Broker, tmp_path: Path) -> None:
    topic = topic_on(real_broker, 3)
    produce(real_broker.address, (message(topic, i, i % 3) for i in range(500)))
    made = source(real_broker, topic, tmp_path)
    with opened(made) as part:
        before = read(part, 200)
        state = part.snapshot()
        rest = read(part, 500 - len(before))
    assert sum(offset for _, _, offset in state["places"]) == len(before)
    with opened(made, state) as part:
        again = read(part, len(rest))
    assert again == rest


def test_what_came_too_late_goes_where_it_went_when_the_run_is_resumed(
    real_broker: Broker, tmp_path: Path
) -> None:
    topic = topic_on(real_broker, 2)
    made = source(real_broker, topic, tmp_path)
    with opened(made) as part:
        produce(real_broker.address, [message(topic, 5, 0)])
        first = read(part, 1)
        state = part.snapshot()
        produce(real_broker.address, [message(topic, 9, 0)])
        first += read(part, 1)
        produce(real_broker.address, [message(topic, 2, 1)])  # its time is before both
        first += read(part, 1)
    assert ids(first) == [5, 9, 2]
    with opened(made, state) as part:
        assert ids(read(part, 2)) == [9, 2]
    with opened(made) as part:  # killed before its first snapshot
        assert ids(read(part, 3)) == [5, 9, 2]
    with opened(source(real_broker, topic)) as part:
        assert ids(read(part, 3)) == [2, 5, 9]  # without the journal


def test_latest_stays_where_the_run_began_when_it_is_killed_before_a_snapshot(
    real_broker: Broker, tmp_path: Path
) -> None:
    topic = topic_on(real_broker)
    produce(real_broker.address, [message(topic, 0)])
    made = source(real_broker, topic, tmp_path, start="latest")
    with opened(made) as part:
        assert part.take() == []
    produce(real_broker.address, [message(topic, 1)])
    with opened(made) as part:
        assert ids(read(part, 1)) == [1]


def test_a_run_begins_where_it_is_told_to(real_broker: Broker) -> None:
    topic = topic_on(real_broker)
    produce(real_broker.address, (message(topic, i) for i in range(10)))
    with opened(source(real_broker, topic, start="1970-01-01T00:00:05Z")) as part:
        assert ids(read(part, 6)) == [4, 5, 6, 7, 8, 9]
        part.snapshot()
        part.snapshot()
    assert offsets_of(real_broker.address, f"g-{topic}", [(topic, 0)]) == [10]
    produce(real_broker.address, [message(topic, 10)])
    with opened(source(real_broker, topic, start="stored")) as part:
        assert ids(read(part, 1)) == [10]


def test_progress_is_committed_when_the_next_snapshot_shows_that_it_is_safe(real_broker: Broker) -> None:
    topic = topic_on(real_broker)
    produce(real_broker.address, (message(topic, i) for i in range(10)))
    part = source(real_broker, topic).open(None)
    read(part, 10)
    part.snapshot()
    assert offsets_of(real_broker.address, f"g-{topic}", [(topic, 0)]) == [-1001]
    part.close()
    assert offsets_of(real_broker.address, f"g-{topic}", [(topic, 0)]) == [10]


def test_records_that_expired_before_they_were_read_stop_the_run_and_are_counted(
    real_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    topic = topic_on(real_broker)
    produce(real_broker.address, (message(topic, i) for i in range(100)))
    made = source(real_broker, topic)
    with opened(made) as part:
        read(part, 1)
        state: Snapshot = {"places": [(topic, 0, 40)], "batches": 1, "ids": {}}
    delete_records(real_broker.address, topic, 60)
    with pytest.raises(InputError, match=rf"{topic}\[0\]: expected the record at offset 40.*20 records were"):
        made.open(state)
    going_on = source(real_broker, topic, expired="earliest")
    with caplog.at_level(logging.WARNING), opened(going_on, state) as part:
        assert ids(read(part, 40)) == list(range(60, 100))
    assert "20 records were removed unread; going on" in caplog.text


def test_a_topic_that_was_made_anew_is_not_taken_for_the_old_one(real_broker: Broker) -> None:
    topic = topic_on(real_broker)
    produce(real_broker.address, [message(topic, 0)])
    with pytest.raises(InputError, match=r"got a partition that ends at 1: the topic was made anew"):
        source(real_broker, topic).open({"places": [(topic, 0, 9)], "batches": 1, "ids": {}})


def test_a_topic_that_was_deleted_and_made_again_is_not_read_on_though_it_is_longer(
    real_broker: Broker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("dataflows.connectors.kafka.source._LOOK", 0.0)
    topic = topic_on(real_broker)
    produce(real_broker.address, (message(topic, i) for i in range(3)))
    made = source(real_broker, topic, tmp_path)
    with opened(made) as part:
        read(part, 2)
        assert part.snapshot()["ids"].keys() == {topic}
        state = part.snapshot()
    with opened(made, state) as part:  # it is the same topic
        part.take()
        delete_topic(real_broker.address, topic)
        remake_topic(real_broker.address, topic)
        produce(real_broker.address, (message(topic, i) for i in range(300)))
        with pytest.raises(InputError, match=f"expected topic '{topic}' with the id .* made again"):
            read(part, 300)
    said = (
        rf"expected topic '{topic}' with the id {state['ids'][topic]}, .* got one with the id .* made again"
    )
    for known in (state, None):  # resumed, and killed before its first snapshot
        with pytest.raises(InputError, match=said):
            made.open(known)


def test_a_topic_that_is_missing_is_named(real_broker: Broker) -> None:
    topic = topic_on(real_broker)
    with pytest.raises(InputError, match="there is no topic 'nowhere'"):
        source(real_broker, "nowhere").open(None)
    state: Snapshot = {"places": [(topic, 0, 0), ("gone", 0, 0)], "batches": 0, "ids": {}}
    with pytest.raises(InputError, match=r"was reading gone\[0\], which is not configured or not there"):
        source(real_broker, topic).open(state)


def test_a_topic_that_is_removed_midway_ends_the_run_with_a_message(
    real_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataflows.connectors.kafka.source._LOOK", 0.2)
    topic = topic_on(real_broker)
    produce(real_broker.address, [message(topic, 0)])
    with opened(source(real_broker, topic)) as part:
        read(part, 1)
        delete_topic(real_broker.address, topic)
        with pytest.raises(InputError, match=f"cannot be read on|there is no topic '{topic}'"):
            read(part, 1)


def test_new_partitions_are_read_from_their_first_record(
    real_broker: Broker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("dataflows.connectors.kafka.source._LOOK", 0.2)
    topic = topic_on(real_broker)
    made = source(real_broker, topic, tmp_path, start="latest")
    with opened(made) as part:
        state = part.snapshot()
        produce(real_broker.address, [message(topic, 0)])
        found = read(part, 1)
        add_partitions(real_broker.address, topic, 3)
        produce(real_broker.address, (message(topic, i, i % 3) for i in range(1, 30)))
        found += read(part, 29)
    assert sorted(ids(found)) == list(range(30))
    with opened(made, state) as part:
        assert read(part, 30) == found


def test_without_a_broker_the_start_gives_up_in_time() -> None:
    kafka = {"brokers": "127.0.0.1:9", "patience": 2, "input": {"topic": "t", "group": "g"}}
    with pytest.raises(InputError, match=r"no broker has answered for 2 s \(last: .*refused"):
        KafkaSource(KafkaConfig.model_validate(kafka), 10).open(None)


def test_a_partition_far_ahead_of_the_others_is_held_back(
    real_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "_HELD", 500)
    topic = topic_on(real_broker, 2)
    produce(real_broker.address, (message(topic, i, 0) for i in range(20_000)))
    produce(real_broker.address, (message(topic, i, 1) for i in range(20_000, 20_100)))
    with opened(source(real_broker, topic, until="end")) as part:
        assert ids(read(part, 20_100)) == list(range(20_100))


def test_the_envelope_brings_fields_and_a_tombstone_is_a_dead_letter(real_broker: Broker) -> None:
    topic = topic_on(real_broker)
    produce(
        real_broker.address,
        [
            {"topic": topic, "value": b' { "x": 1 }', "key": b"a", "timestamp": 5000, "headers": {"r": "eu"}},
            {"topic": topic, "value": b"{}", "key": b"b", "timestamp": 6000},
            {"topic": topic, "value": None, "key": b"a", "timestamp": 7000},
            {"topic": topic, "value": b'{"id":"mine"}', "key": b"c", "timestamp": 8000},
        ],
    )
    fields = {"id": "key", "time": "timestamp", "region": "header:r"}
    with opened(source(real_broker, topic, fields=fields)) as part:
        found = read(part, 4)
    assert [record.content for record in found] == [
        b'{"id":"a","time":5.0,"region":"eu","x": 1 }',
        b'{"id":"b","time":6.0}',
        b"",
        b'{"id":"c","time":8.0,"id":"mine"}',
    ]
    assert found[2].error == "tombstone: a message without a value for key 'a'"
    assert found[0].raw == b' { "x": 1 }'
