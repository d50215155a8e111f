import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from dataflows.commands.init import example_text, write_example
from dataflows.config import FlowConfig, check_buildable, load_config
from engine.errors import ConfigError, ModelError, OutputError
from engine.records.config import Section

OK = """
[run]
name = "trial"
[input]
path = "in.jsonl"
[model]
task = "binary"
model = "linear_model.LogisticRegression"
"""


@pytest.fixture(autouse=True)
def _same_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading puts the file's folder on the module path; not beyond one test."""
    monkeypatch.setattr(sys, "path", sys.path.copy())


def write(folder: Path, text: str) -> Path:
    path = folder / "flow.toml"
    path.write_text(text, encoding="utf-8")
    return path


def said(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        check_buildable(load_config(path), path)
    return str(caught.value)


def test_a_good_file_is_read_with_paths_relative_to_it(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, OK))
    assert config.run.name == "trial"
    assert config.model.task == "binary"
    assert config.base == tmp_path.resolve()
    assert config.run_dir == tmp_path.resolve() / "runs" / "trial"


def test_what_is_read_cannot_be_changed(tmp_path: Path) -> None:
    config: Any = load_config(write(tmp_path, OK))
    with pytest.raises(ValueError, match="frozen"):
        config.run.name = "other"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (OK + "[windw]\n", ["windw: unknown key; did you mean window?"]),
        (OK + "[window]\nsize = 3\n", ["window.size: unknown key"]),
        (OK + "[scores]\nmetrcs = []\n", ["scores.metrcs: unknown key; did you mean scores.metrics?"]),
        (OK + "[window]\ntolerance = 3\n", ["window.tolerance: unknown key; there is supervision.tolerance"]),
        (
            OK
            + "[challengers.share]\nmodel = 'x'\nmodl = 1\n[contract.fields.a]\ntype = 'text'\nmaximum = 3\n",
            [
                "challengers.share.modl: unknown key; did you mean challengers.share.model?",
                "contract.fields.a.maximum: unknown key; did you mean contract.fields.a.max?",
            ],
        ),
        ("base = '/'\n" + OK, ["base: unknown key"]),
        (OK.replace("[run]", "[rum]"), ["run: required, but missing", "rum: unknown key; did you mean run?"]),
        (OK.replace('task = "binary"\n', ""), ["model.task: required, but missing"]),
        (
            OK.replace('"binary"', '"bin"'),
            ["model.task: expected 'binary', 'multiclass', 'regression' or 'anomaly', got 'bin'"],
        ),
        (
            OK + "[window]\ncount = 'many'\n",
            ["window.count: expected a valid integer, unable to parse string as an integer, got 'many'"],
        ),
        (OK + "[window]\ncount = 1\n", ["window.count: expected greater than or equal to 2, got 1"]),
        (
            OK + "[monitoring]\nreports = 3\n",
            ["monitoring.reports: expected a valid boolean, unable to interpret input, got 3"],
        ),
        (OK + "[labels]\nwait = -1\n", ["labels.wait: expected greater than 0, got -1"]),
        (
            OK.replace('"trial"', '"../up"'),
            [r"run.name: expected text that matches pattern '^\w[\w.-]*$', got '../up'"],
        ),
        (
            OK + "[record]\npositive = 1\nnegative = 1\n",
            ["record: positive and negative are both 1; they must differ"],
        ),
        (
            OK + "[monitoring.drift]\nnumeric_warn = 3.0\n",
            ["monitoring.drift: numeric_warn (3.0) is above numeric_fail (1.0)"],
        ),
        (
            OK + "[contract.fields.age]\ntype = 'number'\nmax = inf\n",
            ["contract.fields.age.max: expected a finite number, got inf"],
        ),
        (
            OK + "[business.profit]\nwarn_below = 1\n",
            ["business.profit: expected exactly one of matrix, expression and function, got none"],
        ),
        (
            OK + "[business.profit]\nexpression = '1'\nfail_below = nan\n",
            ["business.profit.fail_below: expected a finite number, got nan"],
        ),
        (
            OK + "[business.profit]\nfunction = 'no_such_module:worth'\n",
            [
                "business.profit.function: cannot import 'no_such_module' (from 'no_such_module:worth'): "
                "ModuleNotFoundError: No module named 'no_such_module'. It must lie beside the configuration "
                "file or be installed."
            ],
        ),
        (
            OK + "[business.profit]\nexpression = 'price * 2'\n",
            [
                "business.profit.expression: unknown price; there are abs, ceil, exp, features, floor, "
                "label, log, max, min, prediction, probability, round, sqrt. A feature is features['price'] "
                "or features.get('price', 0)"
            ],
        ),
        (
            OK + "[scores]\nmetrics = ['Acuracy']\n",
            ["scores.metrics: River has no metric 'Acuracy'; did you mean Accuracy?"],
        ),
    ],
)
def test_each_mistake_is_one_line_with_file_key_expected_and_got(
    tmp_path: Path, text: str, lines: list[str]
) -> None:
    path = write(tmp_path, text)
    assert said(path).splitlines() == [f"{path}: {line}" for line in lines]


@pytest.mark.parametrize("events", [250, 251, 1000])
def test_a_trial_that_no_window_can_hold_is_refused_in_one_line(tmp_path: Path, events: int) -> None:
    path = write(tmp_path, OK + f"[window]\ncount = 250\n[supervision]\nmin_events = {events}\n")
    text = said(path)
    assert text.startswith(f"{path}: expected supervision.min_events below window.count")
    assert "below 250" in text
    assert f"it is {events}" in text
    assert "\n" not in text
    assert len(text) - len(str(path)) < 200


@pytest.mark.parametrize(
    ("window", "min_events", "cooldown"),
    [
        ("count = 250", 125, 250),
        ("count = 2", 1, 2),
        ("count = 5000", 500, 1000),
        ("seconds = 60", 500, 1000),
    ],
)
def test_what_is_omitted_fits_the_window(tmp_path: Path, window: str, min_events: int, cooldown: int) -> None:
    found = load_config(write(tmp_path, OK + f"[window]\n{window}\n")).supervision
    assert (found.trial_events, found.pause) == (min_events, cooldown)
    given = OK + f"[window]\n{window}\n[supervision]\ncooldown = 7\n"
    assert load_config(write(tmp_path, given)).supervision.pause == 7


def test_a_trial_that_a_window_just_holds_is_fine(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, OK + "[window]\ncount = 250\n[supervision]\nmin_events = 249\n"))
    assert config.supervision.min_events == 249


def test_a_file_that_is_not_there_says_how_to_get_one(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert (
        said(path)
        == f"{path}: cannot be read: No such file or directory. 'riverkeeper init' writes an example."
    )


def test_a_folder_in_place_of_a_file_cannot_be_read(tmp_path: Path) -> None:
    assert said(tmp_path).startswith(f"{tmp_path}: cannot be read: ")


@pytest.mark.parametrize("content", [b"[run", b"a = ", b"\xff\xfe", b"a = 1\na = 2\n", b"\x00"])
def test_a_file_that_is_not_toml_says_so_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "flow.toml"
    path.write_bytes(content)
    text = said(path)
    assert text.startswith(f"{path}: not TOML: ")
    assert "\n" not in text


def test_modules_beside_the_file_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / "beside_the_flow.py").write_text("answer = 42\n")
    path = write(tmp_path, OK)
    program = (
        "import sys; from pathlib import Path; from dataflows.config import load_config;"
        "load_config(Path(sys.argv[1])); load_config(Path(sys.argv[1]));"
        "import beside_the_flow; print(beside_the_flow.answer, sys.path.count(sys.argv[2]))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", program, str(path), str(tmp_path.resolve())],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.split() == ["42", "1"]


def test_a_configuration_is_read_without_importing_river(tmp_path: Path) -> None:
    flow, _ = write_example(tmp_path)
    program = (
        "import sys; from pathlib import Path; from dataflows.config import load_config;"
        "load_config(Path(sys.argv[1]));"
        "print([name for name in ('river', 'pandas', 'evidently', 'bytewax') if name in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", program, str(flow)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_model_that_cannot_be_built_is_told_with_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, OK.replace("LogisticRegression", "LogisticRegresion"))
    config = load_config(path)
    with pytest.raises(ModelError, match=r"flow\.toml: model\.model: .*LogisticRegresion"):
        check_buildable(config, path)


def test_the_example_runs_as_it_is_written(tmp_path: Path) -> None:
    flow, data = write_example(tmp_path / "new")
    config = load_config(flow)
    assert (config.base / str(config.input.path)).resolve() == data.resolve()
    assert len(data.read_bytes().splitlines()) == 1250
    assert flow.read_text(encoding="utf-8") == example_text()


@pytest.mark.parametrize("name", ["flow.toml", "phishing.jsonl"])
def test_the_example_is_never_written_over_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match="is there already; nothing was written"):
        write_example(tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]


def _keys(section: type[BaseModel], path: str = "") -> list[str]:
    """Every key of every section, with the sections before it."""
    keys = []
    for name, field in section.model_fields.items():
        kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
        inner = next((kind for kind in kinds if issubclass(kind, Section)), None)
        by_name = str(field.annotation).startswith("dict")
        keys += [f"{path}{name}"] if inner is None else _keys(inner, f"{path}{name}.{'NAME.' * by_name}")
    return [key for key in keys if key != "base"]


def test_the_example_mentions_every_key_of_every_section() -> None:
    mentioned = set()
    table = ""
    for line in example_text().splitlines():
        bare = line.removeprefix("# ")
        if bare.startswith("[") and bare.endswith("]"):
            table = bare.strip("[]")
        elif " =" in bare and bare.split(" =")[0].isidentifier():
            mentioned.add(f"{table}.{bare.split(' =')[0]}")
    keys = _keys(FlowConfig)
    assert len(keys) > 40
    assert set(keys) - mentioned == set()


def test_the_example_is_toml_and_its_comments_show_the_defaults(tmp_path: Path) -> None:
    assert tomllib.loads(example_text())["model"]["task"] == "binary"
    shown, table = [], ""
    optional_tables = {"[record.kind]", "[input.labels]", "[alerts.webhook]", "[[monitoring.detectors]]"}
    for line in example_text().splitlines():
        bare = line.removeprefix("# ")
        if bare.startswith("[") and bare.endswith("]"):
            table = bare
        key, _, value = bare.partition(" = ")
        # Tables that say something by being there, and keys without a default, stay comments.
        optional = "NAME" in table or "kafka" in table or table in optional_tables or not value
        shown.append(bare if bare == table or (key.isidentifier() and not optional) else line)
    shown = [
        line
        for line in shown
        if "NAME" not in line and not line.startswith("[kafka") and line not in optional_tables
    ]
    path = write(tmp_path, example_text())
    expected = load_config(path)
    assert load_config(write(tmp_path, "\n".join(shown))) == expected
    assert sum(" = " in line and not line.startswith("#") for line in shown) > 35
