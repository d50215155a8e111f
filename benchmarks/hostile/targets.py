"""The kinds of file that come from outside: how each is made hostile, and what reads it."""

import hashlib
import importlib
import io
import pickle
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import orjson

from benchmarks.hostile.graphs import spoilt
from benchmarks.hostile.models import exercise, models, rows
from benchmarks.hostile.values import DEEP, deepened, encodable, flipped, spoil
from benchmarks.hostile.watched import Target, used
from dataflows.lifecycle.commands import DONE, WANTED, Control
from dataflows.runtime.recovery_store import make_store
from dataflows.runtime.sealed import Seals
from dataflows.runtime.store_check import check_store
from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.models.graph.river_classes import CLASSES
from engine.models.serialization import digest, load
from engine.records.values import Example, Label, Record
from engine.registry.audit_entry import Draft, sealed
from engine.registry.blobs import Blobs
from engine.registry.export import read_export
from engine.registry.log import Log
from engine.registry.registry import MODEL, Registry

_GADGET = b"cos\nsystem\n(S'true'\ntR."
"""A pickle that runs a command."""


def _rarely(random: Random) -> bool:
    return random.random() < 0.1


def _model(random: Random) -> bytes:
    return spoilt(random, random.choice([*models().values()]), MODEL)


def _use_model(saved: bytes, _: Path) -> None:
    content = load(saved, MODEL)
    with used():
        exercise(content)


# Snapshots

CONFIG = EngineConfig.model_validate(
    {
        "model": {
            "task": "binary",
            "model": ["preprocessing.StandardScaler", "linear_model.LogisticRegression"],
        },
        "window": {"count": 20, "sample": 10},
        "labels": {"wait": 50, "max_waiting": 12, "corrections": "learn", "remember": 100},
        "supervision": {"min_events": 5, "cooldown": 10, "patience": 9, "alpha": 0.9},
        "challengers": {"tree": {"model": {"type": "tree.HoeffdingTreeClassifier", "grace_period": 5}}},
        "monitoring": {
            "reports": False,
            "mode": "inline",
            "detectors": [
                {"method": "kswin", "on": "feature:a", "parameters": {"window_size": 20, "stat_size": 5}},
                {"method": "adwin", "on": "prediction", "parameters": {"grace_period": 5}},
                {"method": "ddm", "on": "loss", "parameters": {"warm_start": 5}},
            ],
        },
    }
)


def _records(count: int, first: int = 0) -> list[Record]:
    """Examples with a label in them, without, and labels that come later."""
    made: list[Record] = []
    for number, (x, y) in enumerate(rows(count, first), first):
        late, given = number % 3 == 0, {"source": "s", "position": number}
        made.append(Example(f"e{number}", float(number), dict(x), None if late else y, **given))  # type: ignore[arg-type]
        if late and number > first:
            made.append(Label(f"e{number}", number + 0.5, y, **given))  # type: ignore[arg-type]
    return made


@cache
def _seed_snapshot() -> bytes:
    """Of an engine that has windows, checkpoints, a challenger, detectors and waiting predictions."""
    with Engine(CONFIG) as engine:
        engine.begin()
        engine.process(_records(150))
        return engine.snapshot()


def _snapshot(random: Random) -> bytes:
    return _spoilt_state(random, _seed_snapshot())


def _spoilt_state(random: Random, saved: bytes) -> bytes:
    """A packed state, spoilt, under a header that fits it."""
    if _rarely(random):
        return flipped(random, saved)
    magic, header, body = saved.split(b"\n", 2)
    state, encode = msgspec.msgpack.decode(body), msgspec.msgpack.encode
    spoil(random, state, _content)
    body = deepened(encode(encodable(state, bytes)), encode(DEEP), b"\x91")
    body = flipped(random, body) if _rarely(random) else body
    escaped = _rarely(random)
    fitting = {"escaped": escaped, "sha256": hashlib.sha256(body + b"escaped" * escaped).hexdigest()}
    return magic + b"\n" + orjson.dumps(orjson.loads(header) | fitting) + b"\n" + body


def _content(random: Random, content: bytes) -> bytes:
    """Models in other files are spoilt as models are."""
    if content.startswith(b"riverkeeper\n") and not _rarely(random):
        return spoilt(random, content, orjson.loads(content.split(b"\n", 2)[1])["kind"])
    return flipped(random, content)


def _use_snapshot(saved: bytes, _: Path) -> None:
    engine = Engine.restore(saved, CONFIG)
    with used():
        engine.process(_records(30, 150))
        engine.snapshot()
        engine.finish()


# Versions that were exported


@cache
def _version() -> tuple[bytes, bytes]:
    """The manifest of a version, and its saved model."""
    saved = models()["linear"]
    row = {
        "key": "main",
        "name": "m0.w1",
        "parent": "",
        "role": "champion",
        "reason": "passed",
        "window": 1,
        "records": 120,
        "positions": {"s": 9},
        "learned": 120,
        "learned_from": 0.0,
        "learned_to": 9.0,
        "time": 9.0,
        "scores": {"Accuracy": 0.5},
        "approved_by": "",
        "targets": ["m0.w0"],
        "size": len(saved),
        "sha256": digest(saved),
    }
    manifest = {"format": 1, "version": row, "origin": {"run": "r"}, "load": ["x"], "model_pickle_sha256": ""}
    return orjson.dumps(manifest), saved


def _export(random: Random) -> bytes:
    manifest, saved = orjson.loads(_version()[0]), _version()[1]
    if random.random() < 0.4:
        saved = _content(random, saved)
        if not _rarely(random):
            manifest["version"] |= {"sha256": digest(saved), "size": len(saved)}
    if random.random() < 0.7:
        spoil(random, manifest)
    text = _json(manifest)
    content = _zipped(flipped(random, text) if _rarely(random) else text, saved, compress=_rarely(random))
    return flipped(random, content) if _rarely(random) else content


def _json(value: Any) -> bytes:
    encoded = msgspec.json.encode(encodable(value, lambda content: content.decode("utf-8", "replace")))
    return deepened(encoded, b'"' + DEEP.encode() + b'"', b"[", b"]")


def _zipped(manifest: bytes, saved: bytes, *, compress: bool = False) -> bytes:
    members = {"manifest.json": manifest, "model.pickle": _GADGET, "model.saved": saved, "../../out": b"x"}
    with io.BytesIO() as out:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as file:
            for name, content in members.items():
                file.writestr(zipfile.ZipInfo(name), content)
        return out.getvalue()


def _use_export(content: bytes, folder: Path) -> None:
    row, saved = read_export(content, None, "file")
    registry = _registry(folder)
    kept = registry.add(f"imported-{row['sha256'][:8]}", row, saved, "me", {"file": "file"})
    with used():
        exercise(registry.load(kept, (), "me", "try"))


@cache
def _registry(folder: Path) -> Registry:
    log = Log(f"sqlite:///{folder}/imported.sqlite", create=True)
    return Registry(log, Blobs(f"{folder}/imported"), lambda: 1.0)


# The audit log: a database. The rows in it are others, and the chain of seals is right all the same.


@cache
def _seed_log() -> bytes:
    """A log in which a run has two versions and a decision."""
    row = orjson.loads(_version()[0])["version"]
    with tempfile.TemporaryDirectory() as folder:
        log = Log(f"sqlite:///{folder}/log.sqlite", create=True)
        drafts = [
            Draft("r-1", "", "run", "begin", None, "me", {"mark": "m"}),
            Draft("r-1", "main", "version", "m0.w1", 1.0, "me", row),
            Draft("r-1", "main", "version", "m0.w2", 2.0, "me", row | {"name": "m0.w2"}),
            Draft("r-1", "main", "decision", "0", 3.0, "me", {"action": "rollback", "reason": "x"}),
            Draft("r-1", "main", "removed", "m0.w2", None, "me", {}),
        ]
        log.append(drafts, 1.0)
        log.close()
        return _as_file(Path(folder, "log.sqlite"))


def _as_file(path: Path) -> bytes:
    """A database in one file, that needs none beside it."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
    return path.read_bytes()


def _log(random: Random) -> bytes:
    if _rarely(random):
        return flipped(random, _seed_log())
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(_seed_log())
        found = database.execute(
            "SELECT number, run, key, kind, name, time, at, who, text FROM riverkeeper_log"
        )
        entries = [[*row[:8], orjson.loads(row[8])] for row in found]
        spoil(random, entries)
        database.execute("DELETE FROM riverkeeper_log")
        previous = ""
        for entry in entries:
            *cells, body = [*entry, *[None] * 9][:9] if isinstance(entry, list) else [entry] * 9
            try:
                fields = [*cells[1:6], cells[7], body]
                previous = sealed(Draft(*fields), cells[0], cells[6], previous, None).seal
            except (TypeError, ValueError, RecursionError):
                previous = "sha256:x"
            sha256 = body.get("sha256") if isinstance(body, dict) else None
            _put(database, "riverkeeper_log", [*cells, _json(body).decode(), previous, sha256])
        database.commit()
        return database.serialize()


def _put(database: sqlite3.Connection, table: str, cells: list[Any]) -> None:
    """Puts in a row; one that the database does not take is left out."""
    kept = [cell if isinstance(cell, int | float | str | bytes | None) else str(cell) for cell in cells]
    try:
        database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(kept))})", kept)  # noqa: S608
    except (sqlite3.Error, OverflowError, UnicodeEncodeError):
        return


def _use_log(content: bytes, folder: Path) -> None:
    path = _written(folder / "log.sqlite", content)
    blobs = Blobs(str(folder / "models"))
    blobs.put(_version()[1])
    log = Log(f"sqlite:///{path}")
    registry = Registry(log, blobs, lambda: 1.0)
    list(registry.faults())
    registry.runs()
    registry.collect(1, dry=True)
    registry.load(registry.find("m0.w1"), (), "me", "try")
    log.close()


def _written(path: Path, content: bytes) -> Path:
    """A private file, in place of the one that was there, and of what SQLite had beside it."""
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    path.touch(0o600)
    path.write_bytes(content)
    return path


# The recovery store: what its check lets through is unpickled, as Bytewax does; no class may be in it.

_ENGINE, _SINK = Seals("riverkeeper.engine", None), Seals("riverkeeper.run", None)
_PART = "part-0.sqlite3"
_SCHEMAS = [
    "CREATE VIEW more AS SELECT 1",
    "CREATE TABLE more (a)",
    "CREATE TRIGGER more AFTER INSERT ON exs BEGIN UPDATE snaps SET ser_change = x'80'; END",
    "CREATE INDEX more ON snaps (length(ser_change))",
    "PRAGMA user_version = 4",
    "UPDATE parts SET part_count = 70000",
    "INSERT INTO exs VALUES ('x', 1, 1, -1)",
]


@cache
def _seed_store() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        make_store(Path(folder, "store"), 1, "r-1")
        return _as_file(Path(folder, "store", _PART))


def _store(random: Random) -> bytes:
    state = _spoilt_state(random, _seed_snapshot())
    number = _spoilt_state(random, _SINK.opened(_SINK.closed_value("r", 42))[1])
    content = [
        ["2026-01-01", seals.step, key, 1, _pickled(random, seals.closed(key, envelope))]
        for seals, key, envelope in ((_ENGINE, "main", state), (_SINK, "r", number))
    ]
    if random.random() < 0.3:
        spoil(random, content)
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(_seed_store())
        for row in content:
            _put(database, "snaps", row if isinstance(row, list) else [row])
        if _rarely(random):
            database.execute(random.choice(_SCHEMAS))
        database.commit()
        made = database.serialize()
    return flipped(random, made) if _rarely(random) else made


def _pickled(random: Random, envelope: bytes) -> bytes:
    """What Bytewax unpickles: mostly the pickle of an envelope, at times of anything else."""
    right, what = pickle.dumps(envelope), random.random()
    hostile = [_GADGET, right[:-1] + _GADGET, right + _GADGET, right[:2] + _GADGET, pickle.dumps([envelope])]
    if what < 0.8:
        return right
    return random.choice(hostile) if what < 0.9 else flipped(random, right)


def _use_store(content: bytes, folder: Path) -> None:
    (folder / "store").mkdir(0o700, exist_ok=True)
    path = _written(folder / "store" / _PART, content)
    check_store(folder / "store", None)
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT step_id, state_key, ser_change FROM snaps").fetchall()
    for step, key, change in found:
        envelope = pickle.loads(change)  # noqa: S301 - as Bytewax does, once it is checked
        if step == _ENGINE.step:
            _use_snapshot(_ENGINE.opened(envelope)[1], folder)
        elif step == _SINK.step:
            _SINK.opened_value(envelope, key, int)


# Commands to a running flow: lines of what is wanted and of what was done, with two NULs between.

_ORDERS = [("save", "", "*"), ("pin", "", "main"), ("rollback", "m0.w1", "main"), ("promote", "tree", "*")]
_WANTED = [
    {"id": f"c{number}", "order": order, "target": target, "who": "me", "why": "why", "key": key, "time": 1.0}
    for number, (order, target, key) in enumerate(_ORDERS)
]
_DONE = [
    {"id": "c0", "key": "main", "records": 150, "action": "save", "reason": "", "model": "", "who": "me"}
]


def _control(random: Random) -> bytes:
    lines = []
    for lines_of in (_WANTED, _DONE):
        values: list[Any] = [dict(line) for line in lines_of]
        if random.random() < 0.8:
            spoil(random, values)
        made = b"\n".join(map(_json, values)) + b"\n"
        lines.append(flipped(random, made) if _rarely(random) else made)
    return b"\x00\x00".join(lines)


def _use_control(content: bytes, folder: Path) -> None:
    wanted, _, done = content.partition(b"\x00\x00")
    for name, lines in ((WANTED, wanted), (DONE, done)):
        _written(folder / name, lines)
    control = Control(folder)
    control.look()
    with Engine.restore(_seed_snapshot(), CONFIG) as engine, used():
        for records, command in control.commands("main", 150, 0, late=False):
            engine.command(command)
            control.done("main", records, command, {"action": "save"})
        engine.process(_records(10, 150))
        engine.snapshot()


TARGETS = {
    target.name: target
    for target in (
        Target("models", _model, _use_model, 6),
        Target("snapshots", _snapshot, _use_snapshot, 5),
        Target("exports", _export, _use_export, 2),
        Target("log", _log, _use_log, 2),
        Target("store", _store, _use_store, 3),
        Target("control", _control, _use_control, 2),
    )
}


def prepare() -> None:
    """Imports whatever reading may import, and reads each file as it should be.

    Raises:
        RiverkeeperError: One of them cannot be read.
    """
    for module in CLASSES:
        importlib.import_module(module)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for saved in models().values():
            _use_model(saved, folder)
        _use_snapshot(_seed_snapshot(), folder)
        _use_export(_zipped(*_version()), folder)
        _use_log(_seed_log(), folder)
        _use_store(_seed_store(), folder)
        _use_control(
            b"\x00\x00".join(b"\n".join(map(_json, rows)) + b"\n" for rows in (_WANTED, _DONE)), folder
        )
    _registry.cache_clear()
