"""confluent-kafka: records, predictions, state and offsets in Kafka's own transactions. Exactly once.

The compacted topic `states`, with as many partitions as `records`, holds what Durable keeps.

    python examples/kafka_transactions.py 127.0.0.1:9092
"""

import sys

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

import riverkeeper as rk

BROKER = {"bootstrap.servers": sys.argv[1]}
READ = BROKER | {"group.id": "keeper", "isolation.level": "read_committed", "enable.auto.commit": False}
# Who takes over from a killed process has its id, and so ends the transaction that it left open.
producer = Producer(BROKER | {"transactional.id": "keeper-0"})
durable = rk.Durable(rk.Keeper("flow.toml"))
values: dict[tuple[int, str], bytes | None] = {}  # of the topic `states`, by partition and key


class State:  # what the topic `states` holds for one model key
    def __init__(self, partition: int, key: str) -> None:
        self.partition, self.key = partition, key

    def get(self, name: str) -> bytes | None:
        return values.get((self.partition, f"{self.key} {name}"))

    def __setitem__(self, name: str, value: bytes | None) -> None:
        values[self.partition, f"{self.key} {name}"] = value
        producer.produce("states", value, f"{self.key} {name}", self.partition)

    def __delitem__(self, name: str) -> None:
        self[name] = None


def read_states(_: Consumer, partitions: list[TopicPartition]) -> None:  # to their end
    reader = Consumer(READ | {"enable.partition.eof": True})
    for number in (place.partition for place in partitions):
        reader.assign([TopicPartition("states", number, 0)])
        while (message := reader.poll()).error() is None:
            values[number, message.key().decode()] = message.value()
        if message.error().code() != KafkaError._PARTITION_EOF:
            raise KafkaException(message.error())


producer.init_transactions()
consumer = Consumer(READ | {"auto.offset.reset": "earliest", "session.timeout.ms": 6000})
consumer.subscribe(["records"], on_assign=read_states)
while True:
    producer.begin_transaction()
    for message in consumer.consume(500, 0.5):
        key = message.key().decode()
        for event in durable.process([message.value()], State(message.partition(), key), key=key):
            if isinstance(event, rk.Prediction):
                producer.produce("predictions", rk.as_line(event), key)
    places = consumer.position(consumer.assignment())
    producer.send_offsets_to_transaction(places, consumer.consumer_group_metadata())
    producer.commit_transaction()
