"""Is a shadow better than the champion on the same events? A test valid at every moment one looks.

The test is a bet (Waudby-Smith and Ramdas 2023, "Estimating means of bounded random variables by
betting", JRSS-B 86:1-27, with their approximate-GRAPA bets). Its capital starts at 1 and is multiplied by
`1 + bet * difference` at each event, the difference being the champion's loss less the shadow's, in
[-1, 1]. The bet is fixed before the event, between 0 and 3/4. While the shadow is no better, the capital
is a nonnegative supermartingale, and by Ville's inequality the chance that it *ever* reaches c is at
most 1/c.

A trial that began in bad times has lost its capital and would need long to win it back. So at the end of
a window a trial in which the shadow is behind ends, and a new one begins; so does every trial when the
shadows begin or cease to learn. The error rate alpha of a suspicion is shared out: trial k of each of n
shadows gets alpha / (n k (k + 1)), and these add up to at most alpha.
"""

import math

from msgspec import Struct

_MOST = 0.75
"""The largest bet. Capital stays positive: a step multiplies it by 1/4 at least."""

_WORTH = 25.0
"""Events that the prior guess of the bets, mean 0 and some spread, counts for."""


class Trial(Struct, forbid_unknown_fields=True):
    """One bet that a shadow is better than the champion, and the losses behind it.

    Attributes:
        threshold: Natural logarithm of the capital that decides.
        number: Which trial of its shadow this is, from 1.
        since: It counts predictions from this sequence number on. Those made before it began may come
            from a shadow that had not caught up yet; counting them would compare two moments.
        events: Labelled events on which both had an output.
        champion: Sum of the champion's losses over them.
        shadow: Sum of the shadow's.
        spread: The square that a difference is expected to have, before any was seen.
        log_capital: Natural logarithm of the capital now.
        mean_sum: Sum of the differences.
        square_sum: Sum of their squares.

    >>> trial = Trial(threshold=math.log(100))
    >>> for _ in range(100): trial.add(champion=0.4, shadow=0.2, scale=1.0)
    >>> trial.decided
    True
    """

    threshold: float
    number: int = 1
    since: int = 0
    events: int = 0
    champion: float = 0.0
    shadow: float = 0.0
    spread: float = 0.25
    log_capital: float = 0.0
    mean_sum: float = 0.0
    square_sum: float = 0.0

    def add(self, champion: float, shadow: float, scale: float) -> None:
        """Adds the two losses on one event; differences beyond `scale` count as `scale`."""
        weight = self.events + _WORTH
        mean = self.mean_sum / weight
        square = (self.square_sum + _WORTH * self.spread) / weight
        # What is known before this event sets the bet; the event then only settles it.
        bet = mean / square if square > 0.0 and mean > 0.0 else 0.0
        difference = (champion - shadow) / scale
        if not -1.0 <= difference <= 1.0:
            difference = max(-1.0, min(1.0, difference))
        if bet:
            self.log_capital += math.log1p((bet if bet < _MOST else _MOST) * difference)
        self.events += 1
        self.champion += champion
        self.shadow += shadow
        self.mean_sum += difference
        self.square_sum += difference * difference

    def proves(self, min_events: int, tolerance: float) -> bool:
        """Whether the shadow is certainly better, for long enough, and by so much that it matters."""
        return self.decided and self.events >= min_events and self.champion > self.shadow * (1.0 + tolerance)

    def numbers(self) -> dict[str, float]:
        """What a decision keeps of it."""
        return {
            "events": float(self.events),
            "champion_loss": self.champion / self.events,
            "shadow_loss": self.shadow / self.events,
            "log_capital": self.log_capital,
            "log_threshold": self.threshold,
        }

    @property
    def decided(self) -> bool:
        """Whether the shadow is better, with the error rate that the threshold stands for."""
        return self.log_capital >= self.threshold


MATTERS = 1.0
"""The advantage from which on a champion is suspected, in losses as large as they can be."""

_ERRORS = 3.0
"""How many standard errors it must be. No proof: what a suspicion can cost is bounded."""


class Advantage(Struct, forbid_unknown_fields=True):
    """By how much a model loses less than the champion on the same events.

    Attributes:
        since: It counts predictions from this sequence number on.
        events: Labelled events on which both had an output.
        champion: Sum of the champion's losses over them.
        other: Sum of the other's.
        sum: Sum of the differences, each in [-1, 1].
        squares: Sum of their squares.
        hidden: Features that the other has not seen in some example, in the order in which that began.
    """

    since: int = 0
    events: int = 0
    champion: float = 0.0
    other: float = 0.0
    sum: float = 0.0
    squares: float = 0.0
    hidden: list[str] = []

    def add(self, champion: float, other: float, scale: float) -> None:
        """Adds the two losses on one event, none of them above `scale`."""
        difference = (champion - other) / scale
        self.events += 1
        self.champion += champion
        self.other += other
        self.sum += difference
        self.squares += difference * difference

    @property
    def is_clear(self) -> bool:
        """Whether it matters, and is more than chance makes it as a rule."""
        return self.sum >= MATTERS and self.sum >= _ERRORS * math.sqrt(self.squares)

    def numbers(self) -> dict[str, float]:
        """What a decision keeps of it."""
        events = self.events
        return {
            "events": float(events),
            "champion_loss": self.champion / events,
            "guarded_loss": self.other / events,
        }


def threshold(alpha: float, parts: float, number: int) -> float:
    """Natural logarithm of the capital that decides trial `number`, from 1, of one with a part of alpha."""
    return math.log(parts * number * (number + 1) / alpha)
