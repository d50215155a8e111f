"""The commented example that `riverkeeper init` writes: every key there is, with what it means.

It is made from the configuration's own descriptions, so it cannot fall behind them, and it runs as it is,
on the Phishing data that River brings along (1,250 web sites, is it phishing?).
"""

from pathlib import Path
from typing import get_args, get_origin

import orjson
from pydantic.fields import FieldInfo
from river import datasets

from dataflows.commands.new_files import make_folder, refuse_existing, write_new
from dataflows.config import FlowConfig
from dataflows.toml import comment, literal
from engine.records.config import Section

DATA = "phishing.jsonl"

_SET: dict[str, str] = {
    "run.name": '"phishing"',
    "input.path": f'"{DATA}"',
    "model.task": '"binary"',
    "model.model": """[
    "preprocessing.StandardScaler",
    { type = "linear_model.LogisticRegression", l2 = 0.0 },
]""",
    "record.time": '""',
    "record.label": '"phishing"',
    "scores.metrics": '["Accuracy", "ROCAUC"]',
    "window.count": "250",
}
"""What the example sets; every other key is there as a comment, with its default."""

_FIRST = ("run", "input", "record", "model")


def write_example(folder: Path) -> list[Path]:
    """Writes `flow.toml` and the data it reads; returns both.

    Raises:
        OutputError: When one of them is there already, since nothing is written over, or the folder cannot be
            written to.
    """
    rows = (
        orjson.dumps({"id": number, **features, "phishing": label}) + b"\n"
        for number, (features, label) in enumerate(datasets.Phishing())
    )
    contents = {folder / "flow.toml": example_text().encode(), folder / DATA: b"".join(rows)}
    refuse_existing(contents)
    make_folder(folder)
    write_new(contents)
    return [*contents]


def example_text() -> str:
    """The commented configuration."""
    lines = [
        "# A Riverkeeper flow. Keys that are commented out show their default.",
        "#   riverkeeper check flow.toml     is it right? tried on a sample of the data",
        "#   riverkeeper run flow.toml       runs it; results go to runs/<name>/",
        "#   riverkeeper reports runs/<name> shows the windows",
    ]
    sections = {name: field for name, field in FlowConfig.model_fields.items() if name != "base"}
    for name in (*_FIRST, *(name for name in sections if name not in _FIRST)):
        section = _section_of(sections[name])
        if section is not None:
            lines += ["", *_section(f"{name}.NAME" if _is_table(sections[name]) else name, section)]
    return "\n".join(lines) + "\n"


def _section_of(field: FieldInfo) -> type[Section] | None:
    """The section class of a field, also behind `| None` or as the values of a table."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, Section):
            return kind
    return None


def _is_table(field: FieldInfo) -> bool:
    """Whether the field is a table of sections, each under a name that the user chooses."""
    return get_origin(field.annotation) is dict


def _section(path: str, section: type[Section], *, listed: bool = False) -> list[str]:
    required = path in {"run", "input", "model"}
    active = required or any(key.startswith(f"{path}.") for key in _SET)
    lines = comment((section.__doc__ or "").split("\n\n")[0])
    header = f"[[{path}]]" if listed else f"[{path}]"
    lines.append(header if active else f"# {header}")
    nested: list[str] = []
    for name, field in section.model_fields.items():
        key = f"{path}.{name}"
        inner = _section_of(field)
        if inner is not None:
            listed = get_origin(field.annotation) is list
            about = comment(field.description or "") if listed or _is_table(field) else []
            inner_path = f"{key}.NAME" if _is_table(field) else key
            nested += ["", *about, *_section(inner_path, inner, listed=listed)]
            continue
        lines += comment(field.description or "")
        if key in _SET:
            lines.append(f"{name} = {_SET[key]}")
        elif field.is_required():
            lines.append(f"# {name} =")
        else:
            default = literal(field.get_default(call_default_factory=True))
            lines.append(f"# {name} = {default}".rstrip())
    return lines + nested
