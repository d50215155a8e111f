"""Lines to records, with the model key that each belongs to."""

from collections.abc import Iterable, Iterator, Sequence

from dataflows.config import FlowConfig
from dataflows.connectors.batch import Batch, Line
from dataflows.connectors.files.source import FileSource
from engine.contract.check import Contract, rejection
from engine.errors import InputError
from engine.records.decode import Decoder, identifier
from engine.records.parse import parse
from engine.records.values import Example, Label, Record, Target, Unreadable
from engine.tasks.registry import find_task
from engine.windows import Reservoir

ONE_KEY = "main"
"""The model key when the configuration names no key field."""

NO_KEY = "no-key"
"""Where records without a readable key go: its engine only rejects and counts."""


def key_of(line: bytes, field: str) -> str:
    """The model key in a line."""
    try:
        fields = parse(line)
    except ValueError:
        return NO_KEY
    return (identifier(fields.get(field)) or NO_KEY) if isinstance(fields, dict) else NO_KEY


def by_key(batch: Batch, field: str | None) -> dict[str, Batch]:
    """The records of each model key, in order; without a key field the batch stays whole."""
    if field is None:
        return {ONE_KEY: batch}
    found: dict[str, list[int]] = {}
    for index, line in enumerate(batch.lines):
        key = NO_KEY if index in batch.errors else key_of(line, field)
        found.setdefault(key, []).append(index)
    return {key: batch.select(indices) for key, indices in found.items()}


def decode_lines(decoder: Decoder, lines: Iterable[Line]) -> Iterator[Record]:
    """The records of lines; one that is already known to be no record stays so."""
    decode = decoder.decode
    for line, source, offset, is_label, raw, error in lines:
        if error is not None:
            yield Unreadable(error, source, offset, raw)
        else:
            yield decode(line, source, offset, raw, is_label=is_label)


def read_reference(config: FlowConfig) -> dict[str, list[Example]]:
    """The pinned rows by model key, evenly sampled; nothing when the configuration names no file.

    Raises:
        InputError: When the file cannot be read, or holds no example.
    """
    if config.input.reference is None:
        return {}
    given = config.input.model_copy(update={"path": config.input.reference, "labels": None})
    decoder = Decoder(config.record, find_task(config.model.task).labels)
    found: dict[str, Reservoir[Example]] = {}
    first = ""
    for batch in FileSource(given, config.base).batches():
        for key, part in by_key(batch, config.record.key).items():
            for record in decode_lines(decoder, part.records()):
                if isinstance(record, Example):
                    rows = found.setdefault(key, Reservoir(config.window.sample, f"{key}/reference"))
                    rows.add(record)
                elif isinstance(record, Unreadable):
                    first = first or f"; the first line that is none: {record.reason}"
    if not found:
        raise InputError(f"input.reference {config.input.reference}: expected examples, got none{first}")
    return {key: reservoir.rows for key, reservoir in found.items()}


def read_labelled(config: FlowConfig, data: Sequence[str]) -> tuple[list[Example], int]:
    """The examples of files that have a label, as the contract lets them through, and how much was left out.

    Raises:
        InputError: When there is no labelled row.
    """
    given = config.input.model_copy(update={"path": list(data), "labels": None})
    decoder, contract = Decoder(config.record, find_task(config.model.task).labels), Contract(config.contract)
    examples: list[Example] = []
    labels: dict[str, Target] = {}
    skipped = 0
    for batch in FileSource(given, config.base).batches():
        for record in decode_lines(decoder, batch.records()):
            if isinstance(record, Label):
                labels[record.id] = record.value
            elif isinstance(record, Example):
                examples.append(record)
            else:
                skipped += 1
    rows = []
    for example in examples:
        features, faults = contract.check(example.features)
        label = labels.get(example.id) if example.label is None else example.label
        if label is not None and rejection(faults) is None:
            rows.append(Example(example.id, example.time, features, label))
    if not rows:
        raise InputError(f"{', '.join(data)}: expected examples with their labels, got none")
    return rows, skipped + len(examples) - len(rows)


def read_holdout(config: FlowConfig) -> list[Example]:
    """The rows of `input.holdout`; nothing when the configuration names no file.

    Raises:
        InputError: When the file cannot be read, or holds no labelled example.
    """
    return [] if config.input.holdout is None else read_labelled(config, [config.input.holdout])[0]
