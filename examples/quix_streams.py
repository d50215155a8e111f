"""Quix Streams: Durable in the state that Quix keeps for a message's key (RocksDB, and a changelog topic).

With `exactly-once` the state, the predictions and the offsets are of one Kafka transaction.

    python examples/quix_streams.py 127.0.0.1:9092
"""

import sys
from typing import Any

from quixstreams import Application, State

import riverkeeper as rk

durable = rk.Durable(rk.Keeper("flow.toml"))
app = Application(
    broker_address=sys.argv[1],
    consumer_group="keeper",
    auto_offset_reset="earliest",
    processing_guarantee="exactly-once",
    commit_interval=1.0,
    state_dir="state",
    consumer_extra_config={"session.timeout.ms": 6000},  # until a killed process is missed
)
records = app.topic("records", key_deserializer="str", value_deserializer="bytes")
predictions = app.topic("predictions", key_serializer="str", value_serializer="json")


class Bytes:
    """Quix's state of one key, as Durable takes it."""

    def __init__(self, state: State) -> None:
        self.state = state

    def get(self, name: str) -> bytes | None:
        return self.state.get_bytes(name)

    def __setitem__(self, name: str, value: bytes) -> None:
        self.state.set_bytes(name, value)

    def __delitem__(self, name: str) -> None:
        self.state.delete(name)


def with_key(value: bytes, key: str, *_: Any) -> tuple[str, bytes]:
    return key, value


def keep(record: tuple[str, bytes], state: State) -> list[dict[str, Any]]:
    key, line = record
    events = durable.process([line], Bytes(state), key=key)
    return [rk.as_dict(event) for event in events if isinstance(event, rk.Prediction)]


stream = app.dataframe(records).apply(with_key, metadata=True).apply(keep, stateful=True, expand=True)
stream.to_topic(predictions, key=lambda row: row["key"])

if __name__ == "__main__":
    app.run()
