"""The recipe "auto": a preprocessing that takes whatever columns there are, made of River's own parts.

- Numbers and booleans are scaled to mean 0 and deviation 1.
- Text is hashed, each value of a column to one of `PLACES` features that is 1 or -1: there are never more,
  however many values come.
- A missing value stays an absent key. To a linear model that is the column's mean, which scaling made 0.
"""

from numbers import Number

from river import base, compose, preprocessing

from engine.models.config import AUTO, Spec
from engine.records.values import Features, shown
from engine.tasks.base import LearningTask

PLACES = 4096
"""Features that stand for text, over all columns: a weight for each takes some 400 kB in a linear model."""

_SEED = 1

_NAMED = 3
"""Fields that a message names."""

_OF_TEXT = ("str", "sequence")
"""Words in what Python and NumPy raise about text: text times a number is "multiply sequence"."""


def make_preprocessing() -> base.Transformer:
    """A fresh preprocessing.

    >>> from river import linear_model
    >>> model = make_preprocessing() | linear_model.LogisticRegression()
    >>> model.learn_one({"age": 30, "town": "Ulm", "member": True}, True)
    >>> model.learn_one({"age": 40, "town": "Trier"}, False)
    """
    hasher = preprocessing.FeatureHasher(PLACES, seed=_SEED)
    # Names are text throughout: some of River's models sort them.
    return compose.TransformerUnion(
        ("numbers", compose.SelectType(Number) | preprocessing.StandardScaler()),
        ("text", compose.SelectType(str) | hasher | compose.Prefixer("text_")),
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
