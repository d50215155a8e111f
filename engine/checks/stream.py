"""A sample made into a stream that is as long as one likes, with new values where the sample has them.

Repeating the sample would hide how a model grows with values that it has never seen. So the sample comes
once as it is, and then again and again with made-up values in the features that are *ever new*: those in
which at least half of the values occur once only. That share estimates how likely the next value is a new
one (Good 1953, after Turing), and it is the share of values that are made up. All other values are repeated
as they were, and so are the labels and the names of the features.

- a text of one word gets a running number at its end
- in a text of several words each is drawn from all words of the feature; where the words are ever new too,
  each gets a running number
- numbers that rise or fall with the stream (9 steps of 10: counters, times) go on from where they ended
- other numbers move by at most a hundredth of their range, within it, and keep their decimals

A made-up example that the contract rejects comes as it was in the sample.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count, pairwise
from random import Random
from typing import Any

from engine.checks.trial import Labelled
from engine.contract.check import Contract
from engine.records.values import Features, Scalar, Target

_Kind = tuple[str, bool]
"""A feature's name, and whether its texts or its numbers are meant."""

Makers = Mapping[_Kind, tuple[float, Callable[[Any, int, Random], Scalar]]]
"""How likely a value is a new one, and what makes a new one: of a value from the sample and how many events
came before."""

_EVER_NEW = 0.5


@dataclass(frozen=True, slots=True)
class Lengthened:
    """An event of the long stream: its features, the sample's that they were made from, and the label."""

    features: dict[str, Scalar]
    original: dict[str, Scalar]
    label: Target | None


def chance_of_new(values: Sequence[Scalar]) -> float:
    """How likely the next value is one that was not seen: the share of values that were seen once.

    >>> chance_of_new(["a", "b", "b", "c"]), chance_of_new([])
    (0.5, 0.0)
    """
    return sum(times == 1 for times in Counter(values).values()) / max(1, len(values))


def narrowed(sample: Sequence[Labelled], most: int) -> Sequence[Labelled]:
    """The sample with so many features at most: first those that hold text, which is what grows.

    >>> narrowed([({"a": 1, "b": 2, "c": "x"}, True)], 2)
    [({'a': 1, 'c': 'x'}, True)]
    """
    text = dict.fromkeys(n for features, _ in sample for n, value in features.items() if type(value) is str)
    kept = set(list(text | dict.fromkeys(n for features, _ in sample for n in features))[:most])
    return [({n: value for n, value in features.items() if n in kept}, label) for features, label in sample]


def makers(sample: Sequence[Labelled]) -> Makers:
    """The features of the sample that keep having new values."""
    columns: dict[_Kind, list[Any]] = {}
    for features, _ in sample:
        for name, value in features.items():
            if not isinstance(value, bool):
                columns.setdefault((name, isinstance(value, str)), []).append(value)
    chances = {kind: chance_of_new(values) for kind, values in columns.items()}
    return {
        kind: (chances[kind], _maker(values, len(sample)))
        for kind, values in columns.items()
        if chances[kind] >= _EVER_NEW
    }


def lengthen(sample: Sequence[Labelled], ever_new: Makers, contract: Contract) -> Iterator[Lengthened]:
    """The sample, repeated without end."""
    random = Random(0)  # noqa: S311 - not for secrets
    for number in count():
        row, label = sample[number % len(sample)]
        made = dict(row)
        if number >= len(sample):
            made = _made(row, ever_new, number, random)
            _, faults = contract.check(made)
            made = dict(row) if faults else made
        yield Lengthened(made, dict(row), label)


def _made(row: Features, ever_new: Makers, number: int, random: Random) -> dict[str, Scalar]:
    features = dict(row)
    for name, value in row.items():
        found = None if isinstance(value, bool) else ever_new.get((name, isinstance(value, str)))
        if found is not None and random.random() < found[0]:
            features[name] = found[1](value, number, random)
    return features


def _maker(values: list[Any], length: int) -> Callable[[Any, int, Random], Scalar]:
    """A generator of new values like these, from a sample of this length."""
    if isinstance(values[0], str):
        return _text_maker(values)
    steps = [other - one for one, other in pairwise(values)]
    if steps and max(sum(step > 0 for step in steps), sum(step < 0 for step in steps)) >= 0.9 * len(steps):
        return _going_on(values, length)
    return _jittered(values)


def _text_maker(values: list[str]) -> Callable[[str, int, Random], Scalar]:
    words = [word for value in values for word in value.split()]
    if chance_of_new(words) >= _EVER_NEW:
        return lambda value, number, _: " ".join(f"{word}{number}" for word in value.split())
    return lambda value, _, random: " ".join(random.choice(words) for _ in value.split())


def _going_on(values: list[Any], length: int) -> Callable[[Any, int, Random], Scalar]:
    """Each repetition of the sample continues the numbers one step after their end."""
    span = values[-1] - values[0]
    step = span / (len(values) - 1)
    if isinstance(span, int):
        step = round(step) or (1 if span > 0 else -1)
    return lambda value, number, _: value + number // length * (span + step)


def _jittered(values: list[Any]) -> Callable[[Any, int, Random], Scalar]:
    low, high = min(values), max(values)
    reach = high / 100 - low / 100
    whole = all(isinstance(value, int) for value in values)
    decimals = max(1, *(-int(Decimal(repr(value)).as_tuple().exponent) for value in values))

    def make(value: Any, _: int, random: Random) -> Scalar:
        moved: float = min(max(value + random.uniform(-reach, reach), low), high)
        return round(moved) if whole else round(moved, decimals)

    return make
