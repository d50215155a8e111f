"""`init --from`: the file that is written runs, says why, and stands over nothing."""

from pathlib import Path

import pytest

from dataflows.commands.check import check_flow
from dataflows.config import load_config
from tests.support.typed import Typed

ROWS = [
    "id;PLZ;wert;status;bestellt",
    *(f"k{at};0{at % 3}067;{at % 9},5;{at % 4};{'ja' if at % 9 > 4 else 'nein'}" for at in range(900)),
]


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Typed:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kunden liste.csv").write_text("\n".join(ROWS), encoding="utf-8")
    return Typed(capsys, monkeypatch)


def test_the_flow_that_is_written_can_be_checked(typed: Typed, tmp_path: Path) -> None:
    status, shown = typed("init", "flow", "--from", "data/kunden liste.csv")
    assert status == 0, shown
    for part in (
        "wrote flow/flow.toml",
        "as text   PLZ",
        "'ja' is positive",
        "next: riverkeeper check flow/flow.toml",
    ):
        assert part in shown
    config = load_config(tmp_path / "flow" / "flow.toml")
    assert (config.run.name, config.input.path) == ("kunden-liste", "../data/kunden liste.csv")
    assert (config.record.id, config.record.label, config.window.count) == ("id", "bestellt", 250)
    found = check_flow(config)
    assert (found.problems, found.counts.rejected, found.counts.learned) == ([], 0, 900)
    assert found.types["PLZ"] == {"str": 900}
    assert found.types["wert"] == {"float": 900}
    assert {*tmp_path.iterdir()} == {tmp_path / "data", tmp_path / "flow"}


def test_the_contract_that_is_inferred_reads_the_file_in_the_same_way(typed: Typed) -> None:
    typed("init", "flow", "--from", "data/kunden liste.csv")
    _, with_flow = typed("contract", "infer", "data/kunden liste.csv", "--config", "flow/flow.toml")
    _, without = typed("contract", "infer", "data/kunden liste.csv")
    for shown in (with_flow, without):
        assert '[contract.fields.PLZ]\ntype = "text"' in shown
        assert '[contract.fields.wert]\ntype = "number"' in shown
    assert "[contract.fields.bestellt]" in without
    assert "[contract.fields.bestellt]" not in with_flow


def test_nothing_is_written_over(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "flow.toml").write_text("mine", encoding="utf-8")
    status, shown = typed("init", "--from", "data/kunden liste.csv")
    assert (status, (tmp_path / "flow.toml").read_text()) == (2, "mine")
    assert "is there already; nothing was written" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--from", "data/none.csv"), "data/none.csv: cannot be read"),
        (("--from", "data/kunden liste.csv", "--label", "bestelt"), "did you mean 'bestellt'?"),
        (("--label", "bestellt"), "--label: expected --from FILE too"),
    ],
)
def test_a_mistake_is_one_line(typed: Typed, words: tuple[str, ...], message: str) -> None:
    status, shown = typed("init", *words)
    assert status == 2
    assert message in shown
    assert shown.count("\n") == 1
    assert not Path("flow.toml").exists()
