"""One summary over all model keys.

Each engine hands over its counts and scores once, at the end of the input; they are merged in the order of
the keys: the same result however keys are spread over processes, and no cost per event.
"""

from collections.abc import Mapping

from msgspec import Struct

from engine.config import EngineConfig
from engine.core.streams import ALL_KEYS
from engine.evaluation.metrics import choose
from engine.evaluation.run_scores import ScoreTotals, ScoreTotalsState, run_scores
from engine.events import Summary
from engine.packing import pack, unpack
from engine.records.events import Counts

_KIND = "share of a key"


class Share(Struct, frozen=True, forbid_unknown_fields=True):
    """What one key adds to the whole.

    Attributes:
        counts: Where its records went.
        totals: Its scores, as sums.
    """

    counts: Counts
    totals: ScoreTotalsState


def pack_share(counts: Counts, totals: ScoreTotals) -> bytes:
    """A share as a value, to be sent to where the shares are merged."""
    return pack(Share(counts, totals.state()), _KIND)


def overall(shares: Mapping[str, bytes], config: EngineConfig) -> Summary:
    """The summary over the shares of at least one key.

    Metrics that cannot be added are NaN in it: the user's own and those with a window of their own.
    """
    first, *others = [unpack(shares[key], _KIND, Share) for key in sorted(shares)]
    counts, totals = first.counts, ScoreTotals.restored(first.totals, config.allowed)
    for share in others:
        for name in Counts.__struct_fields__:
            setattr(counts, name, getattr(counts, name) + getattr(share.counts, name))
        totals.merge(ScoreTotals.restored(share.totals, config.allowed))
    task = config.model.task
    return Summary(ALL_KEYS, "", counts, run_scores(totals, choose(config.scores, task), task))
