"""The evaluator's process belongs to one program, not to its forked children, and ends with it."""

import gc
import os
import signal
import threading
import weakref
from collections.abc import Callable
from select import select

import pytest

from engine.errors import EvaluatorError
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.types import EvaluationJob, Table
from engine.monitoring.worker.evaluator import BackgroundEvaluator, InlineEvaluator, make_evaluator
from tests.support.forks import children_of

KINDS = pytest.mark.parametrize("kind", [InlineEvaluator, BackgroundEvaluator])


def empty(window: int) -> EvaluationJob:
    """A job whose verdict needs no report."""
    return EvaluationJob("a", window, Table({}), None, "none")


def children() -> set[int]:
    """Processes that this one has started and not waited for."""
    return set(children_of("self"))


def in_a_fork(work: Callable[[], str], seconds: float = 60.0) -> str:
    """What a forked child says; it is killed when it says nothing for so long."""
    there, here = os.pipe()
    child = os.fork()
    if child == 0:
        said = "nothing"
        try:
            said = work()
        except BaseException as error:  # noqa: BLE001 - the child must not go on with the tests
            said = repr(error)
        finally:
            os.write(here, said.encode())
            os._exit(0)
    os.close(here)
    answered = bool(select([there], [], [], seconds)[0])
    said = os.read(there, 10_000).decode() if answered else "it hangs"
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(there)
    return said


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of what is tested
def test_a_forked_child_has_an_evaluator_of_its_own_and_the_parent_keeps_its() -> None:
    before = children()
    with BackgroundEvaluator(MonitoringConfig(), "binary") as judge:
        judge.submit(empty(0))
        judge.collect("a", 0)
        (process,) = children() - before
        judge.submit(empty(1))  # by the fork it may have a verdict or not: both must go on

        def work() -> str:
            judge.submit(empty(2))
            found = [judge.collect("a", window).window for window in (1, 2)]
            judge.close()
            return f"{found}, {len(children())} left"

        assert in_a_fork(work) == "[1, 2], 0 left"
        judge.submit(empty(2))
        assert [judge.collect("a", window).window for window in (1, 2)] == [1, 2]
        assert children() - before == {process}
    assert children() == before


def test_an_evaluator_that_nobody_refers_to_ends_its_process_and_thread() -> None:
    before, threads = children(), threading.active_count()
    judge = BackgroundEvaluator(MonitoringConfig(), "binary")
    gone = weakref.ref(judge)
    judge.submit(empty(0))
    judge.collect("a", 0)
    assert len(children() - before) == 1
    del judge
    gc.collect()
    assert gone() is None
    assert children() == before
    assert threading.active_count() == threads


@KINDS
def test_an_evaluator_is_closed_by_with_and_then_says_what_to_do(
    kind: type[InlineEvaluator | BackgroundEvaluator],
) -> None:
    with kind(MonitoringConfig(), "binary") as judge:
        judge.submit(empty(0))
    judge.close()
    with pytest.raises(EvaluatorError, match=r"is closed.*make another \(make_evaluator\)"):
        judge.collect("a", 0)
    with make_evaluator(MonitoringConfig(), "binary") as judge:
        assert isinstance(judge, BackgroundEvaluator)
