"""What a label is, as a value: how it is read from a record, and what models may learn."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.records.config import RecordConfig
from engine.records.values import Target


@dataclass(frozen=True, slots=True)
class LabelFormat:
    """The labels of a learning task.

    Attributes:
        reader: Makes the function that reads a label as records write it; the function returns the label as
            models learn it, or `None` if the value is not a label.
        is_label: Whether models can learn this value.
        shape: The values for which `is_label` holds, in words for a message.
        expected: The values that the reader accepts, in words for a message.
        values: All labels that exist; `None` if the data decides.
        required: Whether an example that no label can find, for want of an id, must carry its own.
    """

    reader: Callable[[RecordConfig], Callable[[object], Target | None]]
    is_label: Callable[[object], bool]
    shape: str
    expected: Callable[[RecordConfig], str]
    values: frozenset[Target] | None = None
    required: bool = True
