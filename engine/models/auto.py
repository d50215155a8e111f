"""The recipe "auto": a preprocessing that takes whatever columns there are.

- Numbers and booleans are scaled to mean 0 and deviation 1. A missing one stays an absent key: to a linear
  model that is the column's mean, which scaling made 0, and River's other models do without it.
- Before a linear model text is hashed into `PLACES` features, over all columns: 1 or -1, else absent.
- Other models learn nothing from a feature that is absent or 1. Before them each value of a column becomes a
  feature of 0 or 1. A column of more than `MOST_VALUES` values is left out: no tree finds its way in it.

So the number of features is bounded, however many values come.
"""

from numbers import Number
from typing import Any

from river import base, compose, preprocessing

from engine.models.config import AUTO, Spec
from engine.records.values import Features, shown
from engine.tasks.base import LearningTask

PLACES = 4096
"""Features that text is hashed into; their weights take some 400 kB in a linear model."""

MOST_VALUES = 50
"""Values of a column that get a feature each."""

LONGEST = 100
"""Characters of such a value."""

_SEED = 1

_NAMED = 3
"""Fields that a message names."""

_OF_TEXT = ("str", "sequence")
"""Words in what Python and NumPy raise about text: text times a number is "multiply sequence"."""


class TextEncoder(base.Transformer):
    """One feature of 0 or 1 for each value of a column of text, unless the column has too many, or long ones.

    River's `OneHotEncoder` has no bound. Whatever is not text is left out.

    >>> encoder = TextEncoder()
    >>> for town in ("Ulm", "Trier"): encoder.learn_one({"town": town, "age": 30})
    >>> encoder.transform_one({"town": "Trier", "age": 40})
    {'town=Ulm': 0, 'town=Trier': 1}
    """

    def __init__(self) -> None:
        self._names: dict[str, dict[str, str]] = {}
        self._zeros: dict[str, int] = {}
        self._left_out: set[str] = set()

    def learn_one(self, x: dict[Any, Any]) -> None:
        """Takes note of values that are new."""
        if str not in map(type, x.values()):
            return
        for column, value in x.items():
            if type(value) is str and column not in self._left_out:
                names = self._names.setdefault(column, {})
                if value not in names:
                    self._add(column, value, names)

    def _add(self, column: str, value: str, names: dict[str, str]) -> None:
        if len(names) < MOST_VALUES and len(value) <= LONGEST:
            names[value] = name = f"{column}={value}"
            self._zeros[name] = 0
            return
        self._left_out.add(column)
        for name in self._names.pop(column).values():
            self._zeros.pop(name, None)

    def transform_one(self, x: dict[Any, Any]) -> dict[Any, Any]:
        """The features that stand for the text in a record."""
        encoded: dict[Any, Any] = dict(self._zeros)
        if str in map(type, x.values()):
            for column, names in self._names.items():
                name = names.get(x.get(column))  # type: ignore[arg-type]  # whatever is no text is not there
                if name is not None:
                    encoded[name] = 1
        return encoded


def make_preprocessing(*, hashes: bool = False) -> base.Transformer:
    """A fresh preprocessing.

    Args:
        hashes: Whether text is hashed, as a linear model needs it.

    >>> from river import linear_model
    >>> model = make_preprocessing(hashes=True) | linear_model.LogisticRegression()
    >>> model.learn_one({"age": 30, "town": "Ulm", "member": True}, True)
    >>> model.learn_one({"age": 40, "town": "Trier"}, False)
    """
    hasher = preprocessing.FeatureHasher(PLACES, seed=_SEED)
    # Names are text throughout: some of River's models sort them.
    hashed = compose.SelectType(str) | hasher | compose.Prefixer("text ")
    text = hashed if hashes else TextEncoder()
    numbers = compose.SelectType(Number) | preprocessing.StandardScaler()
    return compose.TransformerUnion(("numbers", numbers), ("text", text))


def is_auto(spec: Any) -> bool:
    """Whether a step of a specification is this preprocessing."""
    return spec in (AUTO, {"type": AUTO})


def is_linear(model: Any) -> bool:
    """Whether a model is one of River's linear ones, also in a wrapper such as `TargetStandardScaler`."""
    while isinstance(model, base.Wrapper):
        model = model._wrapped_model
    return type(model).__module__.startswith("river.linear_model.")


def whole(spec: Spec, task: LearningTask) -> Spec:
    """The specification; where it is "auto" alone, that with the task's default model behind it."""
    alone = is_auto(spec) or (isinstance(spec, list) and len(spec) == 1 and is_auto(spec[0]))
    return [AUTO, *task.default_model] if alone else spec


def raised(error: BaseException, features: Features) -> str:
    """What a model raised, in words, with the remedy where text was the reason."""
    return f"{type(error).__name__}: {error}{advice(error, features)}"


def advice(error: BaseException, features: Features) -> str:
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
