"""What a window is compared with."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from dataflows.config import load_config
from dataflows.pinned_rows import read_reference
from engine.core.engine import Engine
from engine.errors import ConfigError, InputError
from engine.monitoring.columns import screen
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.types import EvaluationJob
from engine.records.values import Example
from engine.windows import Status
from tests.support.engines import ScriptedJudge, make_config

FLOW = """
[run]
name = "r"
[input]
path = "data.jsonl"
REFERENCE
[record]
id = "id"
time = ""
label = "y"
KEY
[model]
task = "binary"
model = "linear_model.LogisticRegression"
[window]
reference = "WHAT"
"""


def rows(count: int, start: int = 0) -> list[Example]:
    return [
        Example(str(n), float(n), {"a": float(n % 7)}, label=n % 7 > 3) for n in range(start, start + count)
    ]


def jobs(reference: str, script: dict[int, Status], pinned: Sequence[Example] = ()) -> list[EvaluationJob]:
    judge = ScriptedJudge(script)
    config = make_config(
        window={"count": 20, "sample": 20, "reference": reference},
        supervision={"min_events": 5, "patience": 2},
    )
    Engine(config, evaluator=judge, reference=pinned).process(rows(200))
    return judge.seen


@pytest.mark.parametrize(
    ("reference", "names"),
    [
        # The verdict on a window is there when the next one has closed.
        ("first_passed", ["none yet", "none yet", *["window 1"] * 6]),
        ("last_passed", ["none yet", "none yet", "window 1", *["window 2"] * 3, "window 5", "window 6"]),
        ("previous", ["none yet", *(f"window {n}" for n in range(7))]),
        ("pinned", ["pinned rows"] * 8),
    ],
)
def test_the_report_names_what_it_compares_with(reference: str, names: list[str]) -> None:
    found = jobs(reference, {0: "fail", 3: "fail", 4: "unjudged"}, rows(30, 1000))
    assert [job.reference_name for job in found][:8] == names
    for job in found:
        if job.reference_name.startswith("window"):
            of = int(job.reference_name.split()[1])
            assert job.reference == found[of].current
        else:
            assert (job.reference is None) == (job.reference_name == "none yet")


def test_after_patience_the_world_has_changed_but_pinned_rows_stay() -> None:
    fails: dict[int, Status] = dict.fromkeys(range(3, 10), "fail")
    assert jobs("first_passed", fails)[-1].reference_name != "window 0"
    assert {job.reference_name for job in jobs("pinned", fails, rows(30))} == {"pinned rows"}


def test_pinned_rows_go_through_the_contract_and_a_snapshot() -> None:
    fields = {"a": {"type": "number", "max": 3, "policy": "impute"}, "b": {"type": "number", "max": 1}}
    config = make_config(
        window={"count": 20, "sample": 5, "reference": "pinned"}, contract={"fields": fields}
    )
    pinned = [*rows(8), Example("x", 0.0, {"a": 1.0, "b": 2.0})]
    judge = ScriptedJudge()
    engine = Engine(config, evaluator=judge, reference=pinned)
    Engine.restore(engine.snapshot(), config, judge).process(rows(20))
    reference = judge.seen[0].reference
    assert reference is not None
    assert reference.rows == 5
    assert max(value for value in reference.columns["a"] if isinstance(value, float)) <= 3
    assert "b" not in reference.columns, "the row with it was rejected"


def test_what_pinned_rows_do_not_have_is_not_compared() -> None:
    (job, *_) = jobs("pinned", {}, [Example(row.id, row.time, row.features) for row in rows(30)])
    screened = screen(job, MonitoringConfig(), "binary")
    tested = [column.name for column in screened.columns if column.drift is not None]
    assert tested == ["a"]
    assert "label" not in {column.name for column in screened.columns}
    assert {check.column for check in screened.checks} == {"a"}


def write(folder: Path, reference: str, what: str = "pinned", key: str = "") -> Path:
    path = folder / "flow.toml"
    path.write_text(FLOW.replace("REFERENCE", reference).replace("WHAT", what).replace("KEY", key))
    (folder / "data.jsonl").write_text('{"id": "1", "a": 1, "y": true}\n')
    return path


def lines(count: int, **more: Any) -> bytes:
    return b"".join(orjson.dumps({"id": str(n), "a": n, **more}) + b"\n" for n in range(count))


def test_pinned_rows_are_read_from_a_file_each_key_its_own(tmp_path: Path) -> None:
    (tmp_path / "ref.jsonl").write_bytes(lines(30, shop="n") + b"spoilt\n" + lines(2000, shop="s", y=True))
    flow = load_config(write(tmp_path, 'reference = "ref.jsonl"', key='key = "shop"'))
    found = read_reference(flow)
    assert {key: len(rows) for key, rows in found.items()} == {"n": 30, "s": 1000}
    assert found["s"][0].label is True
    assert found["n"][0].label is None


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "ref.jsonl"), (b"", "expected examples, got none"), (b"spoilt\n", "got none; the first line")],
)
def test_a_file_of_no_use_is_told(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "ref.jsonl").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_reference(load_config(write(tmp_path, 'reference = "ref.jsonl"')))


@pytest.mark.parametrize(("reference", "what"), [("", "pinned"), ('reference = "r.jsonl"', "previous")])
def test_a_file_without_the_choice_or_the_choice_without_a_file_is_refused(
    tmp_path: Path, reference: str, what: str
) -> None:
    with pytest.raises(ConfigError, match=r"together with .*, which names the file; got one"):
        load_config(write(tmp_path, reference, what))
