"""Faust (faust-streaming): Durable in a table, whose changelog topic Kafka keeps. At least once.

A record's prediction is sent before the table's changes are, and these before the record is done. What comes
again after a kill is passed over. (With `exactly_once` Faust commits without waiting for its buffer.)

    python examples/faust_app.py 127.0.0.1:9092
"""

import sys

import faust

import riverkeeper as rk

BYTES = {"key_type": bytes, "value_type": bytes}
RAW = {"key_serializer": "raw", "value_serializer": "raw"}
app = faust.App(
    "keeper",
    broker=f"kafka://{sys.argv[1]}",
    store="memory://",
    topic_partitions=2,  # of the table's changelog: as many as `records` has
    consumer_auto_offset_reset="earliest",
    broker_session_timeout=6,  # seconds until a killed process is missed
)
records = app.topic("records", **BYTES, **RAW)
predictions = app.topic("predictions", key_serializer="raw", value_serializer="json")
table = app.Table("states", schema=faust.Schema(**RAW), **BYTES)
durable = rk.Durable(rk.Keeper("flow.toml"))


class State(dict[str, bytes | None]):  # changes to what the table holds for a model key
    def get(self, name: str) -> bytes | None:
        return self[name] if name in self else table.get(f"{self.key} {name}".encode())

    def __delitem__(self, name: str) -> None:
        self[name] = None


@app.agent(records)
async def keep(stream: faust.Stream[bytes]) -> None:
    async for event in stream.events():
        offset, state = event.message.offset, State()
        state.key = key = event.key.decode()
        if key not in durable.keeper.engines:
            durable.process([], state, key=key)  # as the table has it
        if key in durable.keeper.engines and offset <= durable.keeper.positions(key).get("records", -1):
            continue
        for made in durable.process([event.value], state, key=key, source="records", position=offset):
            if isinstance(made, rk.Prediction):
                await (await predictions.send(key=event.key, value=rk.as_dict(made)))
        for name, value in state.items():
            if value is None:
                table.pop(f"{key} {name}".encode())
            else:
                table[f"{key} {name}".encode()] = value
        await app.producer.flush()


sys.argv[1:] = ["worker", "--without-web", "--loglevel", "warn"]
app.main()
