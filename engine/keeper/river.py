"""Keepers as River estimators: for `river.evaluate`, pipelines, ensembles and model selection.

>>> from river import evaluate, datasets, metrics, linear_model, preprocessing
>>> model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
>>> evaluate.progressive_val_score(datasets.Phishing().take(500), Kept(model), metrics.Accuracy())
Accuracy: 86.80%
"""

from collections import deque
from collections.abc import Mapping
from typing import Any

from river import base

from engine.keeper.keeper import Keeper
from engine.models.config import AUTO
from engine.records.events import AnomalyScore, Prediction
from engine.tasks.anomaly import ANOMALY
from engine.tasks.binary import BINARY
from engine.tasks.multiclass import MULTICLASS
from engine.tasks.regression import REGRESSION

Sections = Mapping[str, Any]
"""Sections of the configuration other than `model`."""

_OPEN = 100_000
"""Predictions that wait for their label; beyond it the oldest leave."""


_DEFAULTS: Sections = {"monitoring": {"reports": False}, "labels": {"max_waiting": _OPEN}}


class _Kept:
    """What the estimators have in common: a keeper, made with the first example."""

    model: Any
    config: Sections | None
    _task: str

    def __init__(self, model: Any = None, config: Sections | None = None) -> None:
        self.model, self.config = model, config
        self._made: Keeper | None = None

    @property
    def keeper(self) -> Keeper:
        """The keeper: its scores, events, decisions and snapshots."""
        if self._made is None:
            model = AUTO if self.model is None else self.model
            given = self.config or {}
            sections = {name: {**values, **given.get(name, {})} for name, values in _DEFAULTS.items()}
            self._made = Keeper({**given, **sections, "model": {"task": self._task, "model": model}})
        return self._made


class _Labelled(_Kept):
    """What is predicted waits for its label, which is found by the features."""

    def __init__(self, model: Any = None, config: Sections | None = None) -> None:
        super().__init__(model, config)
        self._open: dict[frozenset[Any], deque[str]] = {}
        self._waiting = 0

    def predict_one(self, x: Mapping[Any, Any], **_: Any) -> Any:
        """The class or value that is served; `None` before the model has learned."""
        return self._ask(x).prediction

    def learn_one(self, x: Mapping[Any, Any], y: Any) -> None:
        """Brings the label of the oldest prediction on these features; predicts first if there was none."""
        name = self._take(frozenset(x.items())) or self.keeper.predict_one(x).id
        self.keeper.learn_one(y, id=name)

    def _ask(self, x: Mapping[Any, Any]) -> Prediction:
        """The prediction, which is held: `learn_one` brings its label."""
        served = self.keeper.predict_one(x)
        if self._waiting >= _OPEN:
            self._take(next(iter(self._open)))
        self._open.setdefault(frozenset(x.items()), deque()).append(served.id)
        self._waiting += 1
        return served

    def _take(self, features: frozenset[Any]) -> str | None:
        """The oldest prediction on these features that has no label; `None` when there is none."""
        names = self._open.get(features)
        if names is None:
            return None
        name = names.popleft()
        if not names:
            del self._open[features]
        self._waiting -= 1
        return name


class Kept(_Labelled, base.Classifier):
    """A classifier that is kept: watched, compared with shadows, rolled back.

    What is predicted waits for its label, which is found by the features: so a pipeline belongs into `model`,
    not around it, where the features may be others by the time the label comes.

    Args:
        model: A River classifier, or what `model.model` of a configuration may be; "auto" without one.
        task: binary or multiclass.
        config: The other sections of the configuration. Reports are off unless it has them on.
    """

    def __init__(self, model: Any = None, task: str = BINARY.name, config: Sections | None = None) -> None:
        super().__init__(model, config)
        self.task = task

    @property
    def _task(self) -> str:  # type: ignore[override]  # a parameter here
        return self.task

    @property
    def _multiclass(self) -> bool:
        return self.task == MULTICLASS.name

    def predict_proba_one(self, x: Mapping[Any, Any], **_: Any) -> dict[Any, float]:
        """The probability of each class; none before the model has learned."""
        found = self._ask(x).probability
        if found is None:
            return {}
        return dict(found) if isinstance(found, Mapping) else {False: 1.0 - found, True: found}


class KeptRegressor(_Labelled, base.Regressor):
    """A regressor that is kept; see `Kept`.

    Args:
        model: A River regressor, or what `model.model` of a configuration may be; "auto" without one.
        config: As in `Kept`.
    """

    _task = REGRESSION.name


class KeptDetector(_Kept, base.AnomalyDetector):
    """An anomaly detector that is kept; see `Kept`.

    Args:
        model: A River detector, or what `model.model` of a configuration may be; "auto" without one.
        config: As in `Kept`.
    """

    _task = ANOMALY.name

    def score_one(self, x: Mapping[Any, Any], **_: Any) -> float:
        """The score that `learn_one` would serve; 0 before the detector has one. Changes nothing."""
        output = self.keeper.peek(x)
        return output.score if isinstance(output, AnomalyScore) else 0.0

    def learn_one(self, x: Mapping[Any, Any]) -> None:
        """Scores the example, then learns it."""
        self.keeper.predict_one(x)
