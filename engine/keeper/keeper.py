"""`Keeper`: engines by model key behind one evaluator, for a program that has records and wants predictions.

    with Keeper("flow.toml") as keeper:
        prediction = keeper.predict_one({"x": 1.5}, id="a", key="shop-1", time=0.0)
        keeper.learn_one(True, id="a", key="shop-1", time=60.0)
        events = keeper.process(lines)          # JSON lines, dicts and records, as they come
        store(keeper.changed())                 # a checkpoint: the state of what was touched since the last

What comes out does not depend on which of these ways a record took, nor on how records are cut into batches.
"""

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Self

from engine.config import EngineConfig
from engine.core.call_lock import drained
from engine.core.engine import Engine
from engine.errors import InputError, SnapshotError, UsageError
from engine.events import Event
from engine.keeper.router import RawRecord, Router
from engine.keeper.settings import Settings, make_config
from engine.monitoring.worker.evaluator import make_evaluator
from engine.records.decode import identifier
from engine.records.events import DeadLetter, Outcome, Output, Prediction
from engine.records.keys import ONE_KEY
from engine.records.values import Example, Label, Record, Scalar, shown
from engine.supervision.decisions import ORDERS, Command, Order

_ASIDE = 10_000
"""Events that wait for `events()`; beyond it the oldest leave."""


class Keeper:
    """Engines by model key; each begins with the first record of its key.

    It may be called from any thread: calls take turns. Records of one key must come in their order, which is
    the caller's affair.

    Args:
        config: The configuration: an `EngineConfig`, a mapping of its sections, or the path of a TOML file,
            whose sections for input and output (`run`, `input`, `kafka`, ...) are passed over; or a River
            model, with `task`.
        task: With a River model, what it does: binary, multiclass, regression or anomaly.
        reference: With `window.reference = "pinned"`, the rows that windows are compared with, by key.

    Attributes:
        config: The configuration.

    Raises:
        ConfigError: When the configuration does not say something that can be built.
        ModelError: When the model cannot be built or does not fit the task.
    """

    def __init__(
        self,
        config: Settings,
        *,
        task: str | None = None,
        reference: Mapping[str, Iterable[Example]] | None = None,
    ) -> None:
        self.config: EngineConfig = make_config(config, task)
        self._reference = reference or {}
        self._router = Router(self.config)
        self._evaluator = make_evaluator(self.config.monitoring, self.config.model.task)
        self._engines: dict[str, Engine] = {}
        self._touched: dict[str, None] = {}
        self._asked: dict[str, str] = {}
        self._aside: deque[Event] = deque(maxlen=_ASIDE)
        self._lock = threading.RLock()
        self._closed = False
        # A model that cannot be built is the caller's mistake now, not with the first record.
        Engine(self.config, ONE_KEY, self._evaluator)

    def __repr__(self) -> str:
        return f"<Keeper task={self.config.model.task} keys={len(self._engines)}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        with self._lock:
            saved = {key: engine.snapshot() for key, engine in self._engines.items()}
            return _again, (type(self), self.config, dict(self._reference), saved, dict(self._asked))

    @property
    def engines(self) -> Mapping[str, Engine]:
        """The engines by key, to look at: scores, counts, what serves. Only the keeper changes them."""
        return MappingProxyType(self._engines)

    def predict_one(
        self,
        x: Mapping[str, Scalar],
        *,
        id: str | int | None = None,  # noqa: A002 - a record's own word for it
        key: str = ONE_KEY,
        time: float | datetime | None = None,
    ) -> Prediction:
        """Predicts one example, and holds it until its label comes.

        Args:
            x: Feature names to values.
            id: Joins the label to it. Without one it gets the next free one, which the prediction holds.
            key: The model key.
            time: Event time: seconds since 1970, or a datetime (UTC unless it has a zone). Without one, that
                which the key's stream has reached.

        Raises:
            InputError: When the record is turned away; the message has the reason.
        """
        with self._lock:
            engine = self._engine(key, self._aside)
            number = engine.admission.counts.records
            name = f"#{number}" if id is None else _name(id)
            moment = engine.admission.clock.time if time is None else time
            example = self._router.made(Example(name, moment, x, position=number))  # type: ignore[arg-type]
            found = self._take_one(engine, example)
            self._asked[key] = name
            return next(event for event in found if isinstance(event, Prediction) and event.id == name)

    def peek(self, x: Mapping[str, Scalar], *, key: str = ONE_KEY) -> Output | None:
        """What the serving model puts out for features now. Nothing is held, counted or learned.

        Args:
            x: Feature names to values.
            key: The model key.

        Returns:
            Probabilities by class, a value, or a score; `None` before the model can say anything.
        """
        with self._lock:
            engine = self._engine(key, self._aside)
            features, _ = engine.admission.contract.check(x)
            return engine.pool.champion.predict(features)

    def learn_one(
        self,
        y: Any,
        *,
        id: str | int | None = None,  # noqa: A002 - a record's own word for it
        key: str = ONE_KEY,
        time: float | datetime | None = None,
    ) -> Outcome | None:
        """Brings the label of an example that was predicted; the models learn from it.

        Args:
            y: The label, as records write it: in a binary task `record.positive` and `record.negative`.
            id: Of the example. Without one, that of the key's last `predict_one`.
            key: The model key.
            time: As in `predict_one`.

        Returns:
            The prediction with its label and loss; `None` when the label came first and waits for its
            example.

        Raises:
            InputError: When the label is turned away; the message has the reason.
        """
        with self._lock:
            engine = self._engine(key, self._aside)
            name = self._last_asked(key) if id is None else _name(id)
            number = engine.admission.counts.records
            moment = engine.admission.clock.time if time is None else time
            label = self._router.made(Label(name, moment, y, position=number))  # type: ignore[arg-type]
            found = self._take_one(engine, label)
            outcomes = (event for event in found if isinstance(event, Outcome) and event.example.id == name)
            return next(outcomes, None)

    def process(
        self,
        records: Iterable[RawRecord],
        *,
        key: str | None = None,
        source: str = "",
        position: int = -1,
        is_label: bool = False,
    ) -> list[Event]:
        """Takes records in order; returns what came of them, in order.

        Args:
            records: JSON as bytes or text, dicts, and records of the engine, mixed. They are drained before
                the first is taken, so an iterator that raises has lost nothing.
            key: The model key of all of them. Without one each has that of its field `record.key`; where
                there is none, or for a record of the engine, it is "main".
            source: Where they come from, such as a partition of a topic: see `positions`.
            position: Of the first there; each that follows is one further.
            is_label: Whether they come from a stream of labels.
        """
        given = drained(records)
        with self._lock:
            events: list[Event] = []
            routed = self._router.route(given, key, source, position, is_label=is_label)
            for name, part in groupby(routed, itemgetter(0)):
                events += self._engine(name, events).process([record for _, record in part])
            return events

    def events(self) -> list[Event]:
        """What has come besides the predictions and outcomes that `predict_one` and `learn_one` returned.

        Reports, alerts, decisions and the like, since the last call. 10,000 wait at most; then the oldest
        leave.
        """
        with self._lock:
            events = [*self._aside]
            self._aside.clear()
            return events

    def command(  # noqa: PLR0913 - what a person says
        self,
        order: Order,
        target: str = "",
        *,
        key: str = ONE_KEY,
        who: str = "",
        why: str = "",
        id: str | None = None,  # noqa: A002 - the command's own word for it
    ) -> list[Event]:
        """Carries out what a person wants, between two records; the very next prediction shows it.

        Args:
            order: rollback, promote, suspect, pin, unpin or save.
            target: The checkpoint or challenger; of a rollback "" stands for the newest vetted one.
            key: The model key.
            who: Who wants it.
            why: Why.
            id: A command that comes again with the same id does nothing.

        Raises:
            UsageError: When there is no such order.
        """
        if order not in ORDERS:
            raise UsageError(f"command: expected one of {', '.join(ORDERS)}, got {shown(order)}")
        with self._lock:
            events: list[Event] = []
            engine = self._engine(key, events)
            name = id or f"{order}-{engine.admission.counts.records}"
            return events + engine.command(Command(name, order, target, who, why))

    def finish(self, key: str | None = None) -> list[Event]:
        """At the end of the input: reports still awaited, each champion as it is, and a summary of each key.

        More records may follow.

        Args:
            key: The key whose input has ended; all keys without one.
        """
        with self._lock:
            ended = [*self._engines] if key is None else [key] if key in self._engines else []
            self._touched.update(dict.fromkeys(ended))
            return [event for name in ended for event in self._engines[name].finish()]

    def positions(self, key: str = ONE_KEY) -> dict[str, int]:
        """Position of the last accepted record of a key, by source: where a host that replays may begin."""
        with self._lock:
            engine = self._engines.get(key)
            return {} if engine is None else dict(engine.admission.counts.positions)

    def snapshot(self, key: str = ONE_KEY) -> bytes:
        """Everything that is known of a key, as a value.

        Raises:
            SnapshotError: When the key has no engine yet, or a model cannot be saved.
        """
        with self._lock:
            return self._known(key).snapshot()

    def changed(self) -> dict[str, bytes]:
        """A checkpoint: snapshots of the keys that were touched since the last call (or the start).

        Those that could not be stored belong to the next checkpoint, unless it has newer ones.

        Raises:
            SnapshotError: When a model cannot be saved; the next call gives all of them again.
        """
        with self._lock:
            saved = {key: self._engines[key].snapshot() for key in self._touched}
            self._touched.clear()
            return saved

    def restore(self, saved: Mapping[str, bytes]) -> None:
        """Goes on from snapshots by key; other keys stay as they are.

        Raises:
            SnapshotError: When one is damaged, of another key, model or task; then no key is changed.
        """
        if not isinstance(saved, Mapping):
            raise UsageError(f"restore: expected snapshots by key, got a {type(saved).__name__}")
        with self._lock:
            found = {key: Engine.restore(state, self.config, self._evaluator) for key, state in saved.items()}
            for key, engine in found.items():
                if engine.key != key:
                    raise SnapshotError(f"expected a snapshot of the key {key!r}, got one of {engine.key!r}")
            for key in found:
                self.forget(key)
            self._engines.update(found)

    def forget(self, key: str) -> None:
        """Drops a key's engine: its next record begins a new one, or `restore` brings it back."""
        with self._lock:
            self._engines.pop(key, None)
            self._touched.pop(key, None)
            self._asked.pop(key, None)

    def warm(self) -> None:
        """Starts the process that makes reports, which takes seconds, ahead of the first window.

        Returns at once. Without it the process starts when the first window closes.
        """
        if self.config.monitoring.reports:
            self._evaluator.warm()

    def would_wait(self, key: str = ONE_KEY) -> bool:
        """Whether a record of this key may now wait for a report that is being made.

        It takes effect when the next window closes, which then waits for it.
        """
        with self._lock:
            engine = self._engines.get(key)
            if engine is None:
                return False
            window = engine.review.awaited
            verdict = window is not None and not self._evaluator.ready(key, window)
            return verdict or engine.review.full_reports.is_awaited

    def close(self) -> None:
        """Ends the process that makes reports; a keeper that is dropped does it by itself. Twice is fine.

        Afterwards only what is known can be had: snapshots, counts, scores.
        """
        with self._lock:
            self._closed = True
            self._evaluator.close()

    def _engine(self, key: str, events: Any) -> Engine:
        """The engine of a key, which is about to change; events of one that begins go to `events`."""
        if self._closed:
            raise UsageError("the keeper is closed; changed() or snapshot() restores into another")
        engine = self._engines.get(key)
        if engine is None:
            engine = Engine(self.config, key, self._evaluator, self._reference.get(key, ()))
            self._engines[key] = engine
            events += engine.begin()
        self._touched[key] = None
        return engine

    def _known(self, key: str) -> Engine:
        try:
            return self._engines[key]
        except KeyError:
            known = ", ".join([shown(name) for name in self._engines][:10]) or "none"
            raise SnapshotError(f"key {shown(key)}: no record of it has come; keys: {known}") from None

    def _take_one(self, engine: Engine, record: Record) -> list[Event]:
        """What came of one record.

        Raises:
            InputError: When it was turned away.
        """
        found = engine.process([record])
        refused = ""
        for event in found:
            if isinstance(event, DeadLetter) and event.position == record.position:
                refused = event.reason
            elif not isinstance(event, Prediction | Outcome):
                self._aside.append(event)
        if refused:
            raise InputError(f"key {engine.key!r}: {refused}")
        return found

    def _last_asked(self, key: str) -> str:
        try:
            return self._asked[key]
        except KeyError:
            raise InputError(
                f"key {shown(key)}: learn_one without an id brings the label of the last predict_one, and "
                f"there was none; name the id"
            ) from None


def _again(
    kind: type[Keeper],
    config: EngineConfig,
    reference: Mapping[str, Iterable[Example]],
    saved: Mapping[str, bytes],
    asked: dict[str, str],
) -> Keeper:
    """A keeper from its pickle, which makes a process for reports of its own when it needs one."""
    keeper = kind(config, reference=reference)
    keeper.restore(saved)
    keeper._asked.update(asked)
    keeper._touched.update(dict.fromkeys(saved))
    return keeper


def _name(given: object) -> str:
    name = identifier(given)
    if name is None:
        raise InputError(f"id: expected text or a whole number, got {shown(given)}")
    return name
