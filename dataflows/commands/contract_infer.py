"""`riverkeeper contract infer`: a contract learned from files, as TOML that a person can read and edit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataflows.config import read_sections
from dataflows.connectors.base import batches
from dataflows.connectors.batch import Content, RawRecord
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.registry import open_files
from dataflows.guess.sample import files_of, read_sample
from dataflows.lifecycle.progress import Progress
from dataflows.toml import comment, key, literal
from engine.contract.config import ContractConfig, FieldConfig
from engine.contract.infer import Inference, Inferred
from engine.errors import InputError
from engine.records.config import RecordConfig
from engine.records.parse import parse

_WIDTH = 98


@dataclass(slots=True)
class Findings:
    """What the data has shown.

    Attributes:
        data: Where it was, as it was named.
        record: Which of its fields are no features.
        inference: What the records have shown.
        labels: Records that only bring a label.
        unreadable: Lines that could not be read.
        first: Why the first of them could not.
    """

    data: list[str]
    record: RecordConfig
    inference: Inference = field(default_factory=Inference)
    labels: int = 0
    unreadable: int = 0
    first: str = ""


def infer_contract(data: list[str], flow: Path | None, progress: Progress | None = None) -> Findings:
    """Reads all the data; `flow` is the file whose `record` section says which fields are no features.

    Raises:
        ConfigError: When that file cannot be used.
        InputError: When the data cannot be read, or not one record of it.
    """
    record, given = (RecordConfig(), None) if flow is None else read_sections(flow)
    like = given or _as_guessed(data)
    found = Findings(data, record)
    for batch in batches(open_files(like, record, Path(), data), progress):
        for raw_record in batch.records():
            _look_at(raw_record, found)
    if not found.inference.records:
        first = f"; the first: {found.first}" if found.first else ""
        raise InputError(
            f"input {', '.join(data)}: expected records to learn from, got {found.unreadable:,} lines that "
            f"cannot be read and {found.labels:,} labels{first}"
        )
    return found


def _as_guessed(data: list[str]) -> InputConfig:
    """How the first table is written, where no flow says it: its marks, and which of its columns are text."""
    try:
        tables = [file for file in files_of(data) if file.format in {"csv", "tsv"}]
        return InputConfig(csv=read_sample(Path(tables[0].name)).csv()) if tables else InputConfig()
    except InputError:
        return InputConfig()  # what is wrong with it is told where all of it is read


def _look_at(raw_record: RawRecord, found: Findings) -> None:
    record = found.record
    error = raw_record.error
    if error is None and len(raw_record.raw) > record.max_bytes:
        error = f"expected a record of at most {record.max_bytes} bytes, got {len(raw_record.raw)}"
    fields: Any = None
    if error is None:
        try:
            fields = _fields(raw_record.content)
        except ValueError as problem:
            error = f"not JSON: {problem}"
    if error is None:
        error = _kind_problem(fields, record)
    if error is not None:
        found.unreadable += 1
        found.first = found.first or f"{raw_record.source} at byte {raw_record.offset}: {error}"
    elif record.kind is not None and fields[record.kind.field] == record.kind.label:
        found.labels += 1
    else:
        for name in record.not_features():
            fields.pop(name, None)
        found.inference.add(fields)


def _fields(content: Content) -> Any:
    """The record, which may be changed.

    Raises:
        ValueError: It is not JSON.
    """
    return parse(content) if isinstance(content, bytes) else {**content}


def _kind_problem(fields: Any, record: RecordConfig) -> str | None:
    """Why this is neither an example nor a label, if it is neither."""
    if type(fields) is not dict:
        return f"expected a JSON object, got {type(fields).__name__}"
    kind = record.kind
    if kind is None or fields.get(kind.field) in (kind.example, kind.label):
        return None
    return f"field {kind.field!r}: expected {kind.example!r} or {kind.label!r}"


def contract_text(found: Findings, name: str = "contract.toml") -> str:
    """The contract as a file of that name: a table for each field, under a comment on what was seen."""
    fields = found.inference.found()
    lines = [
        *_about(found, name),
        "",
        *comment("What a breach does: reject, warn or impute. A field's own policy counts more."),
        "[contract]",
        f"policy = {literal(ContractConfig().policy)}",
        *comment("Features that are not named below: accept, ignore, warn or reject."),
        f"extra = {literal(ContractConfig().extra)}",
    ]
    for one in fields:
        lines += ["", *_table(one)]
    return "\n".join(lines) + "\n"


def _about(found: Findings, name: str) -> list[str]:
    inference = found.inference
    lines = comment(f"Inferred from {inference.records:,} records of {', '.join(found.data)}.")
    lines += comment(f"Not features: {', '.join(found.record.not_features())}.")
    if found.unreadable:
        lines += comment(f"{found.unreadable:,} lines could not be read. The first: {found.first}")
    if inference.beyond:
        lines += comment(
            f"Too many names to follow: {inference.beyond:,} values of names that came late are left out."
        )
    lines += comment("Change what you know better, then name this file in your flow:")
    return [*lines, "#   [input]", f"#   contract = {literal(name)}"]


def _table(one: Inferred) -> list[str]:
    table = [f"[contract.fields.{key(one.name)}]", *(_settings(one.field) if one.field else ["type ="])]
    if one.settled:
        return [*comment(one.seen), *table]
    decide = (
        "Say what it must be, and remove the #. In CSV, input.csv.text_columns makes it text in every row."
    )
    if one.field is not None:
        decide += f" As it is below, what is no {one.field.type} becomes missing."
    return [*comment(f"{one.seen}. {decide}"), *(f"# {line}" for line in table)]


def _settings(config: FieldConfig) -> list[str]:
    given: Mapping[str, Any] = config.model_dump(exclude_defaults=True)
    return [line for name, value in given.items() for line in _setting(name, _tidy(value))]


def _setting(name: str, value: Any) -> list[str]:
    line = f"{name} = {literal(value)}"
    if not isinstance(value, list) or len(line) <= _WIDTH:
        return [line]
    rows = [""]
    for item in map(literal, value):
        if rows[-1] and len(rows[-1]) + len(item) + 6 > _WIDTH:
            rows.append("")
        rows[-1] += f"{' ' if rows[-1] else ''}{item},"
    return [f"{name} = [", *(f"    {row}" for row in rows), "]"]


def _tidy(value: Any) -> Any:
    """Whole numbers without a point; they are read back as the same limit."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value
