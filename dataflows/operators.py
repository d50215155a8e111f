"""Operators for Bytewax dataflows of one's own.

`keep` is what `riverkeeper run` does to a stream, without its inputs and its run folder. A complete flow:
`examples/bytewax_flow.py`.
"""

from collections.abc import Iterable
from functools import partial

import bytewax.operators as op
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream, StatefulBatchLogic

from dataflows.runtime.sealed import Seals
from engine.events import Event
from engine.keeper.keeper import Keeper
from engine.keeper.router import RawRecord
from engine.keeper.settings import Settings


@operator
def keep(
    step_id: str,
    up: KeyedStream[RawRecord],
    config: Settings,
    *,
    task: str | None = None,
) -> KeyedStream[Event]:
    """Predicts, learns and supervises: records in, events out, an engine for each key of the stream.

    The key of the stream is the model key, whatever `record.key` says. Records of one key must come in their
    order. The engines are kept in Bytewax's recovery store: a flow that is killed and resumed gives the
    events of one that was not, again from its last epoch on. What it keeps is sealed with `RIVERKEEPER_KEY`
    and checked when an engine is brought back; before that Bytewax has unpickled it, so keep the store where
    only you can write (docs/recovery.md). The process that makes reports is one for each
    process of the flow, and ends with it.

    Args:
        step_id: Of the step, unique in the flow.
        up: Records by model key: JSON as bytes or text, dicts, and records of the engine, mixed.
        config: The configuration, as `Keeper` takes it.
        task: With a River model, what it does.

    Returns:
        Predictions, outcomes, reports, decisions and the like, by model key. When the input ends, what
        `riverkeeper run` says at its end too: the last report and a summary.

    Raises:
        ConfigError: When the configuration does not say something that can be built.
        ModelError: When the model cannot be built or does not fit the task.
    """
    keeper = Keeper(config, task=task)
    # Bytewax does not tell the key to the logic, so each record carries it.
    named = op.map("name", up, lambda pair: (pair[0], pair))
    return op.stateful_batch("engines", named, partial(KeeperLogic, keeper, Seals.of(f"{step_id}.engines")))


class KeeperLogic(StatefulBatchLogic[tuple[str, RawRecord], Event, bytes]):
    """One key of a keeper that all keys of the process share. Bytewax makes it anew or from its snapshot.

    Args:
        keeper: Of the process. It may still hold the key from a run before, in the same process.
        seals: Of the step.
        sealed: What the recovery store has.
    """

    def __init__(self, keeper: Keeper, seals: Seals, sealed: bytes | None) -> None:
        self._keeper, self._seals = keeper, seals
        self._saved = None if sealed is None else seals.opened(sealed)
        self._key: str | None = None

    def on_batch(self, values: list[tuple[str, RawRecord]]) -> tuple[Iterable[Event], bool]:
        """Takes the records that came together."""
        key = self._key or self._begin(values[0][0])
        return self._keeper.process([record for _, record in values], key=key), StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[Iterable[Event], bool]:
        """The input has ended: the last report, and the summary, unless they were given before."""
        if self._saved is not None:
            self._begin(self._saved[0])
        events = [] if self._key is None else self._keeper.finish(self._key)
        return events, StatefulBatchLogic.RETAIN

    def snapshot(self) -> bytes:
        """The engine, sealed for its key."""
        if self._saved is not None:
            return self._seals.closed(*self._saved)
        if self._key is None:
            raise RuntimeError("Bytewax asked for the state of a key that has seen no record")
        return self._seals.closed(self._key, self._keeper.snapshot(self._key))

    def _begin(self, key: str) -> str:
        """The engine as the recovery store has it. Not before the key's first record: most keys have none."""
        if self._saved is None:
            self._keeper.forget(key)
        else:
            self._keeper.restore({key: self._saved[1]})
        self._key, self._saved = key, None
        self._keeper.warm()
        return key
