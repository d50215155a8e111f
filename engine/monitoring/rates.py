"""Rates of what goes wrong with records over a span of them: from counts to checks."""

import re
from collections.abc import Sequence

from engine.monitoring.config import RatesConfig
from engine.monitoring.thresholds import share_by_chance
from engine.monitoring.types import Check
from engine.monitoring.verdicts import grade
from engine.records.events import Counts, DeadLetter, ReasonCount

_FEWEST = 20
"""Records, labels or predictions from which on a share of them says something."""

MOST_REASONS = 20
"""Reasons that are told apart; the rest is counted as one."""

OTHER = "other reasons"


_ID = re.compile(r"^id (?:'[^']*'|\"[^\"]*\"|\S+): ")
_TIME = re.compile(r"(?<=^event time) \S+(?=:)|(?<= the stream's) \S+")
_GOT = re.compile(r"\bgot\b.*", re.DOTALL)


def grouped(reason: str) -> str:
    """A reason without the id and the times in it, and the value that came.

    >>> grouped("id '77': label: expected True or False, got 'maybe'")
    'label: expected True or False'
    >>> grouped("id 'a': no example with this id came in time")
    'no example with this id came in time'
    >>> grouped("event time 100.0: expected at most 60 s ahead of the stream's 30.0, got 70 s")
    "event time: expected at most 60 s ahead of the stream's"
    """
    return _GOT.sub("", _TIME.sub("", _ID.sub("", reason))).rstrip(" ,;:(")


def add_reason(known: list[ReasonCount], letter: DeadLetter) -> None:
    """Counts a dead letter under its reason.

    A program that embeds the engine may hand in a record whose source or position is anything.
    """
    reason = grouped(letter.reason)
    for one in known:
        if one.reason == reason and one.kind == letter.kind:
            one.records += 1
            return
    if len(known) > MOST_REASONS:
        known[-1].records += 1
        return
    source = letter.source if isinstance(letter.source, str) else ""
    position = letter.position if isinstance(letter.position, int) else -1
    text = reason if len(known) < MOST_REASONS else OTHER
    known.append(ReasonCount(letter.kind, text, 1, source, position, letter.reason))


def reason_words(one: ReasonCount) -> str:
    """A reason with its number of records and the first of them.

    >>> reason_words(ReasonCount("rejected", "field 'id': expected text", 7, "a.csv", 12, "..."))
    "7 x field 'id': expected text (first: a.csv at 12)"
    """
    where = f" (first: {one.source} at {one.position})" if one.source else ""
    return f"{one.records:,} x {one.reason}{where}"


def rate_checks(before: Counts, now: Counts, config: RatesConfig, *, held: bool) -> tuple[Check, ...]:
    """The checks on a span.

    Args:
        before: The counts when it began.
        now: The counts when it ended.
        config: The limits.
        held: Whether supervision holds labels back, so that none is learned.
    """

    def grown(*names: str) -> int:
        return sum(getattr(now, name) - getattr(before, name) for name in names)

    expired = grown("expired") - grown("presumed")
    checks = [
        *_check("rejected", grown("rejected"), grown("records"), config.rejected_warn, config.rejected_fail),
        *_check(
            "unmatched",
            grown("unmatched"),
            grown("matched", "corrected", "unmatched"),
            config.unmatched_warn,
            config.unmatched_fail,
        ),
    ]
    due = grown("inline", "matched", "expired")
    checks += _check("expired", expired, due, config.expired_warn, config.expired_fail)
    if not held:
        learnable = grown("learned", "not_learned")
        limits = config.not_learned_warn, config.not_learned_fail
        checks += _check("not learned", grown("not_learned"), learnable, *limits)
    if before.learned:
        limits = config.null_warn, config.null_fail
        checks += _check("null outputs", grown("not_ready"), grown("predicted"), *limits)
    return tuple(checks)


def _check(name: str, part: int, whole: int, warn: float, fail: float) -> Sequence[Check]:
    """The check on a share, from enough of them on; limits are widened to what chance explains."""
    if whole < _FEWEST:
        return ()
    share = part / whole
    warns, fails = (share_by_chance(limit, whole) for limit in (warn, fail))
    status = grade(share, warns, fails)
    return (Check(name, "", share, fails if status == "fail" else warns, status),)
