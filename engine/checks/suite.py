"""`check_model`: every law, one after the other, each on fresh models."""

from collections.abc import Callable, Sequence
from typing import Any

from engine.checks.copies import clones_apart, clones_untrained, copies_deeply, shares_nothing
from engine.checks.gaps import survives_late, survives_missing, survives_unknown
from engine.checks.growth import BOUNDED, check_growth
from engine.checks.laws import (
    fits_task,
    is_deterministic,
    is_restored,
    is_saved_as_value,
    leaves_features,
    predicting_changes_nothing,
    predicts_untrained,
)
from engine.checks.trial import ANYTHING, BrokenLaw, Labelled, Trial, prepare, told
from engine.contract.config import ContractConfig
from engine.errors import ModelError
from engine.models.auto import advice

MADE = "the factory makes a model"
UNKNOWN = "a feature that the sample does not know does not stop it"
UNTRAINED = "a clone is untrained"

_Law = Callable[[Trial], str | None]

FIRST: dict[str, _Law] = {
    "an untrained model predicts, or says None": predicts_untrained,
    "models of one factory share nothing": shares_nothing,
    "its predictions fit the task": fits_task,
}
"""Laws that all others depend on; only the first broken one is reported."""

LAWS: dict[str, _Law] = {
    "features are not changed by the model": leaves_features,
    "same data, same model: same predictions": is_deterministic,
    "predicting changes nothing": predicting_changes_nothing,
    "a saved model can be restored and learns on the same": is_restored,
    "what is saved is a value": is_saved_as_value,
    "a missing feature does not stop it": survives_missing,
    "a feature that appears late does not stop it": survives_late,
    UNKNOWN: survives_unknown,
    "a deep copy is a model of its own": copies_deeply,
    "a clone is a model of its own": clones_apart,
    UNTRAINED: clones_untrained,
}
"""Each law with the function that tries it, which returns how the law is broken."""

WARNED = {UNKNOWN, UNTRAINED}
"""Laws whose breach is a warning: as far as the sample shows, the flow is right without them."""


def check_model(
    make: Callable[[], Any],
    task: str,
    sample: Sequence[Labelled],
    allow: Sequence[str] = (),
    contract: ContractConfig = ANYTHING,
) -> list[BrokenLaw]:
    """Tries every law; an empty list means that the model keeps them all and does not keep growing.

    What it costs is bounded in calls, whatever the model and the sample: 10,500 events learned and half as
    many predicted; 2,000 fewer where nothing grows. Of rows of more than 400 features laws take fewer, and
    growth is measured on 400 of them, those of text first. No clock is read.

    Args:
        make: Makes an untrained model; called many times.
        task: What the model predicts.
        sample: Labelled examples of the kind it will see, in their order, at least a few dozen. Laws train
            on the first of them, growth is measured with all.
        allow: Modules of the user's own whose classes a saved model may hold.
        contract: What the engine lets through to the model; nothing else is tried.

    Raises:
        InputError: When the contract lets through no example of the sample.

    >>> from river import linear_model
    >>> sample = [({"x": float(i % 7)}, i % 7 > 3) for i in range(50)]
    >>> check_model(linear_model.LogisticRegression, "binary", sample)
    []
    """
    try:
        trial = prepare(make, task, sample, allow, contract)
    except ModelError as error:
        return [BrokenLaw(MADE, str(error))]
    breaches = _broken(FIRST, trial)
    if breaches:
        return breaches[:1]
    breaches = _broken(LAWS, trial)
    try:
        return breaches + check_growth(trial)
    except Exception as error:  # noqa: BLE001 - a factory may still raise when it is called once more
        return [*breaches, BrokenLaw(BOUNDED, told(error))]


def _broken(laws: dict[str, _Law], trial: Trial) -> list[BrokenLaw]:
    breaches = []
    for law, check in laws.items():
        try:
            detail = check(trial)
        except Exception as error:  # noqa: BLE001 - whatever a model raises is the finding
            detail = told(error) + advice(error, trial.sample[0][0])
        if detail is not None:
            breaches.append(BrokenLaw(law, detail, "warning" if law in WARNED else "error"))
    return breaches
