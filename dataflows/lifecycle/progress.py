"""How far reading has come, as sources tell it."""

from collections.abc import Callable
from typing import NamedTuple


class Reading(NamedTuple):
    """Told with every batch, so it is cheap.

    Attributes:
        records: Records handed on in this execution.
        done: How much lies behind, in `unit`; of files that were resumed, what was read before too.
        total: How much there is, as far as is known.
        unit: Bytes on disk, or records.
        places: Gives where the next record of each source stands: bytes, or offsets.
    """

    records: int
    done: int
    total: int
    unit: str
    places: Callable[[], dict[str, int]]


Progress = Callable[[Reading], None]
