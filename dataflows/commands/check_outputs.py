"""What is wrong with the outputs of a model over a sample: null, all the same, worse than the baseline.

The second half of the sample counts: by then a model has learned something.
"""

import math
from collections.abc import Iterator, Sequence

from engine.evaluation.window_sums import Totals
from engine.records.events import Prediction

_FEWEST = 50
"""Outputs, or scored events, below which nothing is said."""

_WORSE = 1.05
"""Share of the baseline's loss from which on the model's is called worse: less is often chance."""


def null_outputs(served: Sequence[Prediction]) -> tuple[int, int]:
    """How many outputs of the second half say nothing, and how many there are."""
    late = _late(served)
    return sum(map(_is_null, late)), len(late)


def doubtful_outputs(served: Sequence[Prediction], late: Totals) -> Iterator[str]:
    """Sentences about outputs that are of little use.

    Args:
        served: What was served, in order.
        late: Losses over the second half of the sample.
    """
    outputs = _late(served)
    numbers = [_output(one) for one in outputs if not _is_null(one)]
    if len(numbers) >= _FEWEST and all(number == numbers[0] for number in numbers):
        yield f"the last {len(numbers)} outputs are all the same: {numbers[0]}"
    loss, baseline, _ = late.means()
    if loss is None or baseline is None or late.scored < _FEWEST:
        return
    if loss > _WORSE * baseline or math.isnan(loss):
        yield (
            f"worse than the baseline, which knows no features: mean loss {loss:.4g}, the baseline's "
            f"{baseline:.4g}, over the last {late.scored} labelled events"
        )


def difference(whole: Totals, first: Totals) -> Totals:
    """The sums over what came after the first part."""
    return Totals(
        whole.scored - first.scored,
        whole.loss - first.loss,
        whole.baseline_loss - first.baseline_loss,
        whole.last_label_loss - first.last_label_loss,
    )


def _late(served: Sequence[Prediction]) -> Sequence[Prediction]:
    return served[len(served) // 2 :]


def _output(one: Prediction) -> object:
    """The number that was served, where there is one; else the class."""
    if one.score is not None:
        return one.score
    return one.prediction if one.probability is None else one.probability


def _is_null(one: Prediction) -> bool:
    output = _output(one)
    values = output.values() if isinstance(output, dict) else (output,)
    return any(value is None or (isinstance(value, float) and math.isnan(value)) for value in values)
