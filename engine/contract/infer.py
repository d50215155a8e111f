"""Learns a contract from data. docs/contract.md says what the rules are and why.

inference = Inference()
for features in records:
    inference.add(features)
config = contract_of(inference.found())
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from engine.contract.config import ContractConfig, FieldConfig, FieldType
from engine.contract.seen import MOST_TEXTS, Numbers, Seen, Texts
from engine.records.values import shown

MOST_FIELDS = 1000
"""Largest number of fields: records whose field names are data would otherwise fill the memory."""

REQUIRED_FROM = 300
"""Records without a gap from which a field is required: then at most one in a hundred lacks it.

By the rule of three: what never happened in n tries has a chance below 3/n, with 95 % confidence.
"""

_REPEATS = 10
_NEW_CATEGORIES = 0.01
_CONSTANT = " (a model learns nothing from it)"


@dataclass(frozen=True, slots=True)
class Inferred:
    """What was found out about one field.

    Attributes:
        name: Its name.
        field: What it must be; `None` when no value says.
        settled: Whether the data says so. If not, a person must decide, and until then anything goes.
        seen: What it has held, in words.
    """

    name: str
    field: FieldConfig | None
    settled: bool
    seen: str


class Inference:
    """Looks at records, in bounded memory.

    Attributes:
        records: How many it has seen.
        beyond: How often it saw a name that it does not follow.
    """

    def __init__(self) -> None:
        self.records = 0
        self.beyond = 0
        self._fields: dict[str, Seen] = {}

    def add(self, features: Mapping[str, object]) -> None:
        """Adds the features of one record."""
        self.records += 1
        fields = self._fields
        for name, value in features.items():
            seen = fields.get(name)
            if seen is None:
                if len(fields) >= MOST_FIELDS:
                    self.beyond += 1
                    continue
                seen = fields[name] = Seen()
            if value is not None:
                seen.add(value)

    def found(self) -> list[Inferred]:
        """The inferred rule of each field, in the order of first appearance."""
        return [_infer(name, seen, self.records) for name, seen in self._fields.items()]


def contract_of(found: Iterable[Inferred]) -> ContractConfig:
    """The contract, of the fields that are settled.

    >>> inference = Inference()
    >>> for hour in [5, 0, 23, 12]: inference.add({"hour": hour, "note": None})
    >>> contract_of(inference.found()).fields
    {'hour': FieldConfig(type='number', required=False, min=0.0, max=35.0, categories=None, policy=None)}
    """
    return ContractConfig(fields={one.name: one.field for one in found if one.settled and one.field})


def _infer(name: str, seen: Seen, records: int) -> Inferred:
    kinds = seen.kinds()
    text = _missing(records - seen.present(), records)
    if len(kinds) != 1 and not seen.broken:
        if not kinds:
            return Inferred(name, None, settled=False, seen="no value in any record")
        field = FieldConfig(type=next(iter(kinds)), policy="impute")
        return Inferred(name, field, settled=False, seen=f"{_mixed(seen, kinds)}; {text}")
    # Lists, NaN and the like would be rejected also without a field here, so there is one that imputes.
    kind: FieldType = next(iter(kinds), "text")
    words = {"number": _number_words, "text": _text_words, "boolean": _boolean_words}[kind](seen)
    if len(kinds) != 1:
        words = (
            _mixed(seen, kinds) if kinds else "nothing that a model can learn: best named in record.ignore"
        )
    low, high = _range(seen.numbers) if kind == "number" else (None, None)
    field = FieldConfig(
        type=kind,
        required=seen.present() == records >= REQUIRED_FROM and not seen.broken,
        min=low,
        max=high,
        categories=_categories(seen.texts) if kind == "text" else None,
        policy="impute" if seen.broken else None,
    )
    return Inferred(name, field, settled=True, seen=f"{words}; {text}{_broken(seen, kind)}")


def _range(numbers: Numbers) -> tuple[float | None, float | None]:
    """The observed range, wider by half of it each way but not across zero; `None`: no limit there.

    Numbers that only rise are counters or times, and have no largest; those that only fall no smallest.
    One that is always the same says nothing of how far others may go.
    """
    margin = (float(numbers.high) - float(numbers.low)) / 2
    if not 0 < margin < math.inf:
        return None, None
    low = _outward(numbers.low - margin, margin, ROUND_FLOOR, whole=numbers.whole)
    high = _outward(numbers.high + margin, margin, ROUND_CEILING, whole=numbers.whole)
    low = max(low, 0.0) if numbers.low >= 0 else low
    high = min(high, 0.0) if numbers.high <= 0 else high
    no_smallest = numbers.fell and not numbers.rose
    no_largest = numbers.rose and not numbers.fell
    return (
        None if no_smallest or not -math.inf < low <= numbers.low else low,
        None if no_largest or not numbers.high <= high < math.inf else high,
    )


def _outward(value: float, margin: float, rounding: str, *, whole: bool) -> float:
    """A limit rounded to two digits of the margin, or to a whole number."""
    if not math.isfinite(value):
        return value
    places = 0 if whole and margin < 10 else Decimal(margin).adjusted() - 1
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(places), rounding=rounding))


def _categories(texts: Texts) -> list[str] | None:
    """The texts, if they are few and come again and again; `None` for any text.

    The share of texts seen only once estimates the chance that the next one is new (Good 1953).
    """
    once = sum(times == 1 for times in texts.counts.values())
    few = not texts.many and 1 < len(texts.counts) <= texts.count / _REPEATS
    return sorted(texts.counts) if few and once <= texts.count * _NEW_CATEGORIES else None


def _missing(missing: int, records: int) -> str:
    return f"missing in {missing:,} of {records:,} ({missing / records:.1%})" if missing else "never missing"


def _broken(seen: Seen, kind: FieldType) -> str:
    if not seen.broken:
        return ""
    found = ", ".join(f"{what} {times:,} times" for what, times in seen.broken.most_common())
    return f"; {found}; what is no {kind} becomes missing"


def _mixed(seen: Seen, kinds: Iterable[FieldType]) -> str:
    counts = seen.kinds()
    parts = (f"{kind} {counts[kind]:,} times (first {seen.examples[kind]})" for kind in kinds)
    return f"of several types: {', '.join(parts)}"


def _number_words(seen: Seen) -> str:
    numbers = seen.numbers
    kind = "whole number" if numbers.whole else "number"
    if numbers.low == numbers.high:
        return f"{kind}, always {_short(numbers.low)}{_CONSTANT}"
    words = f"{kind}, {_short(numbers.low)} to {_short(numbers.high)}, median about {numbers.median():.6g}"
    if numbers.rose and not numbers.fell:
        return f"{words}, never falls"
    return f"{words}, never rises" if numbers.fell and not numbers.rose else words


def _short(number: int | float) -> str:
    return f"{number:.6g}" if isinstance(number, float) else str(number)


def _text_words(seen: Seen) -> str:
    texts = seen.texts
    if texts.many:
        return f"text, more than {MOST_TEXTS} different or long, first {seen.examples['text']}"
    if len(texts.counts) == 1:
        return f"text, always {seen.examples['text']}{_CONSTANT}"
    most = [f"{shown(text)} {times:,}" for text, times in texts.counts.most_common(10)]
    more = f" and {len(texts.counts) - len(most)} more" if len(texts.counts) > len(most) else ""
    return f"text, {len(texts.counts)} different: {', '.join(most)}{more}"


def _boolean_words(seen: Seen) -> str:
    false, true = seen.booleans[False], seen.booleans[True]
    if not false or not true:
        return f"boolean, always {'true' if true else 'false'}{_CONSTANT}"
    return f"boolean, true {true:,}, false {false:,}"
