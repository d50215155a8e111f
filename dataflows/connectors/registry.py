"""All kinds of input, and all formats of files: a line for each."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from dataflows.connectors.base import RecordSource
from dataflows.connectors.decoding import time_of
from dataflows.connectors.files.config import MOST_TOGETHER_BY_KEY, InputConfig
from dataflows.connectors.files.format import FileFormat
from dataflows.connectors.files.source import FileSource
from dataflows.connectors.files.text import TEXT, text_formats
from dataflows.connectors.kafka import order_log
from dataflows.connectors.kafka.config import TOPIC_FILES, KafkaConfig
from dataflows.connectors.parquet.format import Parquet
from engine.errors import InputError
from engine.records.config import RecordConfig
from engine.requirements import needing


class InputSettings(Protocol):
    """What inputs need of a flow's configuration."""

    @property
    def record(self) -> RecordConfig:
        """Which fields hold the event time, the id and the label."""
        ...

    @property
    def input(self) -> InputConfig:
        """Files, and how many records travel together."""
        ...

    @property
    def kafka(self) -> KafkaConfig | None:
        """Topics."""
        ...

    @property
    def base(self) -> Path:
        """The folder that relative paths begin at."""
        ...

    @property
    def run_dir(self) -> Path:
        """The run's folder, which is named like the run."""
        ...


def _files(config: InputSettings, _journal: bool) -> FileSource | None:
    if config.input.path is None:
        return None
    formats = _formats(config.record, config.input)
    given = config.input
    if config.record.key is not None and "batch" not in given.model_fields_set:
        given = given.model_copy(update={"batch": MOST_TOGETHER_BY_KEY})
    return FileSource(given, config.base, formats, record=config.record)


def _kafka(config: InputSettings, journal: bool) -> RecordSource[Any] | None:
    if config.kafka is None or config.kafka.input is None:
        return None
    with needing("[kafka.input]", "kafka"):
        from dataflows.connectors.kafka.source import KafkaSource  # noqa: PLC0415 - an extra
    given = config.kafka.input
    named = given.model_copy(update={"group": given.group or f"riverkeeper-{config.run_dir.name}"})
    return KafkaSource(
        config.kafka.model_copy(update={"input": named}),
        config.input.batch,
        time_of=time_of(config.record),
        journal=order_log.Journal(config.run_dir) if journal else None,
    )


FORMATS: Mapping[str, FileFormat] = {**TEXT, "parquet": Parquet()}
"""How files may be written, by the name that `input.format` uses."""


def _formats(record: RecordConfig, files: InputConfig) -> Mapping[str, FileFormat]:
    """The formats of files, told which columns hold text whatever they look like in CSV.

    Ids and keys are names; and a time in a format of its own would lose its zeros as a number.
    """
    labels = files.labels
    texts = [record.id, record.key, labels.id if labels is not None else None]
    if record.time_format:
        texts += [record.time, labels.time if labels is not None else None]
    return {**FORMATS, **text_formats([name for name in texts if name])}


Find = Callable[[InputSettings, bool], RecordSource[Any] | None]
"""Looks for an input of one kind; `None` when the configuration names none.

The flag says whether the order of records is kept in the run's folder, for a resume; an input whose order is
the same each time needs nothing there.
"""

INPUTS: tuple[Find, ...] = (_files, _kafka)

RUN_FILES = (*order_log.FILES, *TOPIC_FILES)
"""What connectors keep in a run's folder, as patterns; a new run begins without them."""


def open_source(config: InputSettings, *, journal: bool = False) -> RecordSource[Any]:
    """The input of a flow.

    Args:
        config: The flow's, which names one input.
        journal: Whether the order of records is kept for a resume; the run's folder must belong to this run.

    Raises:
        InputError: It is missing or is not what it should be.
    """
    for find in INPUTS:
        source = find(config, journal)
        if source is not None:
            return source
    raise InputError("expected input.path or another input in the configuration, got none")


def open_files(config: InputConfig, record: RecordConfig, base: Path, paths: Sequence[str]) -> FileSource:
    """Files beside the input, written and read like it.

    Raises:
        InputError: One is missing or is not what it should be.
    """
    given = config.model_copy(update={"path": list(paths), "labels": None, "follow": False})
    return FileSource(given, base, _formats(record, given))
