"""Who reads waits for those that learn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bytewax.inputs import StatefulSourcePartition

from dataflows.connectors.batch import Batch
from dataflows.lifecycle import shutdown
from dataflows.runtime.backpressure import LEAST, SECONDS, Learned, Pace, PacedPartition


class Clock:
    now = 100.0

    def __call__(self) -> float:
        self.now += 0.03
        return self.now


class Endless(StatefulSourcePartition[Batch, int]):
    def __init__(self) -> None:
        self.read = 0

    def next_batch(self) -> list[Batch]:
        if shutdown.wanted():
            raise StopIteration
        self.read += 1000
        return [Batch([b"{}"] * 1000, [0] * 1000)]

    def snapshot(self) -> int:
        return self.read


def batches(part: PacedPartition) -> Iterator[int]:
    """Until it waits."""
    while found := part.next_batch():
        yield sum(map(len, found))


def test_the_reader_is_never_further_ahead_than_it_may_and_goes_on_when_others_have_learned(
    tmp_path: Path,
) -> None:
    counts = [Learned(), Learned()]
    for process, count in enumerate(counts):
        count.open(tmp_path, process)
    part = PacedPartition(Endless(), Pace(tmp_path, 2, Clock()))
    read = sum(batches(part))
    assert LEAST < read <= LEAST + 1000
    assert part.next_batch() == []
    assert part.next_awake() is not None
    counts[0].add(3000)
    counts[1].add(4000)
    more = sum(batches(part))
    assert 7000 <= more <= 8000 + round(7000 / 0.03 * SECONDS)
    assert part.snapshot() == read + more


def test_who_learns_fast_is_sent_more(tmp_path: Path) -> None:
    count, clock = Learned(), Clock()
    count.open(tmp_path, 0)
    pace = Pace(tmp_path, 1, clock)
    pace.sent(LEAST * 4)
    assert pace.too_far()
    clock.now += 1
    count.add(LEAST)
    assert not pace.too_far(), "at this speed it is a matter of seconds"
    clock.now += 100
    assert pace.too_far(), "nothing more was learned since"


def test_to_stop_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = PacedPartition(Endless(), Pace(tmp_path, 1, Clock()))
    assert sum(batches(part)) > LEAST
    monkeypatch.setattr(shutdown, "wanted", lambda: True)
    with pytest.raises(StopIteration):
        part.next_batch()
