"""Models that serve together while the champion is suspected: one output of several, by their weights.

Calls nothing. `engine.supervision.mixture` has the weights; `engine.tasks.aggregation` puts outputs together.
"""

from collections.abc import Mapping

from msgspec import UNSET, UnsetType

from engine.records.events import Output
from engine.records.values import Target
from engine.supervision.decisions import ProposedDecision
from engine.supervision.mixture import Mixture
from engine.supervision.suspicion import PairedLosses
from engine.tasks.aggregation import Aggregation, Span, around

Served = tuple[Output | None, str | UnsetType, float | UnsetType]
"""What is served, whose weight in it is the largest, and that weight; both unset when one serves alone."""


class JointServing:
    """Whose outputs are served, with which weight.

    Args:
        aggregation: How the outputs of several models become one.

    Attributes:
        mixture: The weights, which a snapshot keeps; `None` while the champion serves alone.
    """

    def __init__(self, aggregation: Aggregation) -> None:
        self._aggregation = aggregation
        self.mixture: Mixture | None = None

    def begin(self, champion: str, span: Span | None, margin: float) -> None:
        """The champion is suspected; the others join one by one, and any that has a weight keeps it.

        Args:
            champion: Its name.
            span: In regression the values that count; without them it goes on alone.
            margin: There, how far beyond the outputs of all models a label counts.
        """
        if self.mixture is not None and self.mixture.champion == champion:
            return
        self.mixture = None
        if span is not None or not self._aggregation.spans:
            low, high = span or (0.0, 1.0)
            self.mixture = Mixture(champion, (low, high), min(margin, high - low))

    def end(self) -> None:
        """The champion serves alone."""
        self.mixture = None

    def insure(self, mixture: Mixture | None, winner: str, champion: str) -> None:
        """The winner has become the champion, and the one that it replaced keeps a weight."""
        self.mixture = None if mixture is None else mixture.after(winner, champion)

    def joins(self, name: str, *, instead_of: str = "") -> None:
        """A model has a weight from now on, where several serve together."""
        if self.mixture is not None:
            self.mixture.join(name, instead_of)

    def leaves(self, name: str) -> None:
        """A model has none any more."""
        if self.mixture is not None:
            self.mixture.leave(name)
            if len(self.mixture.weights) < 2:
                self.mixture = None

    def start(self, known: str, advantage: float) -> None:
        """All have joined: from now on they serve together.

        Args:
            known: One that was compared with the champion before; "" for none.
            advantage: What it has lost less, in losses as large as they can be.
        """
        if self.mixture is not None:
            self.mixture.start(known, advantage)

    @property
    def active(self) -> bool:
        """Whether several models serve together at present."""
        return self.mixture is not None and not self.mixture.alone

    def combine(self, outputs: Mapping[str, Output | None], own: Output | None) -> Served:
        """What models say together, by their weights; while they do (`active`).

        Args:
            outputs: Of each model by name, the champion's included.
            own: The champion's.
        """
        mixture = self.mixture
        if mixture is None:
            return own, UNSET, UNSET
        shares = mixture.shares(outputs)
        if len(shares) < 2 and own is not None:
            return own, UNSET, UNSET
        if not shares:
            return None, UNSET, UNSET
        weighted = [(share, outputs[name]) for name, share in shares]
        leader, share = max(shares, key=lambda one: one[1])
        return self._aggregation.combine(weighted, self._bounds(mixture, outputs)), leader, share

    def weigh(
        self, outputs: Mapping[str, Output | None], label: Target, *, served: Output | None, since: int
    ) -> None:
        """Takes a label: weights follow the losses. A null output loses as much as can be lost.

        Args:
            outputs: Of each model by name, the champion's included.
            label: The truth.
            served: What they said together; `None` when they did not serve together.
            since: Predictions made since.
        """
        mixture, aggregation = self.mixture, self._aggregation
        if mixture is None:
            return
        span = self._bounds(mixture, outputs)

        weights, loss_of = mixture.weights, aggregation.loss
        losses = {
            name: 1.0 if said is None else loss_of(said, label, span)
            for name, said in outputs.items()
            if name in weights
        }
        mixture.update(losses, None if served is None else loss_of(served, label, span), since)

    def _bounds(self, mixture: Mixture, outputs: Mapping[str, Output | None]) -> Span:
        """The values that count on one event: in regression those around the outputs of all models."""
        if not self._aggregation.spans:
            return mixture.span
        said = (one for one in outputs.values() if isinstance(one, int | float))
        return around(said, mixture.span, mixture.margin)

    def lead(self) -> ProposedDecision | None:
        """A window has closed: does another model lead than was said last?"""
        mixture = self.mixture
        leader = mixture.new_leader() if mixture is not None else None
        if mixture is None or leader is None:
            return None
        share = mixture.weights[leader]
        reason = f"{leader} has {share:.0%} of the weight in what is served, by its losses"
        return ProposedDecision("lead", reason, leader, {"weight": share, "events": float(mixture.labelled)})

    def note(self, champion: float, served: float, scale: float) -> None:
        """Takes the losses of the champion and of what models served together, on one labelled event."""
        if self.mixture is not None:
            self.mixture.window.add(champion, served, scale)

    @property
    def losses(self) -> PairedLosses | None:
        """The losses of the champion and of what was served together in the open window, if anything was."""
        mixture = self.mixture
        return mixture.window if mixture is not None and mixture.window.events else None

    @property
    def weights(self) -> dict[str, float]:
        """The weights of models that serve together, the champion's first; empty when one serves alone."""
        return dict(self.mixture.weights) if self.mixture is not None and self.active else {}

    def next_window(self) -> None:
        """A window has closed."""
        if self.mixture is not None:
            self.mixture.window = PairedLosses()
