"""`riverkeeper check` over a model: what it asks of it, what it only warns of, and its exit status."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import typer

from dataflows.cli.main import check
from dataflows.commands.check import check_flow
from dataflows.config import load_config
from engine.errors import ConfigError

OWN = '''
from river import base


class Visits(base.Classifier):
    """Counts the visits of each user, and forgets none."""

    def __init__(self):
        self.visits = {}

    def learn_one(self, x, y):
        self.visits[x.get("user", "")] = self.visits.get(x.get("user", ""), 0) + 1

    def predict_proba_one(self, x):
        share = 1 / (2 + self.visits.get(x.get("user", ""), 0))
        return {True: share, False: 1 - share}


class NeedsPrice(Visits):
    def learn_one(self, x, y):
        super().learn_one({"user": x["price"]}, y)


class Silent(base.Classifier):
    def learn_one(self, x, y):
        pass

    def predict_proba_one(self, x):
        return {}
'''
LOGISTIC = '["preprocessing.StandardScaler", "linear_model.LogisticRegression"]'
NO_USER = '[contract]\nextra = "ignore"\n[contract.fields]\nprice = { type = "number" }'


def write_flow(folder: Path, model: str, *, task: str = "binary", labels: int = 1, extra: str = "") -> Path:
    """A flow over 300 orders, one in so many of them labelled, with a module of the user's own beside it."""
    name = f"own_{abs(hash(folder))}"
    (folder / f"{name}.py").write_text(OWN, encoding="utf-8")
    with (folder / "orders.jsonl").open("wb") as out:
        for number in range(300):
            row: dict[str, Any] = {"id": number, "user": f"u{number}", "price": number % 9}
            if labels and number % labels == 0:
                row["label"] = number % 3 == 0
            out.write(orjson.dumps(row) + b"\n")
    path = folder / "flow.toml"
    model = model.replace("own:", f"{name}:")
    path.write_text(
        f"""
[run]
name = "test"
[input]
path = "orders.jsonl"
[record]
time = ""
[model]
task = "{task}"
model = {model}
{extra}
""",
        encoding="utf-8",
    )
    return path


def test_a_model_that_grows_is_warned_of_and_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow = write_flow(tmp_path, '"own:Visits"')
    check(flow)
    said = " ".join(capsys.readouterr().out.split())
    assert "warning: the model breaks a law: its size is bounded: Visits.visits grows by" in said
    assert "made up for 'user'" in said
    assert said.endswith("fine")
    found = check_flow(load_config(flow))
    growth, *outputs = found.warnings
    assert "its size is bounded" in growth
    assert outputs == [
        "the last 150 outputs are all the same: 0.5",
        "worse than the baseline, which knows no features: mean loss 0.25, the baseline's 0.2233, over the "
        "last 150 labelled events",
    ]
    assert found.problems == []


def test_a_model_that_breaks_a_law_does_not_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flow = write_flow(tmp_path, '"own:NeedsPrice"')
    with pytest.raises(typer.Exit) as exited:
        check(flow)
    assert exited.value.exit_code == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "problem: the model breaks a law: a missing feature does not stop it: without 'price'" in said
    assert not said.endswith("fine")


def test_the_contract_says_what_the_model_will_never_meet(tmp_path: Path) -> None:
    required = "[contract.fields]\nprice = { type = 'number', required = true }"
    flow = write_flow(tmp_path, '"own:NeedsPrice"', extra=required)
    assert check_flow(load_config(flow)).problems == []


def test_a_text_for_a_model_of_numbers_is_a_problem_until_the_contract_keeps_it_out(tmp_path: Path) -> None:
    assert check_flow(load_config(write_flow(tmp_path, LOGISTIC))).problems
    assert check_flow(load_config(write_flow(tmp_path, LOGISTIC, extra=NO_USER))).problems == []


def test_a_model_that_cannot_learn_from_text_is_told_the_fields_and_the_remedy(tmp_path: Path) -> None:
    problems = check_flow(load_config(write_flow(tmp_path, LOGISTIC))).problems
    assert problems[0].startswith(
        "the model failed to learn 300 labelled examples; m0 cannot learn example '0'"
    )
    assert "Text in 'user': let the model begin with \"auto\"" in problems[0]
    assert check_flow(load_config(write_flow(tmp_path, '"auto"'))).problems == []


def test_a_model_that_answers_with_nothing_does_not_pass(tmp_path: Path) -> None:
    flow = write_flow(tmp_path, '"own:Silent"')
    problem = "150 of the last 150 outputs are null: the model gives no answer there"
    assert problem in check_flow(load_config(flow)).problems


def test_long_lists_are_cut_and_say_how_much_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = write_flow(tmp_path, '"auto"')
    with (tmp_path / "orders.jsonl").open("wb") as out:
        for number in range(100):
            row: dict[str, Any] = {f"c{column}": float(number % 3) for column in range(1500)}
            row |= {"id": number, "label": number % 2 == 0, "rare": "x" if number % 5 else None}
            out.write(orjson.dumps(row) + b"\n")
    monkeypatch.setattr("dataflows.commands.check.VALUES", 50_000)
    monkeypatch.setattr("dataflows.commands.check.check_model", lambda *_: [])
    check(flow)
    said = " ".join(capsys.readouterr().out.split())
    assert "34 records tried" in said, "of wide records fewer are enough"
    assert said.count("feature ") == 10
    assert said.index("feature rare: str, present in 79.4%") < said.index("feature c0: float")
    assert "and 1,491 more features" in said


def test_only_labelled_examples_are_tried_and_counted(tmp_path: Path) -> None:
    found = check_flow(load_config(write_flow(tmp_path, LOGISTIC, labels=3, extra=NO_USER)))
    assert (found.learned, found.types["price"].total(), found.counts.predicted) == (100, 100, 300)
    assert found.problems == []
    found = check_flow(load_config(write_flow(tmp_path, LOGISTIC, labels=0, extra=NO_USER)))
    assert found.problems == ["no label has found its prediction: nothing can be learned"]


@pytest.mark.parametrize("labels", [0, 1, 2])
def test_an_anomaly_detector_is_tried_on_every_example_labelled_or_not(tmp_path: Path, labels: int) -> None:
    model = '{ type = "anomaly.HalfSpaceTrees", n_trees = 3, seed = 1 }'
    found = check_flow(load_config(write_flow(tmp_path, model, task="anomaly", labels=labels, extra=NO_USER)))
    assert (found.learned, found.types["price"].total()) == (300, 300)
    assert found.problems + found.warnings == []


def test_a_label_that_comes_after_its_example_was_learned_makes_no_second_example(tmp_path: Path) -> None:
    model = '{ type = "anomaly.HalfSpaceTrees", n_trees = 3, seed = 1 }'
    flow = write_flow(tmp_path, model, task="anomaly", labels=0, extra=NO_USER)
    flow.write_text(flow.read_text().replace('time = ""', 'time = ""\nkind = { field = "kind" }'))
    rows = [orjson.loads(line) for line in (tmp_path / "orders.jsonl").read_bytes().splitlines()]
    late = [{"id": row["id"], "kind": "label", "label": False} for row in rows]
    lines = [orjson.dumps(row) for row in [*(row | {"kind": "example"} for row in rows), *late]]
    (tmp_path / "orders.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    found = check_flow(load_config(flow))
    assert (found.counts.matched, found.learned, found.types["price"].total()) == (300, 300, 300)


def test_every_share_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(write_flow(tmp_path, LOGISTIC, labels=3, extra=NO_USER))
    assert "feature price: int, present in 100.0%" in capsys.readouterr().out


def test_metrics_of_one_s_own_that_cannot_be_built_are_told(tmp_path: Path) -> None:
    extra = NO_USER + '\n[monitoring]\nextra = ["RowCount", "ColumCount"]'
    with pytest.raises(ConfigError, match="no metric or preset 'ColumCount'; did you mean 'ColumnCount'"):
        check_flow(load_config(write_flow(tmp_path, LOGISTIC, extra=extra)))
    right = extra.replace("ColumCount", "ColumnCount")
    assert check_flow(load_config(write_flow(tmp_path, LOGISTIC, extra=right))).problems == []


def test_metrics_of_one_s_own_that_are_not_spelled_right_are_told_when_the_flow_is_read(
    tmp_path: Path,
) -> None:
    extra = NO_USER + '\n[monitoring]\nextra = [{ type = "RowCount", must = { below = 3 } }]'
    with pytest.raises(ConfigError, match="there is no test 'below'"):
        load_config(write_flow(tmp_path, LOGISTIC, extra=extra))


@pytest.mark.parametrize(
    ("model", "crate", "told"),
    [
        (LOGISTIC, None, "the model runs in River: riverkeeper-native is not installed (docs/native.md)"),
        ('"naive_bayes.MultinomialNB"', "0.1.0", "the model runs in River: riverkeeper-native does not"),
    ],
)
def test_it_is_told_whether_the_model_runs_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, crate: str | None, told: str
) -> None:
    monkeypatch.setattr("dataflows.commands.check.crate_version", lambda: crate)
    monkeypatch.setattr("engine.models.running.compile_model", lambda _: None)
    assert check_flow(load_config(write_flow(tmp_path, model, extra=NO_USER))).runs.startswith(told)
