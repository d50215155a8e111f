"""Metrics of a user's own, for the tests of scores."""

from typing import Any

from river import metrics


class _Hits(metrics.base.ClassificationMetric):
    """Counts where label and class are the same, and cannot take a label 'd' or a wrong `True`."""

    def __init__(self) -> None:
        super().__init__(cm=None)  # type: ignore[no-untyped-call]  # River leaves it untyped
        self.hits = 0

    def update(self, y_true: Any, y_pred: Any, w: float = 1.0) -> None:
        assert w == 1.0
        self.hits += self._hit(y_true, y_pred)

    def revert(self, y_true: Any, y_pred: Any, w: float = 1.0) -> None:
        assert w == 1.0
        self.hits -= self._hit(y_true, y_pred)

    def _hit(self, y_true: Any, y_pred: Any) -> bool:
        if y_true == "d" or (y_pred is True and not y_true):
            raise RuntimeError("no")
        return bool(y_true == y_pred)

    def get(self) -> float:
        return float(self.hits)


class _Misses(metrics.base.RegressionMetric):
    """Counts where the value is below the label; cannot take a label above 50."""

    def __init__(self) -> None:
        self.misses = 0

    def update(self, y_true: float, y_pred: float) -> None:
        self.misses += self._missed(y_true, y_pred)

    def revert(self, y_true: float, y_pred: float) -> None:
        self.misses -= self._missed(y_true, y_pred)

    def _missed(self, y_true: float, y_pred: float) -> bool:
        if y_true > 50:
            raise RuntimeError("no")
        return y_pred < y_true

    def get(self) -> float:
        return float(self.misses)

    def works_with(self, model: Any) -> bool:
        return model is not None


def hits() -> _Hits:
    return _Hits()


def misses() -> _Misses:
    return _Misses()


def rivers_f2() -> metrics.FBeta:
    return metrics.FBeta(beta=2)


def none() -> None:
    return None


def several() -> Any:
    return getattr(metrics, "ConfusionMatrix")()  # noqa: B009 - its class has no types
