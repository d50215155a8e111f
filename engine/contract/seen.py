"""Summary of the values of one field, in bounded memory."""

import math
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from engine.contract.check import kind_of
from engine.contract.config import FieldType
from engine.records.native import native
from engine.records.values import shown

MOST_TEXTS = 50
"""Largest number of different texts that are counted in one field."""

LONGEST_TEXT = 100
"""Largest length of a category, in characters."""

_SAMPLE = 500


@dataclass(slots=True)
class Numbers:
    """The numbers of a field.

    Attributes:
        count: How many.
        low: The smallest.
        high: The largest.
        whole: Whether all are whole.
        rose: Whether any was larger than the one before it.
        fell: Whether any was smaller than the one before it.
    """

    count: int = 0
    low: int | float = math.inf
    high: int | float = -math.inf
    whole: bool = True
    rose: bool = False
    fell: bool = False
    _last: int | float | None = None
    _sample: list[int | float] = field(default_factory=list)
    _stride: int = 1

    def add(self, value: int | float) -> None:
        """Adds the next value."""
        self.low, self.high = min(self.low, value), max(self.high, value)
        self.whole = self.whole and value == int(value)
        if self._last is not None:
            self.rose = self.rose or value > self._last
            self.fell = self.fell or value < self._last
        self._last = value
        if self.count % self._stride == 0:
            self._sample.append(value)
            if len(self._sample) >= _SAMPLE:
                self._sample = self._sample[::2]
                self._stride *= 2
        self.count += 1

    def median(self) -> float:
        """The approximate median: that of every n-th number, evenly over the stream."""
        return median(self._sample)


@dataclass(slots=True)
class Texts:
    """The texts of a field.

    Attributes:
        count: How many.
        counts: How often each came, of all of them as long as there are not too `many`.
        many: Whether there were more different ones than are told apart, or one too long to be a category.
    """

    count: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    many: bool = False

    def add(self, value: str) -> None:
        """Adds the next value."""
        self.count += 1
        if self.many:
            return
        if len(value) > LONGEST_TEXT or (value not in self.counts and len(self.counts) >= MOST_TEXTS):
            self.many = True
        else:
            self.counts[value] += 1


@dataclass(slots=True)
class Seen:
    """All values of one field.

    Attributes:
        numbers: Its numbers.
        texts: Its texts.
        booleans: How often it was false, and true.
        broken: What no model can learn (NaN, lists ...), with how often.
        examples: The first value of each type.
    """

    numbers: Numbers = field(default_factory=Numbers)
    texts: Texts = field(default_factory=Texts)
    booleans: Counter[bool] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    examples: dict[FieldType, str] = field(default_factory=dict)

    def add(self, value: object) -> None:
        """Adds the next value that is not missing."""
        found = native(value)
        kind = kind_of(found)
        if kind is None:
            self.broken[_name(found)] += 1
            return
        if kind not in self.examples:
            self.examples[kind] = shown(found)
        if kind == "number":
            self.numbers.add(found)
        elif kind == "text":
            self.texts.add(found)
        else:
            self.booleans[found] += 1

    def kinds(self) -> dict[FieldType, int]:
        """Number of values by type, the most frequent type first."""
        found: dict[FieldType, int] = {
            "number": self.numbers.count,
            "text": self.texts.count,
            "boolean": self.booleans.total(),
        }
        return {kind: found[kind] for kind in sorted(found, key=lambda kind: -found[kind]) if found[kind]}

    def present(self) -> int:
        """Number of values."""
        return sum(self.kinds().values()) + self.broken.total()


def _name(value: object) -> str:
    """The name of a type that no model can learn."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else "infinite"
    known = {dict: "an object", list: "a list", int: "a number beyond the range of floats"}
    return known.get(type(value), f"a {type(value).__name__}")
