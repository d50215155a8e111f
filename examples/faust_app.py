"""Faust (faust-streaming): Durable in a table, whose changelog topic Kafka keeps.

With `exactly_once` the table's changes, the predictions and the offsets are of one transaction for each
partition.

    python examples/faust_app.py 127.0.0.1:9092
"""

import sys

import faust

import riverkeeper as rk

durable = rk.Durable(rk.Keeper("flow.toml"))
raw = {"key_serializer": "raw", "value_serializer": "raw"}
app = faust.App(
    "keeper",
    broker=f"kafka://{sys.argv[1]}",
    processing_guarantee="exactly_once",
    store="memory://",
    datadir="state",
    topic_partitions=2,  # of the table's changelog: as many as `records` has
    consumer_auto_offset_reset="earliest",
    web_enabled=False,
)
records = app.topic("records", key_type=bytes, value_type=bytes, **raw)
predictions = app.topic("predictions", key_type=bytes, key_serializer="raw", value_serializer="json")
table = app.Table("states", key_type=bytes, value_type=bytes, schema=faust.Schema(**raw))


class State:
    """What the table holds for one model key."""

    def __init__(self, key: str) -> None:
        self.key = key

    def get(self, name: str) -> bytes | None:
        return table.get(f"{self.key} {name}".encode())

    def __setitem__(self, name: str, value: bytes) -> None:
        table[f"{self.key} {name}".encode()] = value

    def __delitem__(self, name: str) -> None:
        del table[f"{self.key} {name}".encode()]


@app.agent(records)
async def keep(stream: faust.Stream[bytes]) -> None:
    async for key, line in stream.items():
        name = key.decode()
        for event in durable.process([line], State(name), key=name):
            if isinstance(event, rk.Prediction):
                await predictions.send(key=key, value=rk.as_dict(event))


if __name__ == "__main__":
    sys.argv[1:] = ["worker", "--without-web", "--loglevel", "warn"]
    app.main()
