"""Rows that are read whole before a flow starts: pinned reference, hold-out set, labelled examples."""

from collections.abc import Sequence

from dataflows.config import FlowConfig
from dataflows.connectors.base import batches
from dataflows.connectors.decoding import by_key, decode_records
from dataflows.connectors.registry import open_files
from engine.contract.check import Contract, rejection
from engine.errors import InputError
from engine.records.decode import Decoder
from engine.records.values import Example, Label, Target, Unreadable
from engine.tasks.registry import find_task
from engine.windows import Reservoir


def read_reference(config: FlowConfig) -> dict[str, list[Example]]:
    """The pinned rows by model key, evenly sampled; nothing when the configuration names no file.

    Raises:
        InputError: When the file cannot be read, or holds no example.
    """
    if config.input.reference is None:
        return {}
    source = open_files(config.input, config.record, config.base, [config.input.reference])
    decoder = Decoder(config.record, find_task(config.model.task).labels)
    found: dict[str, Reservoir[Example]] = {}
    first = ""
    for batch in batches(source):
        for key, part in by_key(batch, config.record.key).items():
            for record in decode_records(decoder, part.records()):
                if isinstance(record, Example):
                    rows = found.setdefault(key, Reservoir(config.window.sample, f"{key}/reference"))
                    rows.add(record)
                elif isinstance(record, Unreadable):
                    first = first or f"; the first line that is none: {record.reason}"
    if not found:
        raise InputError(f"input.reference {config.input.reference}: expected examples, got none{first}")
    return {key: [*reservoir.rows] for key, reservoir in found.items()}


def read_labelled(config: FlowConfig, data: Sequence[str]) -> tuple[list[Example], int]:
    """The examples of files that have a label, as the contract lets them through, and how much was left out.

    Raises:
        InputError: When there is no labelled row.
    """
    decoder, contract = Decoder(config.record, find_task(config.model.task).labels), Contract(config.contract)
    examples: list[Example] = []
    labels: dict[str, Target] = {}
    skipped = 0
    for batch in batches(open_files(config.input, config.record, config.base, data)):
        for record in decode_records(decoder, batch.records()):
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
