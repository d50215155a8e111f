"""The evidence as it is lent to the native lane, with what says whether anything comes of it."""

from collections.abc import Callable, Mapping, Set

from msgspec import Struct

from engine.records.events import Strange
from engine.supervision.challenger_trials import ChallengerTrial
from engine.supervision.evidence import Advantage
from engine.supervision.mixture import Mixture
from engine.supervision.suspicion import Suspicion


class LentEvidence(Struct, frozen=True):
    """What the lane reads when it takes over, and writes when it gives back.

    Attributes:
        suspicion: The open one, if any.
        mixture: The weights of the models that serve together, if any do.
        advantage: How a guarded model does beside a champion that is not suspected.
        challengers: The standing of each challenger, by its name.
        together: Whether several models may serve together.
        min_events: Labelled events that a model must be compared on to win.
        tolerance: The share by which it must be better.
        changes_from: Events learned from which on the champion may change.
        promotes: Whether it may change for a challenger.
        silent: Models of which nothing comes at present when they prove better.
        waiting: Shadows of which nothing comes once an example was strange.
        note: Takes what is strange about an example.
    """

    suspicion: Suspicion | None
    mixture: Mixture | None
    advantage: Advantage | None
    challengers: Mapping[str, ChallengerTrial]
    together: bool
    min_events: int
    tolerance: float
    changes_from: int
    promotes: bool
    silent: Set[str]
    waiting: Set[str]
    note: Callable[[Strange], None]
