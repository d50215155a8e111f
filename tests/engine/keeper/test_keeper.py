"""A keeper is engines by key, whatever form records come in, and its checkpoints hold all of them."""

import copy
import json
import pickle
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import (
    ConfigError,
    Decision,
    Engine,
    EngineConfig,
    Event,
    Example,
    InputError,
    Keeper,
    Label,
    ModelError,
    Outcome,
    Prediction,
    SnapshotError,
    UsageError,
    Version,
    as_dict,
    as_line,
)
from engine.core.serialize import encode

CONFIG: dict[str, Any] = {
    "model": {"task": "binary", "model": ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]},
    "record": {"key": "shop"},
    "window": {"count": 20},
    "monitoring": {"reports": False},
    "labels": {"max_waiting": 15},
}


def rows(seed: int, count: int = 120) -> list[dict[str, Any]]:
    """Records of three keys as fields; some have their label, some get it later, some are wrong."""
    found: list[dict[str, Any]] = []
    for at in range(count):
        mixed = (at * 7919 + seed * 104729) % 1000
        row = {"id": f"r{at}", "time": float(at), "shop": "abc"[mixed % 3], "x": mixed / 100, "town": "Graz"}
        if mixed % 4 == 0:
            row["label"] = mixed > 500
        if mixed % 11 == 0:
            row["x"] = None if mixed % 2 else "many"
        if mixed % 13 == 0:
            del row["shop"]
        found.append(row)
    return found


def in_form(row: dict[str, Any], form: int) -> Any:
    text = orjson.dumps(row)
    return [text, text.decode(), row, bytearray(text), memoryview(text)][form % 5]


def lines(events: list[Event]) -> list[dict[str, Any]]:
    """Events as they are written, without what is random in a pickle."""
    found = [as_dict(event) for event in events]
    return [
        {name: value for name, value in row.items() if name not in {"sha256", "size", "raw"}} for row in found
    ]


seeds = st.integers(0, 50)


@given(seeds, st.lists(st.integers(0, 4), min_size=1), st.lists(st.integers(0, 120), max_size=4))
def test_neither_form_nor_cuts_make_a_difference(seed: int, forms: list[int], cuts: list[int]) -> None:
    stream = rows(seed)
    with Keeper(CONFIG) as whole, Keeper(CONFIG) as cut:
        expected = whole.process([orjson.dumps(row) for row in stream], source="t")
        places = sorted({0, *cuts, len(stream)})
        events: list[Event] = []
        for begin, end in pairwise(places):
            part = [in_form(row, forms[at % len(forms)]) for at, row in enumerate(stream[begin:end], begin)]
            events += cut.process(part, source="t")
        assert lines(events) == lines(expected)
        assert {key: one.counts for key, one in cut.engines.items()} == {
            key: one.counts for key, one in whole.engines.items()
        }
        assert set(whole.engines) == {"a", "b", "c", "no-key"}


@given(seeds, st.integers(0, 120), st.booleans())
def test_a_checkpoint_brings_every_key_back(seed: int, at: int, late: bool) -> None:
    stream = rows(seed)
    with Keeper(CONFIG) as first, Keeper(CONFIG) as second:
        first.process(stream[: at // 2])
        saved = first.changed() if late else {}
        first.process(stream[at // 2 : at])
        touched = first.changed()
        assert not late or set(touched) == {row.get("shop", "no-key") for row in stream[at // 2 : at]}
        assert not first.changed()
        second.restore(saved | touched)
        assert lines(second.process(stream[at:])) == lines(first.process(stream[at:]))
        assert second.finish()[-1] == first.finish()[-1]


@given(seeds)
def test_the_verbs_do_what_records_do(seed: int) -> None:
    with Keeper(CONFIG) as asked, Keeper(CONFIG) as told:
        for at, row in enumerate(rows(seed, 60)):
            x: dict[str, Any] = {"x": at % 7, "town": "Graz"}
            time = float(at)
            prediction = asked.predict_one(x, id=row["id"], key="k", time=time)
            assert isinstance(prediction, Prediction)
            events = told.process([Example(row["id"], time, x)], key="k")
            assert prediction in events
            outcome = asked.learn_one(at % 2 == 0, id=row["id"], key="k", time=time)
            assert outcome in told.process([Label(row["id"], time, at % 2 == 0)], key="k")
        assert asked.engines["k"].scores == told.engines["k"].scores
        assert [as_dict(event) for event in asked.events()]  # the version that it began as, and rates
        assert not asked.events()


def test_a_loop_needs_no_ids() -> None:
    with Keeper(CONFIG) as keeper:
        for at in range(40):
            keeper.predict_one({"x": at % 2})
            outcome = keeper.learn_one(at % 2 == 0)
            assert isinstance(outcome, Outcome)
            assert outcome.example.features == {"x": at % 2}
        assert keeper.engines["main"].scores["Accuracy"] > 0.9


def test_an_iterator_that_raises_has_lost_nothing() -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield from rows(1, 5)
        raise OSError("the source died")

    with Keeper(CONFIG) as keeper:
        with pytest.raises(OSError, match="the source died"):
            keeper.process(broken())
        assert not keeper.engines


def test_a_record_that_is_turned_away_says_why() -> None:
    with Keeper(CONFIG) as keeper:
        with pytest.raises(InputError, match=r"key 'main': field 'x': expected a finite number.*got \[1\]"):
            keeper.predict_one({"x": [1]})  # type: ignore[dict-item]  # that is the test
        keeper.predict_one({"x": 1}, id="a")
        with pytest.raises(InputError, match="id"):
            keeper.predict_one({"x": 1}, id="a")
        with pytest.raises(InputError, match="field 'label': expected the positive"):
            keeper.learn_one("perhaps", id="a")
        keeper.learn_one(True, id="a")
        with pytest.raises(InputError, match="key 'main': "):
            keeper.learn_one(True, id="a")
        assert keeper.engines["main"].counts.add_up()


@pytest.mark.parametrize("wrong", [b'{"id": 1}', '{"id": 1}', {"id": 1}])
def test_one_record_by_itself_is_no_list_of_records(wrong: Any) -> None:
    with Keeper(CONFIG) as keeper, pytest.raises(UsageError, match="process: expected a list of records"):
        keeper.process(wrong)


def test_what_is_named_must_be_there() -> None:
    with Keeper(CONFIG) as keeper:
        keeper.predict_one({"x": 1}, id=7, key="a")
        with pytest.raises(SnapshotError, match="key 'b': no record of it has come; keys: 'a'"):
            keeper.snapshot("b")
        with pytest.raises(InputError, match="there was none; name the id"):
            keeper.learn_one(True, key="b")
        with pytest.raises(InputError, match=r"id: expected text or a whole number, got 1\.5"):
            keeper.predict_one({"x": 1}, id=1.5)  # type: ignore[arg-type]  # that is the test
        with pytest.raises(InputError, match="time"):
            keeper.predict_one({"x": 1}, time="soon")  # type: ignore[arg-type]  # that is the test
        with pytest.raises(SnapshotError, match="expected a snapshot of the key 'b', got one of 'a'"):
            keeper.restore({"b": keeper.snapshot("a")})
        assert keeper.predict_one({"x": 1}, time=datetime(2024, 1, 1, tzinfo=UTC)).time == 1704067200.0


def test_positions_are_those_of_the_last_accepted_record() -> None:
    with Keeper(CONFIG) as keeper:
        keeper.process(rows(0, 30), source="topic-0", position=100)
        found = {key: keeper.positions(key) for key in keeper.engines}
        last = {
            row.get("shop", "no-key"): at for at, row in enumerate(rows(0, 30), 100) if row["x"] != "many"
        }
        assert {key: at["topic-0"] for key, at in found.items() if at} | {"no-key": 0} == last | {"no-key": 0}


def test_a_command_is_carried_out_once() -> None:
    with Keeper(CONFIG) as keeper:
        keeper.process(rows(0))
        [decision] = [
            e
            for e in keeper.command("pin", key="a", who="eva", why="audit", id="1")
            if isinstance(e, Decision)
        ]
        assert (decision.action, decision.who) == ("pin", "eva")
        assert not keeper.command("pin", key="a", who="eva", why="audit", id="1")


def test_a_copy_goes_on_by_itself() -> None:
    with Keeper(CONFIG) as keeper:
        keeper.process(rows(3, 60))
        keeper.predict_one({"x": 1.0}, key="a")
        for other in (copy.deepcopy(keeper), pickle.loads(pickle.dumps(keeper))):  # noqa: S301 - our own
            with other:
                assert isinstance(other.learn_one(True, key="a"), Outcome)
                assert other.engines["a"].counts.learned == keeper.engines["a"].counts.learned + 1
                assert set(other.changed()) == set(keeper.engines)


def test_threads_take_turns() -> None:
    failed: list[BaseException] = []

    def work(keeper: Keeper, name: str) -> None:
        try:
            for at in range(150):
                keeper.predict_one({"x": at % 3}, id=f"{name}{at}")
                keeper.learn_one(at % 2 == 0, id=f"{name}{at}")
        except BaseException as error:  # noqa: BLE001 - it is reported below
            failed.append(error)

    with Keeper(CONFIG) as keeper:
        threads = [threading.Thread(target=work, args=(keeper, name)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counts = keeper.engines["main"].counts
        assert (failed, counts.records, counts.matched, counts.add_up()) == ([], 1200, 600, True)


def test_every_event_says_as_a_dict_what_its_line_says() -> None:
    with Keeper(CONFIG) as keeper:
        events = keeper.process(rows(4)) + keeper.finish()
        events = [event for event in events if not isinstance(event, Outcome)]
        assert {type(event) for event in events} >= {Prediction, Version}
        for event in events:
            [chunk] = encode([event])[0].values()
            assert as_line(event) + b"\n" == chunk.text
            assert as_dict(event) == json.loads(chunk.text)


def test_a_configuration_is_wrong_at_once() -> None:
    with pytest.raises(ModelError, match="LogisticRegresion"):
        Keeper({"model": {"task": "binary", "model": "linear_model.LogisticRegresion"}})
    with pytest.raises(ConfigError, match=r"window\.cont: unknown key; did you mean window\.count"):
        Keeper({**CONFIG, "window": {"cont": 5}})


def test_an_engine_config_is_taken_as_it_is() -> None:
    config = EngineConfig.model_validate(CONFIG)
    with Keeper(config) as keeper, Engine(config) as alone:
        assert keeper.config is config
        example = Example("a", 0.0, {"x": 1.0})
        assert keeper.process([example], key="main") == alone.begin() + alone.process([example])


def test_what_makes_no_sense_is_refused() -> None:
    with Keeper(CONFIG) as keeper:
        keeper.predict_one({"x": 1}, id="a")
        with pytest.raises(UsageError, match=r"command: expected one of rollback, .*, got 'explode'"):
            keeper.command("explode")  # type: ignore[arg-type]  # that is the test
        with pytest.raises(UsageError, match="restore: expected snapshots by key, got a bytes"):
            keeper.restore(keeper.snapshot())  # type: ignore[arg-type]  # that is the test
    with pytest.raises(UsageError, match="the keeper is closed"):
        keeper.learn_one(True, id="a")
    with Keeper(CONFIG) as other:
        other.restore(keeper.changed())
        assert other.learn_one(True, id="a") is not None


def test_a_flows_file_is_read_as_a_flow_reads_it(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text('[contract.fields.x]\ntype = "number"\nmax = 3\n')
    flow = tmp_path / "flow.toml"
    outside = '[run]\nname = "a"\n[input]\npath = "gone.csv"\ncontract = "rules.toml"\n'
    text = outside + '[model]\ntask = "binary"\nmodel = "auto"\n'
    flow.write_text(text + "[alerts]\nlog = false\n")
    with Keeper(flow) as keeper:
        with pytest.raises(InputError, match=r"field 'x': expected a number of at most 3\.0, got 4"):
            keeper.predict_one({"x": 4})
        assert str(tmp_path) in sys.path
    flow.write_text(text + '[contract]\npolicy = "warn"\n')
    with pytest.raises(ConfigError, match=r"the file that input\.contract names, got both"):
        Keeper(flow)
