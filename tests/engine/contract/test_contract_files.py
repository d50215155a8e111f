"""A contract in a file of its own: learned from data files, edited, and named by a flow."""

import gzip
import sys
import tomllib
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from typer.testing import CliRunner

from dataflows.cli.main import app
from dataflows.commands.check import check_flow
from dataflows.commands.contract_infer import contract_text, infer_contract
from dataflows.config import load_config
from engine.contract.config import ContractConfig, FieldConfig
from engine.contract.infer import contract_of
from engine.errors import ConfigError, InputError, OutputError

FLOW = """
[run]
name = "trial"
[input]
path = "in.jsonl"
{contract}
[record]
time = "at"
time_unit = "s"
label = "late"
kind = {{ field = "kind" }}
key = "shop"
ignore = ["note"]
[model]
task = "binary"
model = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]
"""
NAMED = 'contract = "rules/contract.toml"'


@pytest.fixture(autouse=True)
def _same_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading puts the file's folder on the module path; not beyond one test."""
    monkeypatch.setattr(sys, "path", sys.path.copy())


def rows(count: int = 400) -> list[dict[str, Any]]:
    meaning = {"kind": "example", "shop": "s", "note": "n"}
    return [
        {"id": i, "at": i, **meaning, "a b": i * 7 % 11, "late": i % 3 == 0, "x": None if i % 5 else 0.5 + i}
        for i in range(count)
    ]


def write(folder: Path, *extra: bytes, contract: str = NAMED) -> Path:
    """A flow with its data; returns the flow's file."""
    lines = [orjson.dumps(row) for row in rows()]
    lines += [
        orjson.dumps({"id": i, "at": 500, "shop": "s", "kind": "label", "late": True}) for i in range(9)
    ]
    (folder / "in.jsonl").write_bytes(b"\n".join([*lines, *extra]) + b"\n")
    flow = folder / "flow.toml"
    flow.write_text(FLOW.format(contract=contract), encoding="utf-8")
    return flow


def said(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return str(caught.value)


def test_a_flow_that_uses_the_contract_learned_from_its_data_rejects_nothing(tmp_path: Path) -> None:
    flow = write(tmp_path)
    found = infer_contract([str(tmp_path / "in.jsonl")], flow)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "contract.toml").write_text(contract_text(found), encoding="utf-8")
    config = load_config(flow)
    assert config.contract == contract_of(found.inference.found())
    assert config.contract.fields.keys() == {"a b", "x"}, "only features"
    assert config.contract.fields["a b"] == FieldConfig(type="number", required=True, min=0, max=15)
    tried = check_flow(config)
    assert (tried.counts.records, tried.counts.rejected, tried.counts.warned) == (409, 0, 0)
    assert tried.problems == []


def test_a_record_outside_of_the_learned_contract_is_turned_away(tmp_path: Path) -> None:
    flow = write(tmp_path)
    found = infer_contract([str(tmp_path / "in.jsonl")], flow)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "contract.toml").write_text(contract_text(found), encoding="utf-8")
    write(tmp_path, *(orjson.dumps(row | {"a b": 99 + row["id"], "id": -row["id"]}) for row in rows(7)))
    tried = check_flow(load_config(flow))
    assert tried.counts.rejected == 7
    (reasons,) = [found for said, found in tried.reasons.items() if said.startswith("rejected")]
    assert reasons[0] == "rejected: field 'a b': expected a number from 0.0 to 15.0, got 99"
    assert len(reasons) == 7, "one kind of breach, whatever the values were"


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("d.jsonl", bytes),
        ("d.jsonl.gz", gzip.compress),
        ("d.ndjson.zst", zstandard.compress),
    ],
)
def test_json_lines_are_read_plain_and_packed(tmp_path: Path, name: str, pack: Any) -> None:
    text = b"\n".join(orjson.dumps(row) for row in rows(10))
    (tmp_path / name).write_bytes(pack(text + b"\n{\n\xff\n[]\n\n"))
    found = infer_contract([str(tmp_path / name)], None)
    assert (found.inference.records, found.unreadable, found.labels) == (10, 3, 0)
    assert found.first.startswith(f"{tmp_path / name} at byte {len(text) + 1}: not JSON: ")
    names = [one.name for one in found.inference.found()]
    assert names == ["at", "kind", "shop", "note", "a b", "late", "x"], "the defaults leave out id alone"


def test_csv_and_json_and_whole_folders_are_read_together(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / "a.csv").write_text("id,a,b\n1,2,x\n2,,y\n3,4\n", encoding="utf-8")
    (tmp_path / "many" / "b.jsonl").write_text('{"id":3,"a":6.5}\n', encoding="utf-8")
    (tmp_path / "c.json").write_text('{"a":-1}\n', encoding="utf-8")
    found = infer_contract([str(tmp_path / "many"), str(tmp_path / "c.json")], None)
    assert (found.inference.records, found.unreadable) == (4, 1)
    fields = {one.name: one for one in found.inference.found()}
    assert fields["a"].seen == "number, -1 to 6.5, median about 2; missing in 1 of 4 (25.0%)"
    assert fields["b"].seen.endswith("missing in 2 of 4 (50.0%)")


def test_text_columns_of_the_flow_stay_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,size\n1,8001\n2,8002\n", encoding="utf-8")
    flow = tmp_path / "flow.toml"
    flow.write_text('[input]\npath = "gone.csv"\n[input.csv]\ntext_columns = ["size"]\n', encoding="utf-8")
    kinds = [
        infer_contract([str(tmp_path / "a.csv")], given).inference.found()[0].field for given in (None, flow)
    ]
    assert [kind and kind.type for kind in kinds] == ["number", "text"]


def test_records_of_neither_kind_and_oversized_ones_are_unreadable(tmp_path: Path) -> None:
    flow = write(tmp_path, b'{"kind":"other"}', b'{"kind":"example","a b":"' + b"x" * 1_000_000 + b'"}')
    found = infer_contract([str(tmp_path / "in.jsonl")], flow)
    assert (found.inference.records, found.labels, found.unreadable) == (400, 9, 2)
    assert "field 'kind': expected 'example' or 'label'" in found.first


@pytest.mark.parametrize("content", [b"", b"\n\n", b"{\n", b"[1]\n"])
def test_data_without_a_record_is_said_to_be_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "d.jsonl").write_bytes(content)
    with pytest.raises(InputError, match="expected records to learn from, got"):
        infer_contract([str(tmp_path / "d.jsonl")], None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[record]\nidd = 3\n", "flow.toml: record.idd: unknown key"),
        ("[record\n", "flow.toml: not TOML"),
        ("[input]\nform = 3\n", "flow.toml: input.form: unknown key"),
    ],
)
def test_mistakes_in_the_flow_are_said(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path)
    (tmp_path / "flow.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        infer_contract([str(tmp_path / "in.jsonl")], tmp_path / "flow.toml")


def contract_file(folder: Path, text: str) -> Path:
    (folder / "rules").mkdir()
    path = folder / "rules" / "contract.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_contract_here_and_in_a_file_is_one_too_many(tmp_path: Path) -> None:
    flow = write(tmp_path)
    contract_file(tmp_path, "[contract]\n")
    with flow.open("a", encoding="utf-8") as out:
        out.write("[contract]\npolicy = 'warn'\n")
    expected = "expected a section here or the file that input.contract names, got both; remove one"
    assert said(flow) == f"{flow}: contract: {expected}"


def test_the_file_of_the_contract_is_named_when_it_is_not_there(tmp_path: Path) -> None:
    flow = write(tmp_path)
    assert said(flow) == (
        f"{tmp_path / 'rules/contract.toml'}: cannot be read: No such file or directory. "
        "'riverkeeper contract infer' writes one."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[contract]\npolicy = 'drop'\n",
            "contract.policy: expected 'reject', 'warn' or 'impute', got 'drop'",
        ),
        ("[contract.fields.a]\nmin = 1\n", "contract.fields.a.type: required, but missing"),
        ("[contract]\n[input]\n", "input: unknown key"),
        ("", "contract: required, but missing"),
        ("[contract", "not TOML: "),
    ],
)
def test_mistakes_in_the_file_of_the_contract_are_said(tmp_path: Path, text: str, message: str) -> None:
    flow = write(tmp_path)
    path = contract_file(tmp_path, text)
    assert said(flow).startswith(f"{path}: {message}")


def test_a_contract_that_is_no_name_is_refused(tmp_path: Path) -> None:
    flow = write(tmp_path, contract="contract = 3")
    assert said(flow) == f"{flow}: input.contract: expected a valid string, got 3"


def test_the_command_prints_toml_alone_and_its_notes_apart(tmp_path: Path) -> None:
    flow = write(tmp_path, b"{")
    data = str(tmp_path / "in.jsonl")
    done = CliRunner().invoke(app, ["contract", "infer", data, "--config", str(flow)])
    assert done.exit_code == 0
    config = ContractConfig.model_validate(tomllib.loads(done.stdout)["contract"])
    assert config.fields.keys() == {"a b", "x"}
    assert "2 fields in 400 records, 9 labels left out" in done.stderr
    assert "1 lines could not be read; the first:" in done.stderr
    assert "no --config given" not in done.stderr
    plain = CliRunner().invoke(app, ["contract", "infer", data])
    assert "no --config given: every field is taken for a feature, except id, time, label" in plain.stderr


def test_the_command_writes_a_new_file_and_leaves_one_that_is_there(tmp_path: Path) -> None:
    flow, out = write(tmp_path), tmp_path / "c.toml"
    call = ["contract", "infer", str(tmp_path / "in.jsonl"), "--config", str(flow), "--out", str(out)]
    done = CliRunner().invoke(app, call)
    assert (done.exit_code, done.stdout) == (0, "")
    assert f'wrote {out}; read it, then name it in your flow: [input] contract = "c.toml"' in done.stderr
    before = out.read_bytes()
    assert b'#   contract = "c.toml"' in before
    again = CliRunner().invoke(app, call)
    assert isinstance(again.exception, OutputError)
    assert out.read_bytes() == before
