"""A guarded model beside a champion that is not suspected: does what is strange do harm?

That something is unlike all that passed is no reason to suspect the champion; that a model loses less which
does not see it is.
"""

from collections.abc import Iterable

from engine.supervision.decisions import ProposedDecision
from engine.supervision.evidence import MATTERS, Advantage

_MOST_NAMED = 3


class GuardedComparison:
    """Compares them on every labelled event.

    Attributes:
        state: What a snapshot keeps: how the guarded model does; `None` without one, or under a suspicion.
    """

    def __init__(self) -> None:
        self.state: Advantage | None = None

    def begin(self, sequence: int) -> None:
        """A guarded model is there, compared on predictions from number `sequence` on."""
        self.state = Advantage(sequence)

    def note(self, hidden: Iterable[str]) -> None:
        """These features of an example are hidden from it."""
        if self.state is not None:
            self.state.hidden += [name for name in sorted(map(str, hidden)) if name not in self.state.hidden]

    def end(self) -> float:
        """It is compared no more; returns what it has lost less."""
        advantage, self.state = self.state, None
        return 0.0 if advantage is None else advantage.sum

    def add(self, sequence: int, champion: float, guarded: float, scale: float) -> ProposedDecision | None:
        """Takes the losses of both on one labelled event.

        Args:
            sequence: The prediction's sequence number.
            champion: The champion's loss.
            guarded: The other's.
            scale: A loss beyond counts as this much.

        Returns:
            A suspicion, when the guarded model is clearly better.
        """
        advantage = self.state
        if advantage is None or sequence < advantage.since:
            return None
        advantage.add(min(champion, scale), min(guarded, scale), scale)
        if not advantage.is_clear:
            return None
        named, more = advantage.hidden[:_MOST_NAMED], len(advantage.hidden) - _MOST_NAMED
        names = ", ".join(named) + (f" and {more} more" if more > 0 else "")
        reason = f"{names}: unlike all windows that passed, and a model that does not see this is better"
        return ProposedDecision("suspect", reason, "", advantage.numbers())

    def next_window(self, sequence: int) -> None:
        """A window has closed: one that is behind begins anew with prediction number `sequence`."""
        if self.state is not None and self.state.sum <= 0.0:
            self.state = Advantage(sequence)

    @property
    def harmless(self) -> bool:
        """Whether what is strange does no harm, as far as is known."""
        return self.state is None or self.state.sum < MATTERS / 2.0
