"""A model that predicts and learns: in its compiled form as long as there is one, else by River."""

from collections.abc import Callable
from functools import partial
from typing import Any

from engine.models.native import REFUSED, STEP_REFUSED, Compiled, compile_model
from engine.models.operations import TaskOps
from engine.records.events import Output
from engine.records.values import Features, Target


class RunningModel:
    """A River model and the operations of its task on it.

    It is compiled where it can be. At a record that the compiled form does not take, River goes on from the
    state before it: with that record alone where its step is all that is not taken, else for good.

    Args:
        model: The River model.
        ops: What the task does with it.

    Attributes:
        predict: Takes features; its output. It may raise anything.
        learn: Takes features and a label, and trains it. It may raise anything.
    """

    __slots__ = ("_compiled", "_model", "learn", "ops", "predict")

    def __init__(self, model: Any, ops: TaskOps) -> None:
        self._model, self.ops = model, ops
        self._compiled: Compiled | None
        self.predict: Callable[[Features], Output | None]
        self.learn: Callable[[Features, Target | None], None]
        self._compile()

    def __reduce__(self) -> tuple[type["RunningModel"], tuple[Any, TaskOps]]:
        """A copy has a River model of its own, and compiles it anew."""
        return RunningModel, (self.model, self.ops)

    @property
    def model(self) -> Any:
        """The River model, up to date. Whoever changes it makes another `RunningModel` of it."""
        if self._compiled is not None:
            self._compiled.sync()
        return self._model

    @property
    def is_compiled(self) -> bool:
        """Whether it runs in its compiled form."""
        return self._compiled is not None

    @property
    def native(self) -> Any:
        """The crate's model, which whoever has it may predict with and train; `None` without one."""
        return None if self._compiled is None else self._compiled.native

    def _compile(self) -> None:
        self._compiled = compile_model(self._model)
        if self._compiled is None:
            self._leave_to_river()
        else:
            self.predict, self.learn = self._predict_compiled, self._learn_compiled

    def _leave_to_river(self) -> None:
        self._compiled = None
        # No frame of Python's more than a call of the operation itself.
        self.predict = partial(self.ops.predict, self._model)
        self.learn = partial(self.ops.learn, self._model)

    def _predict_compiled(self, features: Features) -> Output | None:
        try:
            return self._compiled.predict(features)  # type: ignore[union-attr]  # there is one
        except REFUSED:
            self._hand_back()
        return self.predict(features)

    def _learn_compiled(self, features: Features, label: Target | None) -> None:
        try:
            self._compiled.learn(features, label)  # type: ignore[union-attr]  # there is one
        except REFUSED as error:
            self._hand_back()
            again = isinstance(error, STEP_REFUSED)
        else:
            return
        self.learn(features, label)
        if again:
            self._compile()

    def _hand_back(self) -> None:
        if self._compiled is not None:
            self._compiled.sync()
        self._leave_to_river()
