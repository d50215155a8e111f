"""Who has how much weight in what is served while the champion is suspected. Calls nothing.

The aggregating algorithm (Vovk 1998) with a fixed share (Herbster and Warmuth 1998, "Tracking the best
expert", Machine Learning 32:151-178): a weight is multiplied by exp(-RATE * loss) with each label, and then
gives a small share back to the weights in the beginning, so that one that comes to be right late can lead.

Over T labelled events of a suspicion, whose label came before the next prediction, what is served loses at
most (ln(1 / w) + T ln(1 / (1 - SHARE))) / RATE more than the champion alone, w being the champion's weight in
the beginning. With late labels weights are out of date when they are used, and the same bound holds for one
model in every (d + 1), d being how many labels are outstanding (Joulani, György, Szepesvári 2013). That is
weak; so what the champion would have saved is watched (`regret`), and beyond sqrt(1 + d) times the bound it
serves alone until its weight has fallen to a quarter, the next time to an eighth, and so on. Each time at
most what was outstanding at that moment is lost beyond the bound.
"""

import math
from collections.abc import Mapping

from msgspec import Struct, field

from engine.records.events import Output
from engine.supervision.suspicion import PairedLosses
from engine.tasks.aggregation import RATE, Span

CHAMPION = 0.8
"""The champion's weight in the beginning; the others have equal parts of the rest."""

SHARE = 0.003
"""Of the weights, what goes back to those in the beginning with every label."""


_CLEARLY = 0.6
"""The weight from which on a model is said to lead."""


class Mixture(Struct, forbid_unknown_fields=True):
    """The weights of the models that serve together.

    Attributes:
        champion: The one whose loss bounds what is lost.
        span: The values that count in regression.
        margin: There, how far beyond the outputs of all models a label counts.
        prior: Weights in the beginning; they add up to 1.
        weights: Weights now; they add up to 1.
        started: Whether they serve together by now.
        first: The champion's weight when they began to, less what went to those that joined later.
        labelled: Labels of predictions that were served together.
        late: The most predictions that were made between one and its label.
        led: The model that was last said to lead.
        regret: What was lost on them, less what the champion would have.
        alone: Whether the champion serves alone, since regret came to be too large.
        spells: How often it has.
        window: Losses of the champion and of what they served together, in the open window.
    """

    champion: str
    span: Span
    margin: float = 0.0
    prior: dict[str, float] = {}
    weights: dict[str, float] = {}
    started: bool = False
    first: float = CHAMPION
    labelled: int = 0
    late: int = 0
    led: str = ""
    regret: float = 0.0
    alone: bool = False
    spells: int = 0
    window: PairedLosses = field(default_factory=PairedLosses)

    def __post_init__(self) -> None:
        self.led = self.led or self.champion
        if not self.prior:
            self.prior = {self.champion: 1.0}
            self.weights = {self.champion: 1.0}

    @property
    def leader(self) -> str:
        """The model with the largest weight."""
        return self.champion if self.alone else max(self.weights, key=self.weights.__getitem__)

    def new_leader(self) -> str | None:
        """Another model that leads clearly, told once; `None` when the one that was told last still does."""
        leader = self.leader
        if leader == self.led or self.weights[leader] < _CLEARLY:
            return None
        self.led = leader
        return leader

    def join(self, name: str, instead_of: str = "") -> None:
        """Another model has a weight from now on; it takes over that of one that leaves, if any."""
        left = self.weights.pop(instead_of, None)
        self.prior.pop(instead_of, None)
        others = [one for one in self.prior if one != self.champion]
        self.prior = {self.champion: CHAMPION}
        for one in dict.fromkeys([*others, name]):
            self.prior[one] = (1.0 - CHAMPION) / (len(others) + (name not in others))
        if left is not None:
            self.weights[name] = left
        elif not self.started:
            self.weights = dict(self.prior)
        elif name not in self.weights:
            given = self.prior[name]
            self.weights = {one: (1.0 - given) * weight for one, weight in self.weights.items()}
            self.weights[name] = given
            self.first *= 1.0 - given

    def start(self, known: str = "", advantage: float = 0.0) -> None:
        """They begin to serve together, or those that have joined since go on with them.

        Args:
            known: One that was compared with the champion before; "" for none.
            advantage: What it has lost less.
        """
        before = self.weights[self.champion]
        if advantage > 0.0 and known in self.weights:
            self.update({self.champion: advantage, known: 0.0}, None)
        now = self.weights[self.champion]
        self.first = self.first * now / before if self.started else now
        self.started = True

    def leave(self, name: str) -> None:
        """A model has no weight any more; the others share what it had."""
        if self.weights.pop(name, 0.0) and name != self.champion:
            del self.prior[name]
            for known in (self.prior, self.weights):
                total = math.fsum(known.values())
                for one in known:
                    known[one] /= total

    def after(self, winner: str, champion: str) -> "Mixture":
        """The weights of one that has become the champion, under its new name, and of the one it replaced."""
        ours, theirs = self.weights[winner], self.weights[self.champion]
        later = Mixture(champion, self.span, self.margin)
        later.join(self.champion)
        # What has proved better has at least what a champion begins with.
        share = max(CHAMPION, ours / (ours + theirs))
        later.weights = {champion: share, self.champion: 1.0 - share}
        later.first, later.started = share, True
        return later

    def shares(self, outputs: Mapping[str, Output | None]) -> list[tuple[str, float]]:
        """The weights of the models that have an output, so that they add up to 1."""
        weights = self.weights
        known = [
            (name, weights[name]) for name, said in outputs.items() if said is not None and name in weights
        ]
        total = 0.0
        for _, weight in known:  # not by `sum`, which adds up in another way from Python 3.12 on
            total += weight
        return [(name, weight / total) for name, weight in known] if total > 0.0 else []

    def update(self, losses: Mapping[str, float], served: float | None, late: int = 0) -> None:
        """Takes the losses of models on one label.

        A model that said nothing keeps its weight: it is taken to lose what the others together do (Freund,
        Schapire, Singer and Warmuth 1997, "Using and combining predictors that specialize").

        Args:
            losses: In [0, 1], by name.
            served: The loss of what was served by these models together; `None` when it was not.
            late: Predictions made since.
        """
        weights, before, after = self.weights, 0.0, 0.0
        for name, loss in losses.items():
            weight = weights.get(name, 0.0)
            if weight:
                before += weight
                weights[name] = weight = weight * math.exp(-RATE * loss)
                after += weight
        if not before:
            return
        scale = (1.0 - SHARE) * before / after
        for name, prior in self.prior.items():
            weights[name] = weights[name] * (scale if name in losses else 1.0 - SHARE) + SHARE * prior
        if served is not None and self.champion in losses:
            self.labelled += 1
            self.late = max(self.late, late)
            self.regret += served - losses[self.champion]
        self._watch()

    def _watch(self) -> None:
        """The champion serves alone when regret is too large, until its weight has fallen enough."""
        if self.alone:
            if self.weights[self.champion] < 0.5 ** (self.spells + 1):
                self.alone, self.regret, self.labelled = False, 0.0, 0
                self.first = self.weights[self.champion]
        elif self.regret > self.bound:
            self.alone = True
            self.spells += 1

    @property
    def bound(self) -> float:
        """The largest regret that is not stopped; with labels in time none is larger."""
        return bound(self.first, self.labelled) * math.sqrt(1.0 + self.late)


def bound(prior: float, labelled: int) -> float:
    """What serving together may lose more than one model, whose weight was `prior` in the beginning.

    >>> round(bound(0.5, 1000), 2)
    1.85
    """
    return (math.log(1.0 / prior) - labelled * math.log1p(-SHARE)) / RATE
