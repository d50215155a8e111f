"""One summary over all model keys.

Each engine hands over what it has counted, once, at the end of the input, and the counts are merged in the
order of the keys: the same result however keys are spread over processes, and no cost per event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from engine.config import EngineConfig
from engine.core.streams import ALL_KEYS
from engine.evaluation.metrics import choose
from engine.evaluation.run_scores import ScoreTotals, run_scores
from engine.events import Summary
from engine.models.serialization import dump, load
from engine.records.events import Counts

_KIND = "share of a key"


@dataclass(frozen=True, slots=True)
class Share:
    """What one key adds to the whole.

    Attributes:
        counts: Where its records went.
        tally: What it has scored.
    """

    counts: Counts
    tally: ScoreTotals


def pack(share: Share) -> bytes:
    """A share as a value, to be sent to where the shares are merged."""
    return dump(share, _KIND)


def overall(shares: Mapping[str, bytes], config: EngineConfig) -> Summary:
    """The summary over the shares of at least one key.

    Metrics that cannot be added are NaN in it: the user's own and those with a window of their own.
    """
    (_, first), *others = [(key, load(shares[key], _KIND, config.allowed)) for key in sorted(shares)]
    counts, tally = first.counts, first.tally
    for _, share in others:
        for field in fields(Counts):
            setattr(counts, field.name, getattr(counts, field.name) + getattr(share.counts, field.name))
        tally.merge(share.tally)
    task = config.model.task
    return Summary(ALL_KEYS, "", counts, run_scores(tally, choose(config.scores, task), task))
