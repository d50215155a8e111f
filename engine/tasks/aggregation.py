"""One forecast made of several, by the aggregating algorithm: the substitution step, task by task.

Losses here lie in [0, 1] and are mixable at `RATE` (Vovk 1998, "A game of prediction with expert advice",
JCSS 56:153-173): whatever the label turns out to be, the forecast that is put together loses no more than
-ln(sum of weight * exp(-RATE * loss)) / RATE over the forecasts it is made of.

- two classes, a value within a span: the square of a difference of at most 1; RATE 2
- several classes: half the Brier score; the substitution is that of Vovk and Zhdanov 2009 ("Prediction with
  expert evaluators' advice" and "Prediction with advice for the Brier game", JMLR 10:2445-2471)
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.records.values import Target

RATE = 2.0
"""The learning rate up to which the losses are mixable."""

Span = tuple[float, float]
"""The lowest and the highest value that count in regression; beyond, a value counts as the nearer of them."""

Weighted = Sequence[tuple[float, Any]]
"""Weights, which add up to 1, with outputs."""


@dataclass(frozen=True, slots=True)
class Aggregation:
    """How the outputs of a task become one.

    Attributes:
        loss: The loss, in [0, 1], of an output on a label.
        combine: One output for several.
        spans: Whether values count only within a span, which must be known then.
    """

    loss: Callable[[Any, Any, Span], float]
    combine: Callable[[Weighted, Span], Any]
    spans: bool = False


def _middle(zero: float, one: float) -> float:
    """A forecast in [0, 1] for the sums of weight * exp(-RATE * loss), should the truth be 0 or 1."""
    return min(1.0, max(0.0, 0.5 + (math.log(one) - math.log(zero)) / (2.0 * RATE)))


def two_classes(weighted: Weighted, _: Span = (0.0, 1.0)) -> dict[Target, float]:
    """Probabilities of True and False for several of them.

    >>> said = two_classes([(0.8, {False: 0.1, True: 0.9}), (0.2, {False: 0.9, True: 0.1})])
    >>> round(said[True], 2)
    0.71
    """
    zero = one = 0.0
    for weight, said in weighted:
        miss, other = 1.0 - said.get(False, 0.0), 1.0 - said.get(True, 0.0)
        zero += weight * math.exp(-RATE * miss * miss)
        one += weight * math.exp(-RATE * other * other)
    chance = _middle(zero, one)
    return {False: 1.0 - chance, True: chance}


def classes(weighted: Weighted, _: Span = (0.0, 1.0)) -> dict[Target, float]:
    """Probabilities of classes for several of them, in the order in which the classes are met.

    >>> said = classes([(0.9, {"a": 1.0}), (0.1, {"b": 1.0})])
    >>> {label: round(p, 2) for label, p in said.items()}
    {'a': 0.85, 'b': 0.15}
    """
    names = dict.fromkeys(label for _, said in weighted for label in said)
    whole = [(weight, adding_up(said)) for weight, said in weighted]
    squares = [(weight, sum(p * p for p in said.values()), said) for weight, said in whole]
    penalties = {
        name: -math.log(
            sum(w * math.exp(-RATE * (s - 2.0 * said.get(name, 0.0) + 1.0) / 2.0) for w, s, said in squares)
        )
        / RATE
        for name in names
    }
    level = _water_level(sorted(penalties.values()))
    return {name: max(0.0, level - penalty) for name, penalty in penalties.items()}


def adding_up(said: Mapping[Target, float]) -> Mapping[Target, float]:
    """Probabilities that add up to 1: only such can be put together, and most models give them.

    >>> adding_up({"a": 0.2, "b": 0.2}), adding_up({"a": 0.0, "b": 0.0})
    ({'a': 0.5, 'b': 0.5}, {'a': 0.5, 'b': 0.5})
    """
    total = sum(said.values())
    if abs(total - 1.0) < 1e-9:
        return said
    return {name: p / total if total > 0.0 else 1.0 / len(said) for name, p in said.items()}


def _water_level(penalties: Sequence[float]) -> float:
    """The level that stands above these heights, which ascend, by 1 in sum."""
    total = level = 0.0
    for number, height in enumerate(penalties, 1):
        total += height
        level = (1.0 + total) / number
        if number == len(penalties) or level <= penalties[number]:
            break
    return level


def value(weighted: Weighted, span: Span) -> float:
    """A value for several of them, of which only what is within the span counts.

    Where all are beyond the same end of it, it is the one of them that is nearest to it.

    >>> round(value([(0.5, 0.0), (0.5, 10.0)], (0.0, 10.0)), 6), value([(0.9, 12.0), (0.1, 20.0)], (0.0, 9.0))
    (5.0, 12.0)
    """
    low, high = span
    values: list[float] = [said for _, said in weighted]
    if min(values) >= high:
        return min(values)
    if max(values) <= low:
        return max(values)
    zero = one = 0.0
    for weight, said in weighted:
        share = _share(said, span)
        zero += weight * math.exp(-RATE * share * share)
        one += weight * math.exp(-RATE * (1.0 - share) ** 2)
    return low + (high - low) * _middle(zero, one)


def around(outputs: Iterable[float], span: Span, margin: float) -> Span:
    """The part of a span in which these outputs lie, and as much as a margin on both sides.

    Models that differ little are told apart by what is small beside the whole span. Losses stay mixable: the
    bounds of a round need only be known before its label.

    >>> around([4.0, 5.0], (0.0, 100.0), 2.0), around([1.0, 1e9], (0.0, 100.0), 2.0)
    ((2.0, 7.0), (0.0, 100.0))
    """
    low, high = span
    known = [min(max(one, low), high) for one in outputs]
    if not known:
        return span
    return max(low, min(known) - margin), min(high, max(known) + margin)


def squared_error(output: float, label: float, span: Span) -> float:
    """The square of the difference within the span, as a share of its width."""
    return (_share(output, span) - _share(label, span)) ** 2


def _share(number: float, span: Span) -> float:
    low, high = span
    return (min(max(number, low), high) - low) / (high - low)


def heaviest(weighted: Weighted, _: Span = (0.0, 1.0)) -> Any:
    """The output with the largest weight; the first of several.

    >>> heaviest([(0.3, "a"), (0.7, "b")])
    'b'
    """
    return max(weighted, key=lambda one: one[0])[1]


def of_classes(loss: Callable[[Any, Any], float], combine: Callable[[Weighted, Span], Any]) -> Aggregation:
    """The aggregation of probabilities, whose loss knows no span."""
    return Aggregation(lambda output, label, _: loss(output, label), combine)


OF_VALUES = Aggregation(squared_error, value, spans=True)
"""The aggregation of values in regression."""
