"""FastAPI: POST /records takes an example or a label; an example is answered with its prediction.

State and answer are of one SQLite transaction. A client that got none sends the record again, and gets what
was answered the first time: exactly once, if a key's records are sent one after the other.

    python -m examples.input && python examples/fastapi_service.py 8000
"""

import json
import sqlite3
import sys
import threading
from typing import Annotated, Any

import uvicorn
from fastapi import Body, FastAPI

import riverkeeper as rk

TABLES = """
CREATE TABLE IF NOT EXISTS states (key TEXT, name TEXT, value BLOB, PRIMARY KEY (key, name));
CREATE TABLE IF NOT EXISTS answers (record TEXT PRIMARY KEY, answer TEXT);
"""
store = sqlite3.connect("state.sqlite", check_same_thread=False)
store.executescript(f"PRAGMA journal_mode = wal; {TABLES}")
durable = rk.Durable(rk.Keeper("flow.toml"))
one_at_a_time = threading.Lock()
app = FastAPI()


class State:  # what SQLite keeps for one model key
    def __init__(self, key: str) -> None:
        self.key = key

    def get(self, name: str) -> bytes | None:
        rows = store.execute("SELECT value FROM states WHERE key = ? AND name = ?", (self.key, name))
        return next((value for (value,) in rows), None)

    def __setitem__(self, name: str, value: bytes) -> None:
        store.execute("REPLACE INTO states VALUES (?, ?, ?)", (self.key, name, value))

    def __delitem__(self, name: str) -> None:
        store.execute("DELETE FROM states WHERE key = ? AND name = ?", (self.key, name))


@app.post("/records")
def take(record: Annotated[dict[str, Any], Body()]) -> Any:  # FastAPI calls it in a thread
    key, name = record["shop"], f"{record['shop']} {record['kind']} {record['id']}"
    with one_at_a_time, store:
        for (known,) in store.execute("SELECT answer FROM answers WHERE record = ?", (name,)):
            return json.loads(known)
        events = durable.process([record], State(key), key=key)
        answer = [rk.as_dict(e) for e in events if isinstance(e, rk.Prediction | rk.DeadLetter)]
        store.execute("INSERT INTO answers VALUES (?, ?)", (name, json.dumps(answer)))
    return answer


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
