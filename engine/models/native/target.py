"""`TargetStandardScaler`: labels are scaled before the model inside learns them."""

from typing import Any

from river import preprocessing

from engine.models.native.moments import Moments, variance, write_variance
from engine.models.native.recognition import Write, attributes, expect

_KIND: Any = preprocessing.TargetStandardScaler


def scaled(model: Any) -> Any:
    """The model inside a scaler of labels; `None` when this is none."""
    return model.regressor if type(model) is _KIND else None


def described_target(model: Any) -> tuple[Moments, Write]:
    """The labels that a scaler has met, as the crate takes them, and what writes them."""
    known = attributes(model, _KIND, ("var", "regressor", "func", "inverse_func"))
    for name, method in (("func", _KIND._scale), ("inverse_func", _KIND._unscale)):
        bound = known[name]
        expect(getattr(bound, "__self__", None) is model and bound.__func__ is method)
    labels = known["var"]

    def write(state: Any) -> None:
        write_variance(labels, state)

    return variance(labels), write
