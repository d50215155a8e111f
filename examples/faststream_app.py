"""FastStream: a batch subscriber, an AsyncKeeper, and a checkpoint in SQLite before a batch is acknowledged.

Records that come again after a kill are passed over when the checkpoint has them; predictions since then are
sent again, the same ones: at least once. For one process.

    python examples/faststream_app.py 127.0.0.1:9092
"""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from faststream import AckPolicy, Context, ContextRepo, FastStream
from faststream.confluent import KafkaBroker
from faststream.confluent.annotations import KafkaMessage

import riverkeeper as rk

store = sqlite3.connect("state.sqlite")
store.execute("CREATE TABLE IF NOT EXISTS states (key TEXT PRIMARY KEY, state BLOB)")
store.execute("CREATE TABLE IF NOT EXISTS offsets (partition INTEGER PRIMARY KEY, offset INTEGER)")
broker = KafkaBroker(sys.argv[1])


@asynccontextmanager
async def lifespan(context: ContextRepo) -> AsyncIterator[None]:
    async with rk.AsyncKeeper("flow.toml") as keeper:
        await keeper.restore(dict(store.execute("SELECT key, state FROM states")))
        context.set_global("keeper", keeper)
        yield


@broker.subscriber(
    "records",
    group_id="keeper",
    auto_offset_reset="earliest",
    batch=True,
    max_records=200,
    ack_policy=AckPolicy.MANUAL,
)
async def keep(
    records: list[dict[str, Any]], message: KafkaMessage, keeper: Annotated[rk.AsyncKeeper, Context()]
) -> None:
    done = dict(store.execute("SELECT partition, offset FROM offsets"))
    places = [(raw.partition(), raw.offset()) for raw in message.raw_message]
    new = [record for record, (at, offset) in zip(records, places, strict=True) if offset > done.get(at, -1)]
    for event in await keeper.process(new):
        if isinstance(event, rk.Prediction):
            await broker.publish(rk.as_dict(event), "predictions", key=event.key.encode())
    states = await keeper.changed()
    with store:
        store.executemany("REPLACE INTO states VALUES (?, ?)", states.items())
        store.executemany("REPLACE INTO offsets VALUES (?, ?)", (done | dict(places)).items())
    await message.ack()


asyncio.run(FastStream(broker, lifespan=lifespan).run())
