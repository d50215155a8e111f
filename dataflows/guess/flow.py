"""What each column of a file is for: id, event time, label, features; and the task that follows."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dataflows.guess.sample import Column, Sample, plain, read_sample
from dataflows.guess.times import TimeGuess, guess_times, is_named
from dataflows.suggestion import meant
from engine.errors import InputError
from engine.records.classes import one_class
from engine.records.values import Target, shown
from engine.tasks.anomaly import ANOMALY
from engine.tasks.binary import BINARY
from engine.tasks.multiclass import MULTICLASS
from engine.tasks.regression import REGRESSION

FEW_ROWS = 10_000
"""Below this many rows, windows are of 250, so that there are some to compare."""

_IDS = re.compile(
    r"(^|[^a-z])(id|uuid|guid|key|nr|no|number|index|row|rownames)$"
    r"|^#?$|^(column_1|unnamed: 0)$"
)
_HEX = re.compile(r"[0-9a-fA-F-]{8,}")
_LABELS = """
label target churn churned exited fraud is_fraud default survived clicked click converted conversion late spam
phishing diagnosis species class outcome response result y quality rating price value demand sales count cnt
"""
"""Names of labels, likely ones first."""

_POSITIVE = """
yes y true t 1 ja j oui si sí positive pos fraud spam churn churned bad malignant m up late phishing abnormal
anomaly attack failed fail default won
"""
"""Classes that are the positive one of two."""

_MOST_CLASSES = 50
_MOST_NUMBERED = 10
"""Classes that are numbers: of more than these the label is a quantity."""

_ROWS_A_CLASS = 10
_UNIQUE = 0.9
"""Share of different texts from which a column of text says nothing that comes again."""


@dataclass(frozen=True, slots=True)
class FlowGuess:
    """What a file is, as a flow's file says it.

    Attributes:
        sample: What was read.
        id: Its field with the id; `None` without one.
        time: Its event time; `None` without one.
        label: Its field with the label; `None` without one, when anomalies are detected.
        task: The task.
        positive: Of two classes the positive one.
        negative: The other.
        text_columns: Columns of CSV whose cells are text, whatever they look like.
        ignore: Columns that are no features, each with why.
        why: Why a role was given, by role.
        doubts: What a person should look at.
    """

    sample: Sample
    id: str | None
    time: TimeGuess | None
    label: str | None
    task: str
    positive: Target | None = None
    negative: Target | None = None
    text_columns: tuple[str, ...] = ()
    ignore: tuple[tuple[str, str], ...] = ()
    why: dict[str, str] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()

    @property
    def window(self) -> int:
        """Outcomes in a window."""
        return window_of(self.sample.rows) if self.sample.whole else window_of(FEW_ROWS)

    @property
    def features(self) -> list[str]:
        """The columns that are left."""
        ignored = {name for name, _ in self.ignore}
        time = self.time.name if self.time else None
        roles = {self.id, time, self.label} | ignored
        return [column.name for column in self.sample.columns if column.name not in roles]


def window_of(rows: int) -> int:
    """Outcomes in a window of a file with so many rows."""
    return 250 if rows < FEW_ROWS else 1000


def guess_flow(path: Path, label: str | None = None) -> FlowGuess:
    """Guesses from the first rows of a file.

    Args:
        path: The file.
        label: Its field with the label, where it is known; "" for none.

    Raises:
        InputError: The file cannot be read, holds no table, has no such field, or none that is a feature.
    """
    sample = read_sample(path)
    columns = {column.name: column for column in sample.columns}
    if label and label not in columns:
        raise InputError(f"input {path}: expected a column {label!r}: {meant(label, columns)}")
    why: dict[str, str] = {}
    times = [guess for guess in guess_times(sample.columns) if guess.name != label]
    time = next((one for one in times if is_named(one.name) or one.ordered == 1.0), None)
    taken = {label, time.name if time else None}
    ident = _find_id([column for column in sample.columns if column.name not in taken])
    taken.add(ident)
    left = [column for column in sample.columns if column.name not in taken]
    others = {guess.name for guess in times}
    target = columns[label] if label else None
    if label is None:
        target, why["label"] = _find_label([column for column in left if column.name not in others])
    elif label:
        why["label"] = "as you said"
    left = [column for column in left if column is not target]
    ignore = tuple((column.name, reason) for column in left if (reason := _useless(column, others)))
    roles = {ident, target and target.name, *(name for name, _ in ignore)}
    texts = tuple(name for name in sample.text_columns if name not in roles)
    task, positive, negative = (ANOMALY.name, None, None) if target is None else _task(target, path)
    guess = FlowGuess(
        sample, ident, time, target.name if target else None, task, positive, negative, texts, ignore, why
    )
    if not guess.features:
        raise InputError(f"input {path}: expected features besides id, time and label, got no other column")
    return replace(guess, doubts=tuple(_doubts(guess, target)))


def _find_id(columns: Sequence[Column]) -> str | None:
    """A column with another value in each row whose name, or whose values, look like ids."""
    candidates = [column for column in columns if column.distinct and (column.whole or _is_text(column))]
    named = [column for column in candidates if _IDS.search(plain(column.name))]
    hashes = [column for column in candidates if _is_text(column) and all(map(_HEX.fullmatch, column.counts))]
    exact = [column for column in named if plain(column.name) in {"id", "uuid", "guid"}]
    return next((column.name for column in (*exact, *named, *hashes)), None)


def _is_text(column: Column) -> bool:
    return all(isinstance(value, str) for value in column.counts)


def _find_label(columns: Sequence[Column]) -> tuple[Column | None, str]:
    """The column with the label, and why."""
    usable = [column for column in columns if _is_label(column)]
    by_name = {plain(column.name): column for column in usable}
    for name in _LABELS.split():
        if name in by_name:
            return by_name[name], "its name"
    if usable and columns[-1] is usable[-1]:
        return usable[-1], "the last column"
    return None, "no column looks like one"


def _is_label(column: Column) -> bool:
    """Whether its values can be predicted: classes that come again, or numbers that differ."""
    if column.nested or len(column.counts) < 2:
        return False
    return column.numeric or len(column.counts) <= _most_classes(column)


def _most_classes(column: Column) -> float:
    most = _MOST_NUMBERED if column.numeric else _MOST_CLASSES
    return min(most, max(2, len(column.values) / _ROWS_A_CLASS))


def _task(target: Column, path: Path) -> tuple[str, Target | None, Target | None]:
    """The task, and of two classes the positive and the negative one."""
    classes = Counter[object]()
    for value, times in target.counts.items():
        classes[one_class(value)] += times
    if len(classes) < 2:
        raise InputError(
            f"input {path}: expected a label that differs from row to row, got {target.name!r}, which is "
            f"always {shown(next(iter(classes), None))}; name another column (--label NAME)"
        )
    fractions = any(isinstance(value, float) and not value.is_integer() for value in target.counts)
    if len(classes) == 2 and not fractions:
        return BINARY.name, *_yes_and_no(classes)
    if len(classes) > _most_classes(target) or fractions:
        if not target.numeric:
            raise InputError(
                f"input {path}: expected a label with numbers or at most {_MOST_CLASSES} classes, got "
                f"{target.name!r} with {len(classes)} different texts; name another column (--label NAME)"
            )
        return REGRESSION.name, None, None
    return MULTICLASS.name, None, None


def _yes_and_no(classes: Counter[object]) -> tuple[Target, Target]:
    """The positive class: by its name, else the larger number, else the rarer."""
    one, other = sorted(classes, key=lambda value: classes[value])
    known = _POSITIVE.split()
    one_place, other_place = (
        known.index(name) if (name := str(value).strip().lower()) in known else len(known)
        for value in (one, other)
    )
    if isinstance(one, int | float) and isinstance(other, int | float):
        one, other = max(one, other), min(one, other)
    elif other_place < one_place:
        one, other = other, one
    return one, other  # type: ignore[return-value]  # classes are labels


def _useless(column: Column, times: Iterable[str]) -> str:
    """Why a column is no feature; empty when it is one."""
    texts = _is_text(column) and len(column.counts) > max(_UNIQUE * len(column.values), _ROWS_A_CLASS)
    reasons = {
        "holds lists or objects": column.nested,
        "has no values": not column.values,
        "is always the same": len(column.counts) == 1 and not column.missing,
        "is another date": column.name in times,
        "numbers the rows": column.whole and column.distinct and _counts_rows(column.values),
        "has another text in nearly every row": texts,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _counts_rows(values: Sequence[int]) -> bool:
    return all(value == at for at, value in enumerate(values, values[0]))


def _doubts(guess: FlowGuess, target: Column | None) -> Iterator[str]:
    """What was guessed and may be wrong."""
    if guess.why.get("label") == "the last column":
        yield f"label: {guess.label!r} was taken because it stands last; --label NAME names another"
    if target is None:
        yield "label: none was found, so anomalies are detected; --label NAME names one"
    elif target.missing and guess.id is None:
        yield f"label: {target.missing:,} rows have none and are rejected: no id can bring it later"
    if guess.time is not None and guess.time.ordered < 1.0:
        yield f"time: {guess.time.name!r} goes back in {1 - guess.time.ordered:.1%} of the rows"
    if guess.sample.broken:
        yield f"{guess.sample.broken:,} rows cannot be read"
