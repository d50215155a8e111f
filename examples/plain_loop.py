"""A plain loop: reads a file, writes predictions, and keeps its state in SQLite. No framework.

A checkpoint is one transaction: the state of the keys that were touched, and how far both files got. After a
kill the loop goes on from the last one, and cuts off what was written after it: exactly once.

    python -m examples.input && python examples/plain_loop.py
"""

import sqlite3
from pathlib import Path

import riverkeeper as rk

TABLES = """
CREATE TABLE IF NOT EXISTS states (key TEXT PRIMARY KEY, state BLOB);
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY, read INTEGER, written INTEGER);
"""


def main() -> None:
    store = sqlite3.connect("state.sqlite")
    store.executescript(TABLES)
    predictions = Path("predictions.jsonl")
    predictions.touch()
    with (
        rk.Keeper("flow.toml") as keeper,
        Path("records.jsonl").open("rb") as records,
        predictions.open("rb+") as out,
    ):
        keeper.restore(dict(store.execute("SELECT key, state FROM states")))
        read, written = store.execute("SELECT read, written FROM place").fetchone() or (0, 0)
        records.seek(read)
        out.seek(written)
        out.truncate()
        while lines := records.readlines(20_000):
            for event in keeper.process(lines):
                if isinstance(event, rk.Prediction):
                    out.write(rk.as_line(event) + b"\n")
            out.flush()
            with store:
                store.executemany("REPLACE INTO states VALUES (?, ?)", keeper.changed().items())
                store.execute("REPLACE INTO place VALUES (1, ?, ?)", (records.tell(), out.tell()))


if __name__ == "__main__":
    main()
