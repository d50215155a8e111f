"""asyncio: an AsyncKeeper behind a queue. The event loop goes on while a window closes or a report is made.

Here a file stands for whatever the records come from. State is kept as in `plain_loop.py`, but a prediction
may be written again after a kill, with the same content: at least once.

    python -m examples.input && python examples/asyncio_tasks.py
"""

import asyncio
import sqlite3
from pathlib import Path

import riverkeeper as rk

TABLES = """
CREATE TABLE IF NOT EXISTS states (key TEXT PRIMARY KEY, state BLOB);
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY, read INTEGER);
"""


async def read(path: Path, place: int, batches: asyncio.Queue[tuple[int, list[bytes]]]) -> None:
    """Brings batches of lines with the place where the next one begins; an empty batch is the end."""
    with path.open("rb") as records:
        records.seek(place)
        while lines := records.readlines(20_000):
            await batches.put((records.tell(), lines))
            await asyncio.sleep(0)
        await batches.put((records.tell(), []))


async def main() -> None:
    store = sqlite3.connect("state.sqlite")
    store.executescript(TABLES)
    (place,) = store.execute("SELECT read FROM place").fetchone() or (0,)
    batches: asyncio.Queue[tuple[int, list[bytes]]] = asyncio.Queue(4)
    async with rk.AsyncKeeper("flow.toml") as keeper:
        await keeper.restore(dict(store.execute("SELECT key, state FROM states")))
        reader = asyncio.create_task(read(Path("records.jsonl"), place, batches))
        while (batch := await batches.get())[1]:
            place, lines = batch
            events = await keeper.process(lines)
            made = [rk.as_line(event).decode() for event in events if isinstance(event, rk.Prediction)]
            with Path("predictions.jsonl").open("ab", buffering=0) as out:
                out.write("".join(f"{line}\n" for line in made).encode())
            states = await keeper.changed()
            with store:
                store.executemany("REPLACE INTO states VALUES (?, ?)", states.items())
                store.execute("REPLACE INTO place VALUES (1, ?)", (place,))
        await reader


if __name__ == "__main__":
    asyncio.run(main())
