"""A stream through the engine as it ever was, and through the lane: what is written and known then."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from benchmarks.lanes.suspicions import DrawnVerdicts
from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.core.serialize import encode
from engine.core.state import EngineState
from engine.events import Event
from engine.packing import unpack
from engine.records.decode import Decoder
from engine.records.parse import parse
from engine.records.values import Record
from engine.tasks.registry import find_task

_SEED = 5
_STATE_OF_A_GENERATOR = 2000
"""Bytes from which on a model's bytes are a generator's: River's models that have no seed draw one."""


@dataclass(slots=True)
class Ran:
    """What came of a stream.

    Attributes:
        written: The lines of each output stream.
        known: The state at the end, as text: NaN is the same as NaN.
        native: Records that the lane has taken.
    """

    written: dict[str, bytes] = field(default_factory=dict)
    known: str = ""
    native: int = 0

    def add(self, events: list[Event]) -> None:
        """Writes events."""
        for stream, chunk in encode(events, ["predictions"])[0].items():
            # Unseeded models differ in their generators, and so do the hashes of their bytes.
            text = re.sub(rb'"sha256":"[0-9a-f]*"', b"", chunk.text)
            names = b"".join(f"{name!r}\n".encode() for name in chunk.names)
            for written, more in ((stream, text), (f"names of {stream}", names)):
                self.written[written] = self.written.get(written, b"") + more

    def same(self, other: "Ran") -> bool:
        """Whether the same was written and is known."""
        return self.written == other.written and self.known == other.known

    def differences(self, other: "Ran") -> Iterator[str]:
        """Where they differ, in words."""
        for stream in sorted({*self.written, *other.written}):
            mine, theirs = (one.written.get(stream, b"").splitlines() for one in (self, other))
            for number, (one, two) in enumerate(zip(mine, theirs, strict=False)):
                if one != two:
                    yield f"{stream} line {number}: {one[:200]!r} and {two[:200]!r}"
                    break
            else:
                if len(mine) != len(theirs):
                    yield f"{stream}: {len(mine)} lines and {len(theirs)}"
        if self.known != other.known:
            pairs = enumerate(zip(self.known, other.known, strict=False))
            at = max(next((place for place, (one, two) in pairs if one != two), 0) - 100, 0)
            yield f"state: ...{self.known[at : at + 200]} and ...{other.known[at : at + 200]}"


@dataclass(frozen=True, slots=True)
class Engines:
    """Makes engines that are alike.

    Attributes:
        config: Of each.
        verdicts: Windows get verdicts that are drawn with this seed; `None`: as configured.
    """

    config: EngineConfig
    verdicts: int | None = None

    def begun(self) -> Engine:
        """One that begins."""
        random.seed(_SEED)
        np.random.seed(_SEED)
        return Engine(self.config, evaluator=self._judge())

    def restored(self, saved: bytes) -> Engine:
        """One that goes on."""
        return Engine.restore(saved, self.config, self._judge())

    def _judge(self) -> DrawnVerdicts | None:
        return None if self.verdicts is None else DrawnVerdicts(self.verdicts)


def by_engine(engines: Engines, lines: Sequence[bytes], cuts: Iterator[int], restarts: int = 0) -> Ran:
    """Every record decoded, and taken by `process`; arguments as of `by_lane`."""
    config = engines.config
    decode = Decoder(config.record, find_task(config.model.task).labels).decode

    def take(engine: Engine, at: int, part: list[bytes]) -> list[Event]:
        return engine.process([decode(line, "in", at + place) for place, line in enumerate(part)])

    return _run(engines, lines, cuts, restarts, take)


def by_lane(  # noqa: PLR0913 - what is compared, and how
    engines: Engines,
    lines: Sequence[bytes],
    cuts: Iterator[int],
    most: Iterator[int],
    restarts: int = 0,
    *,
    fields: bool = False,
) -> Ran:
    """Lines taken by `process_lines`.

    Args:
        engines: Those that run.
        lines: The stream.
        cuts: How many lines come at once.
        most: How many records the lane takes before the next is the engine's, whatever it is.
        restarts: After so many batches another engine goes on from a snapshot, again and again; 0: never.
        fields: Whether records come as dictionaries, where they are objects.
    """
    config = engines.config
    decoder = Decoder(config.record, find_task(config.model.task).labels)

    def decode(line: bytes, place: int) -> Record:
        found = _known(line)
        if isinstance(found, bytes):
            return decoder.decode(line, "in", place)
        return decoder.decode_fields(found, "in", place, line)

    def take(engine: Engine, at: int, part: list[bytes]) -> list[Event]:
        engine.switch_after(next(most))
        places, sources = range(at, at + len(part)), (("in", False),)
        if not fields:
            return engine.process_lines(part, places, sources)
        known = [_known(line) for line in part]
        return engine.process_lines(
            known, places, sources, b"", lambda place: decode(part[place], at + place)
        )

    return _run(engines, lines, cuts, restarts, take)


def _known(line: bytes) -> bytes | dict[str, Any]:
    """The fields of a line that is an object; another is left as it is."""
    try:
        found = parse(line)
    except ValueError:
        return line
    return found if isinstance(found, dict) else line


def _run(
    engines: Engines,
    lines: Sequence[bytes],
    cuts: Iterator[int],
    restarts: int,
    take: Callable[[Engine, int, list[bytes]], list[Event]],
) -> Ran:
    ran, engine = Ran(), engines.begun()
    ran.add(engine.begin())
    for number, (at, part) in enumerate(_parts(lines, cuts), 1):
        ran.add(take(engine, at, part))
        if restarts and not number % restarts:
            ran.native += engine.native_records
            saved = engine.snapshot()
            engine.close()
            engine = engines.restored(saved)
    ran.native += engine.native_records
    with engine:
        return _ended(ran, engine)


def _parts(lines: Sequence[bytes], cuts: Iterator[int]) -> Iterator[tuple[int, list[bytes]]]:
    at = 0
    while at < len(lines):
        part = [*lines[at : at + next(cuts)]]
        yield at, part
        at += len(part)


def _ended(ran: Ran, engine: Engine) -> Ran:
    state = unpack(engine.snapshot(), "engine snapshot", EngineState)
    ran.known = repr(_comparable(msgspec.to_builtins(state, builtin_types=(bytes,))))
    ran.add(engine.finish())
    return ran


def _comparable(value: Any) -> Any:
    """A state without the generators of models."""
    if isinstance(value, dict):
        return {name: _comparable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_comparable(each) for each in value]
    if isinstance(value, bytes) and value.startswith(b"riverkeeper\n"):
        return _comparable(msgspec.msgpack.decode(value.split(b"\n", 2)[2]))
    return "generator" if isinstance(value, bytes) and len(value) > _STATE_OF_A_GENERATOR else value
