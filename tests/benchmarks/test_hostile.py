"""The watch of `python -m benchmarks.hostile` sees what it is for, and a short run of it finds nothing."""

import os
import pickle
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.hostile.__main__ import replay, table
from benchmarks.hostile.targets import TARGETS, prepare
from benchmarks.hostile.watched import Tally, Target, run
from engine.errors import InputError, SnapshotError

GADGET = b"cposix\nsystem\n(S'true'\ntR."


def _says(*, of_ours: bool) -> Any:
    raise InputError("no") if of_ours else KeyError("no")


def _takes_too_much() -> None:
    try:
        bytearray(1 << 40)
    except MemoryError as error:
        raise SnapshotError("too much") from error


PLANTED: list[tuple[str, Callable[[Path], Any]]] = [
    ("used", lambda folder: (folder / "inside").touch()),
    ("refused", lambda _: _says(of_ours=True)),
    ("executions", lambda _: pickle.loads(GADGET)),  # noqa: S301 - that it is seen
    ("executions", lambda _: os.system("true")),  # noqa: S605, S607
    ("executions", lambda _: eval("1 + 1")),  # noqa: S307
    ("executions", lambda _: __import__("antigravity_not_there")),
    ("executions", lambda folder: folder.with_name("beside").touch()),
    ("crashes", lambda _: os.abort()),
    ("crashes", lambda _: os._exit(0)),
    ("crashes", lambda _: signal.raise_signal(signal.SIGSEGV)),
    ("hangs", lambda _: signal.pause()),
    ("memory", lambda _: _takes_too_much()),
    ("other", lambda _: _says(of_ours=False)),
]


def test_what_is_planted_is_seen_and_the_inputs_after_it_are_tried() -> None:
    drawn = {Random(f"0/planted/{number}").random(): number for number in range(len(PLANTED))}  # noqa: S311
    target = Target(
        "planted",
        lambda random: b"%d" % drawn[random.random()],
        lambda content, folder: PLANTED[int(content)][1](folder),
    )
    tally = Tally(Counter())
    run(target, 0, range(len(PLANTED)), tally, hang=1.0)
    assert tally.inputs == len(PLANTED)
    seen = {number: said.partition(":")[0] for number, said in reversed(tally.findings)}
    assert seen == {
        number: kind for number, (kind, _) in enumerate(PLANTED) if kind not in {"used", "refused"}
    }
    assert (tally.counts["used"], tally.counts["refused"]) == (1, 1)
    assert len(table({"planted": tally}).splitlines()) == 2


@pytest.fixture(scope="module")
def _prepared() -> None:
    prepare()


@pytest.mark.usefixtures("_prepared")
@pytest.mark.parametrize(
    ("name", "count"), [*((name, 12) for name in TARGETS if name != "models"), ("models", 100)]
)
def test_hostile_files_bring_about_nothing(name: str, count: int) -> None:
    tally = Tally(Counter())
    run(TARGETS[name], 0, range(count), tally)
    assert tally.findings == []
    assert tally.inputs == count
    assert tally.counts["used"] > 0, "what is never let through is never used"


@pytest.mark.usefixtures("_prepared")
def test_an_input_is_the_same_each_time_and_can_be_kept(tmp_path: Path) -> None:
    target = TARGETS["control"]
    kept = tmp_path / "control-0-5"
    kept.write_bytes(target.input(0, 5))
    assert kept.read_bytes() == target.input(0, 5) != target.input(1, 5)
    assert replay(kept).inputs == 1
