"""`riverkeeper init --from FILE`: a flow that runs on a file of the user's own, guessed from its rows."""

import re
from pathlib import Path

from dataflows.commands.new_files import make_folder, refuse_existing, write_new
from dataflows.connectors.files.csv_config import CsvConfig
from dataflows.guess.flow import FlowGuess, guess_flow
from dataflows.guess.sample import Column
from dataflows.toml import comment, literal
from engine.records.values import shown

_SHOWN = 4
_NAMED = 12


def write_flow(folder: Path, data: Path, label: str | None) -> tuple[Path, FlowGuess]:
    """Writes `flow.toml` for a file; returns where, and what was guessed.

    Raises:
        InputError: The file cannot be read, or holds nothing to learn from.
        OutputError: There is a `flow.toml` already, or the folder cannot be written to.
    """
    path = folder / "flow.toml"
    refuse_existing([path])
    guess = guess_flow(data, label)
    make_folder(folder)
    write_new({path: flow_text(guess, data, folder).encode()})
    return path, guess


def flow_text(guess: FlowGuess, data: Path, folder: Path) -> str:
    """The flow's file: what was guessed, each with why; all else is left to the defaults."""
    sample = guess.sample
    rows = f"{sample.rows:,} rows" if sample.whole else f"the first {sample.rows:,} rows"
    lines = [
        *comment(f"A flow for {data.name}, guessed from {rows}: change what you know better."),
        "# docs/config.md has every key. Next: riverkeeper check flow.toml, then riverkeeper run flow.toml",
        "",
        "[run]",
        f"name = {literal(_run_name(data))}",
        "",
        "[input]",
        f"path = {literal(_path(data, folder))}",
        *_csv(guess),
        "",
        "[record]",
        *_record(guess),
        "",
        "[model]",
        f"task = {literal(guess.task)}",
        *comment("Takes any columns: numbers are scaled, texts encoded, missing values filled in."),
        'model = "auto"',
        "",
        "[window]",
        f"count = {guess.window}",
    ]
    return "\n".join(lines) + "\n"


def findings(guess: FlowGuess) -> list[tuple[str, str]]:
    """What was guessed, as rows of a table: what for, and what."""
    columns = {column.name: column for column in guess.sample.columns}
    dialect = guess.sample.dialect
    found = [("rows", f"{guess.sample.rows:,}{'' if guess.sample.whole else ' looked at'}, {_form(guess)}")]
    if dialect is not None and (dialect.encoding != "utf-8" or dialect.decimal != "." or dialect.thousands):
        marks = f"numbers like 1{dialect.thousands}234{dialect.decimal}5"
        found.append(("", f"{dialect.encoding}, {marks}"))
    found.append(("id", guess.id or "none: each row brings its label"))
    time = guess.time
    how = "" if time is None or not time.format else f", as {time.format}"
    found.append(("time", "none" if time is None else f"{time.name}: {shown(time.first)}{how}"))
    what = "none" if guess.label is None else f"{guess.label}: {_values(columns[guess.label])}"
    found += [("label", what), ("task", guess.task + _classes(guess))]
    found.append(("features", f"{len(guess.features):,}: {_some(guess.features)}"))
    if guess.text_columns:
        found.append(("as text", _some(guess.text_columns)))
    found += [("ignored", f"{name} {why}") for name, why in guess.ignore[:_NAMED]]
    if len(guess.ignore) > _NAMED:
        found.append(("", f"and {len(guess.ignore) - _NAMED:,} more"))
    return found


def _form(guess: FlowGuess) -> str:
    dialect = guess.sample.dialect
    marks = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
    return guess.sample.form if dialect is None else f"CSV with {marks[dialect.delimiter]}"


def _classes(guess: FlowGuess) -> str:
    two = guess.positive is not None
    return f": {guess.positive!r} is positive, {guess.negative!r} negative" if two else ""


def _some(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _run_name(data: Path) -> str:
    """A name for the run, from the file's."""
    stem = data.name.split(".")[0]
    return re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "run"


def _path(data: Path, folder: Path) -> str:
    """The file as the flow names it: relative where it lies in the flow's folder or beside it."""
    place, base = data.resolve(), folder.resolve()
    if place.is_relative_to(base):
        return str(place.relative_to(base))
    return f"../{place.relative_to(base.parent)}" if place.is_relative_to(base.parent) else str(place)


def _csv(guess: FlowGuess) -> list[str]:
    """The section [input.csv], as far as it differs from the defaults."""
    config = guess.sample.csv().model_copy(update={"text_columns": [*guess.text_columns]})
    about = {
        "missing": f"Words for no value: the usual ones, and here also {', '.join(guess.sample.words)}.",
        "text_columns": "Text in every row, also where a cell looks like a number.",
    }
    lines = []
    for name, value in config.model_dump().items():
        if value != getattr(CsvConfig(), name):
            lines += [*comment(about.get(name, "")), f"{name} = {literal(value)}"]
    return ["", "[input.csv]", *lines] if lines else []


def _record(guess: FlowGuess) -> list[str]:
    columns = {column.name: column for column in guess.sample.columns}
    time, label = guess.time, guess.label
    lines = []
    if guess.id is None:
        lines += comment("No column is an id, so each row must bring its label.")
    lines.append(f"id = {literal(guess.id or '')}")
    if time is None:
        lines += comment("No column is an event time: windows are counted, and labels wait by count.")
    lines.append(f"time = {literal(time.name if time else '')}")
    if time is not None and time.format:
        lines += comment(f"The first is {shown(time.first)}; in UTC.")
        lines.append(f"time_format = {literal(time.format)}")
    if label is not None:
        lines += comment(f"{_values(columns[label])}. Taken for {guess.why['label']}.")
        lines.append(f"label = {literal(label)}")
    if guess.positive is not None and (guess.positive, guess.negative) != (1, 0):
        lines += [f"positive = {literal(guess.positive)}", f"negative = {literal(guess.negative)}"]
    if guess.ignore:
        reasons = [f"{name} {why}" for name, why in guess.ignore[:_NAMED]]
        more = [f"and {len(guess.ignore) - _NAMED:,} more"] if len(guess.ignore) > _NAMED else []
        lines += comment(f"{'; '.join([*reasons, *more])}.")
        lines.append(f"ignore = {literal([name for name, _ in guess.ignore])}")
    return lines


def _values(column: Column) -> str:
    """What a label holds: its classes with how often each comes, or from where to where it goes."""
    counts = column.counts.most_common()
    if column.numeric and len(counts) > _NAMED:
        return f"{min(column.counts):g} to {max(column.counts):g}"
    parts = [f"{shown(value)} ({times:,})" for value, times in counts[:_SHOWN]]
    more = [f"{len(counts) - _SHOWN} more"] if len(counts) > _SHOWN else []
    return ", ".join([*parts, *more])
