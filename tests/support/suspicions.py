"""Suspicions for the tests of supervision."""

from collections.abc import Iterable

from engine.supervision.supervisor import Supervisor


def suspect(supervisor: Supervisor, shadows: Iterable[str]) -> None:
    """Opens a suspicion with these vetted shadows."""
    names = list(shadows)
    suspicion = supervisor.begin(max(1, len(names)))
    for name in names:
        suspicion.join(name, "rollback")
