"""A model that predicts and learns: in its compiled form as long as there is one, else by River."""

from typing import Any

from engine.models.native import Compiled, compile_model
from engine.models.native.compiled import REFUSED
from engine.models.operations import TaskOps
from engine.records.events import Output
from engine.records.values import Features, Target


class RunningModel:
    """A River model and the operations of its task on it.

    It is compiled when it is first used, where it can be. At a record that the compiled form does not take,
    River goes on from the state before it, for good.

    Args:
        model: The River model.
        ops: What the task does with it.
    """

    __slots__ = ("_compiled", "_fresh", "_model", "_ops")

    def __init__(self, model: Any, ops: TaskOps) -> None:
        self._model, self._ops = model, ops
        self._compiled: Compiled | None = None
        self._fresh = True

    @property
    def model(self) -> Any:
        """The River model, up to date."""
        if self._compiled is not None:
            self._compiled.sync()
        return self._model

    @property
    def is_compiled(self) -> bool:
        """Whether it runs in its compiled form."""
        return self._compiled is not None

    def predict(self, features: Features) -> Output | None:
        """Its output; it may raise anything."""
        if self._compiled is None and not self._compile():
            return self._ops.predict(self._model, features)
        try:
            return self._compiled.predict(features)  # type: ignore[union-attr]  # there is one
        except REFUSED:
            self._hand_back()
        return self._ops.predict(self._model, features)

    def learn(self, features: Features, label: Target | None) -> None:
        """Trains it; it may raise anything."""
        if self._compiled is None and not self._compile():
            self._ops.learn(self._model, features, label)
            return
        try:
            self._compiled.learn(features, label)  # type: ignore[union-attr]  # there is one
        except REFUSED:
            self._hand_back()
        else:
            return
        self._ops.learn(self._model, features, label)

    def _compile(self) -> bool:
        if self._fresh:
            self._fresh = False
            self._compiled = compile_model(self._model)
        return self._compiled is not None

    def _hand_back(self) -> None:
        if self._compiled is not None:
            self._compiled.sync()
        self._compiled = None
