"""Where a run begins to read."""

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import ClusterMetadata  # type: ignore[attr-defined]  # its only place

from dataflows.connectors.kafka.client import PATIENCE, partitions_of, patiently
from dataflows.connectors.kafka.config import KafkaInput
from dataflows.connectors.kafka.order_log import Place
from engine.errors import InputError


def partitions(found: ClusterMetadata, config: KafkaInput) -> list[tuple[str, int]]:
    """All partitions, of record topics first: of two records of the same time the example goes first.

    Raises:
        InputError: When there is no such topic.
    """
    return [
        (topic, number)
        for key, topics in (("topic", config.topics()), ("labels", config.label_topics()))
        for topic in topics
        for number in partitions_of(found, topic, f"kafka.input.{key}")
    ]


def places_to_begin(consumer: Consumer, config: KafkaInput, wanted: list[tuple[str, int]]) -> list[Place]:
    """The offset of the first record of each partition, as `start` says.

    They are looked up at once and kept, so that a run that is killed before its first snapshot begins there
    again and not at what is the end by then.

    Raises:
        InputError: When the broker does not say.
    """
    given: dict[tuple[str, int], int] = {}
    moment = config.start_time()
    try:
        if moment is not None:
            asked = [TopicPartition(topic, number, round(moment * 1000)) for topic, number in wanted]
            found = patiently(lambda: consumer.offsets_for_times(asked, timeout=PATIENCE))
        elif config.start == "stored":
            asked = [TopicPartition(*pair) for pair in wanted]
            found = patiently(lambda: consumer.committed(asked, timeout=PATIENCE))
        else:
            found = []
    except KafkaException as error:
        raise InputError(f"kafka.input.start: cannot be looked up: {error.args[0].str()}") from error
    for place in found:
        if place.offset >= 0:
            given[place.topic, place.partition] = place.offset
    places = []
    for topic, number in wanted:
        low, high = bounds(consumer, topic, number)
        otherwise = high if config.start == "latest" or moment is not None else low
        places.append((topic, number, given.get((topic, number), otherwise)))
    return places


def bounds(consumer: Consumer, topic: str, number: int) -> tuple[int, int]:
    """The first offset that a partition has, and the one after its last.

    Raises:
        InputError: When no broker answers.
    """
    try:
        place = TopicPartition(topic, number)
        low, high = patiently(lambda: consumer.get_watermark_offsets(place, timeout=PATIENCE))
    except KafkaException as error:
        raise InputError(f"kafka.input {topic}[{number}]: cannot be read: {error.args[0].str()}") from error
    return low, high
