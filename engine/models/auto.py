"""The recipe "auto": a preprocessing that takes whatever columns there are.

- Numbers and booleans are scaled to mean 0 and deviation 1.
- Text of few values becomes a feature of 0 or 1 for each. A column of more than `MOST_VALUES` values is
  hashed instead, with all others like it, into `PLACES` features: there are never more.
- A missing number stays an absent key. To a linear model that is the column's mean, which scaling made 0;
  other models of River do without it. A missing text is none of the column's values.
"""

from numbers import Number
from typing import Any

from river import base, compose, preprocessing

from engine.models.config import AUTO, Spec
from engine.records.values import Features, shown
from engine.tasks.base import LearningTask

MOST_VALUES = 32
"""Values of a column of text that get a feature each."""

LONGEST = 100
"""Characters of such a value; a column of longer ones is hashed."""

PLACES = 4096
"""Features that stand for all columns that are hashed; in a linear model they take some 400 kB."""

_SEED = 1

_NAMED = 3
"""Fields that a message names."""

_OF_TEXT = ("str", "sequence")
"""Words in what Python and NumPy raise about text: text times a number is "multiply sequence"."""


class TextEncoder(base.Transformer):
    """Text as numbers: a feature for each value of a column, or hashed where there are too many values.

    Features for values are there in every record, as 0 or 1: a tree learns nothing from a feature that is
    absent or 1. Whatever is not text is left out.

    >>> encoder = TextEncoder()
    >>> for town in ("Ulm", "Trier"): encoder.learn_one({"town": town, "age": 30})
    >>> encoder.transform_one({"town": "Trier", "age": 40})
    {'town=Ulm': 0, 'town=Trier': 1}
    """

    def __init__(self) -> None:
        self._names: dict[str, dict[str, str]] = {}
        self._zeros: dict[str, int] = {}
        self._hashed: set[str] = set()
        self._hasher: Any = preprocessing.FeatureHasher(PLACES, seed=_SEED)

    def learn_one(self, x: dict[Any, Any]) -> None:
        """Takes note of values that are new."""
        if str not in map(type, x.values()):
            return
        for column, value in x.items():
            if type(value) is str and column not in self._hashed:
                names = self._names.setdefault(column, {})
                if value not in names:
                    self._add(column, value, names)

    def _add(self, column: str, value: str, names: dict[str, str]) -> None:
        if len(names) < MOST_VALUES and len(value) <= LONGEST:
            names[value] = name = f"{column}={value}"
            self._zeros[name] = 0
            return
        self._hashed.add(column)
        for name in self._names.pop(column).values():
            del self._zeros[name]

    def transform_one(self, x: dict[Any, Any]) -> dict[Any, Any]:
        """The features that stand for the text in a record."""
        encoded: dict[Any, Any] = dict(self._zeros)
        if str not in map(type, x.values()):
            return encoded
        hashed = {}
        for column, value in x.items():
            if type(value) is not str:
                continue
            if column in self._hashed:
                hashed[column] = value
            elif (name := self._names.get(column, {}).get(value)) is not None:
                encoded[name] = 1
        if hashed:
            # Names are text throughout: some of River's models sort them.
            places = self._hasher.transform_one(hashed)
            encoded.update((f"text {place}", sign) for place, sign in places.items())
        return encoded


def make_preprocessing() -> base.Transformer:
    """A fresh preprocessing.

    >>> from river import linear_model
    >>> model = make_preprocessing() | linear_model.LogisticRegression()
    >>> model.learn_one({"age": 30, "town": "Ulm", "member": True}, True)
    >>> model.learn_one({"age": 40, "town": "Trier"}, False)
    """
    return compose.TransformerUnion(
        ("numbers", compose.SelectType(Number) | preprocessing.StandardScaler()), ("text", TextEncoder())
    )


def whole(spec: Spec, task: LearningTask) -> Spec:
    """The specification; where it is "auto" alone, that with the task's default model behind it."""
    return [AUTO, *task.default_model] if spec == AUTO else spec


def raised(error: Exception, features: Features) -> str:
    """What a model raised, in words, with the remedy where text was the reason."""
    return f"{type(error).__name__}: {error}{advice(error, features)}"


def advice(error: Exception, features: Features) -> str:
    r"""What to do when a model raised because of text; nothing when it raised for another reason.

    >>> advice(TypeError("unsupported operand type(s) for -: 'str' and 'float'"), {"age": 3, "town": "Ulm"})
    '. Text in \'town\': let the model begin with "auto" (docs/models.md), or name the field in record.ignore'
    """
    text = [name for name, value in features.items() if isinstance(value, str)]
    about_text = isinstance(error, TypeError | ValueError) and any(word in str(error) for word in _OF_TEXT)
    if not text or not about_text:
        return ""
    more = f" and {len(text) - _NAMED} more" if len(text) > _NAMED else ""
    fields = "the field" if len(text) == 1 else "the fields"
    return (
        f". Text in {', '.join(map(shown, text[:_NAMED]))}{more}: let the model begin with "
        f'"auto" (docs/models.md), or name {fields} in record.ignore'
    )
