"""The audit log: entries are only added, and whatever is done to them afterwards is found."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from engine.errors import RegistryError
from engine.registry import log as log_module
from engine.registry.audit_entry import Draft, Entry, faults, sealed
from engine.registry.log import Log
from tests.support.registries import RUN, decision

_texts = st.text(max_size=5)
_drafts = st.lists(
    st.builds(
        Draft,
        run=_texts,
        key=_texts,
        kind=st.sampled_from(["decision", "version"]),
        name=_texts,
        time=st.none() | st.floats(0, 1e9),
        who=_texts,
        body=st.dictionaries(_texts, st.integers(0, 9) | _texts, max_size=2),
    ),
    min_size=1,
    max_size=6,
)
_keys = st.sampled_from([None, b"a key"])


def chain(drafts: list[Draft], key: bytes | None) -> list[Entry]:
    entries: list[Entry] = []
    for number, draft in enumerate(drafts, 1):
        previous = entries[-1].seal if entries else ""
        entries.append(sealed(draft, number, 5.0, previous, key))
    return entries


@given(_drafts, _keys)
def test_what_was_written_has_no_faults(drafts: list[Draft], key: bytes | None) -> None:
    assert list(faults(chain(drafts, key), key)) == []


@given(_drafts, _keys, st.data())
def test_a_change_anywhere_in_an_entry_is_found(drafts: list[Draft], key: bytes | None, data: Any) -> None:
    entries = chain(drafts, key)
    at = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(["run", "key", "kind", "name", "time", "at", "who", "text", "seal"]))
    value = getattr(entries[at], field)
    other = (value or 0.0) + 1.0 if field in {"time", "at"} else f"{value}x"
    entries[at] = replace(entries[at], **{field: other})
    assert list(faults(entries, key))


@given(_drafts.filter(lambda drafts: len(drafts) > 2), _keys, st.data())
def test_an_entry_that_is_missing_or_moved_is_found(
    drafts: list[Draft], key: bytes | None, data: Any
) -> None:
    entries = chain(drafts, key)
    at = data.draw(st.integers(0, len(entries) - 2))
    assert list(faults(entries[:at] + entries[at + 1 :], key))
    moved = [*entries]
    moved[at], moved[at + 1] = moved[at + 1], moved[at]
    assert list(faults(moved, key))


@given(_drafts)
def test_nobody_without_the_key_can_seal_anew(drafts: list[Draft]) -> None:
    assert list(faults(chain(drafts, None), b"a key"))
    assert list(faults(chain(drafts, b"another"), b"a key"))
    assert list(faults(chain(drafts, b"a key"), None)) == [
        f"entry {number}: sealed with a key; give it, to check it" for number in range(1, len(drafts) + 1)
    ]


def test_one_whole_entry_is_sealed_as_it_always_was() -> None:
    """The format: a change of it would make every log of before look forged."""
    entry = sealed(Draft("r", "k", "decision", "0", 1.5, "ada", {"b": 1, "a": None}), 1, 2.0, "", None)
    assert entry.text == '{"a":null,"b":1}'
    assert entry.seal == "sha256:25721009bafaa157a82763ee00bdad5e64a855b97bde9a4c0db3d845346bab41"


def opened(folder: Path, **more: Any) -> Log:
    return Log(f"sqlite:///{folder / 'log.sqlite'}", create=True, **more)


def test_what_is_there_stays_as_it_is_whatever_comes_again(tmp_path: Path) -> None:
    log = opened(tmp_path)
    first = log.append([decision(0), decision(1)], 1.0)
    assert [entry.number for entry in first] == [1, 2]
    again = log.append([decision(1, "rollback"), decision(2), decision(2)], 2.0)
    assert [(entry.number, entry.name) for entry in again] == [(3, "2")]
    assert [entry.body["action"] for entry in log.entries()] == ["alert"] * 3
    assert list(log.faults()) == []


def test_what_has_no_name_can_happen_again(tmp_path: Path) -> None:
    log = opened(tmp_path)
    load = Draft("-", "main", "load", "", None, "ada", {})
    log.append([load, load], 1.0)
    log.append([load], 2.0)
    assert [entry.name for entry in log.entries(kinds=["load"])] == ["1", "2", "3"]


@pytest.mark.parametrize("time", [7, 7.5, 1e300, float("inf"), float("nan")])
def test_any_number_can_be_a_time(tmp_path: Path, time: float) -> None:
    log = opened(tmp_path)
    log.append([replace(decision(0), time=time)], 3)
    assert list(log.faults()) == []


def test_entries_are_found_by_what_they_are(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append([decision(number) for number in range(2500)], 1.0)
    log.append([Draft("other", "k", "version", "m0.w1", None, "", {"sha256": "ab"})], 1.0)
    assert len(list(log.entries(run=RUN))) == 2500, "over pages"
    assert [entry.name for entry in log.entries(kinds=["version"])] == ["m0.w1"]
    assert [entry.number for entry in log.entries(run=RUN, name="7")] == [8]
    assert list(log.entries(key="nobody")) == []
    assert [entry.run for entry in log.with_bytes("ab")] == ["other"]
    head = log.head()
    assert head is not None
    assert head.number == 2501


def test_a_changed_row_in_the_database_is_found(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append([decision(number) for number in range(5)], 1.0)
    with sqlite3.connect(tmp_path / "log.sqlite") as raw:
        raw.execute("UPDATE riverkeeper_log SET who = 'eve' WHERE number = 3")
    raw.close()
    [first] = log.faults()
    assert first.startswith("entry 3 (decision test-1 main 2): it, or the one before it, is not as it was")
    with sqlite3.connect(tmp_path / "log.sqlite") as raw:
        raw.execute("DELETE FROM riverkeeper_log WHERE number = 3")
    raw.close()
    assert any("there are some missing" in fault for fault in log.faults())


@pytest.mark.parametrize("text", ["\0", "a\udfffb", "ключ", "'; DROP TABLE riverkeeper_log; --"])
def test_any_text_can_be_a_key(tmp_path: Path, text: str) -> None:
    log = opened(tmp_path)
    log.append([Draft(text, text, "decision", text, None, text, {})], 1.0)
    log.append([Draft(text, text, "decision", text, None, text, {})], 1.0)
    assert len(list(log.entries(run=text, key=text, name=text))) == 1
    assert list(log.faults()) == []


def test_where_none_is_it_says_so_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="there is none here"):
        Log(f"sqlite:///{tmp_path / 'log.sqlite'}")


def test_one_of_a_newer_schema_is_refused_and_an_older_one_is_brought_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = opened(tmp_path)
    log.append([decision(0)], 1.0)
    newer: Callable[..., Any] = lambda connection: connection.exec_driver_sql("CREATE TABLE more (a INTEGER)")  # noqa: E731
    with monkeypatch.context() as patched:
        patched.setattr(log_module, "STEPS", [*log_module.STEPS, newer])
        with pytest.raises(RegistryError, match="its schema is 1, this is 2"):
            Log(f"sqlite:///{tmp_path / 'log.sqlite'}")
        brought = opened(tmp_path)
        assert [entry.name for entry in brought.entries()] == ["0"]
        assert len(list(opened(tmp_path).entries())) == 1, "once"
    with pytest.raises(
        RegistryError, match="expected schema 1 or older, got 2: a newer Riverkeeper wrote it"
    ):
        opened(tmp_path)


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/db", "sqlite:////no/such/folder/log.sqlite"])
def test_a_url_that_is_none_is_one_clear_error(url: str) -> None:
    with pytest.raises(RegistryError, match="registry"):
        Log(url, create=True)


def test_when_the_disk_is_full_nothing_of_it_is_written(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append([decision(0)], 1.0)
    big = [replace(decision(number), body={"action": "x" * 10_000}) for number in range(1, 2000)]

    def small(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 60")

    event.listen(log._engine, "connect", small)
    with pytest.raises(
        RegistryError, match=r"full\. See to space, rights and the connection; nothing of this"
    ):
        log.append(big, 2.0)
    assert [entry.name for entry in log.entries()] == ["0"]
    assert list(log.faults()) == []


def test_a_log_file_that_is_damaged_is_one_clear_error(tmp_path: Path) -> None:
    opened(tmp_path).close()
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
    content = path.read_bytes().replace(b"CREATE TABLE riverkeeper_log", b"CREATE TABL  riverkeeper_log")
    # A name that is no UTF-8, in a message of SQLite's.
    path.write_bytes(content.replace(b"tableriverkeeper_log", b"tableriverkeeper_lo\xf2"))
    with pytest.raises(RegistryError, match=r"log\.sqlite"):
        Log(f"sqlite:///{path}")


def test_a_body_that_is_nested_too_deep_is_one_clear_error() -> None:
    entry = replace(chain([decision(0)], None)[0], text='{"a":' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(RegistryError, match="entry 1"):
        _ = entry.body


def test_all_goes_over_one_connection_while_the_log_is_connected(tmp_path: Path) -> None:
    log, opened_by = opened(tmp_path), list[str]()
    event.listen(log._engine, "connect", lambda *_: opened_by.append(threading.current_thread().name))
    other = threading.Thread(target=log.head, name="other")
    with log.connected(), log.connected():
        log.append([decision(0)], 1.0)
        assert [entry.name for entry in log.entries()] == ["0"]
        other.start()
        other.join()
        with pytest.raises(TypeError):  # which undoes its own transaction, and no other
            log.append([decision(1), replace(decision(1), name="no JSON", body={"a": object()})], 2.0)
        log.append([decision(2)], 3.0)
    assert opened_by == [threading.current_thread().name, "other"]
    log.head()
    assert len(opened_by) == 3
    assert list(log.faults()) == []
    assert [entry.name for entry in log.entries()] == ["0", "2"]
