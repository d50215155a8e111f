"""The laws of several models: copies, clones and models of one factory are each their own.

Each compares what a model says before and after another has learned. Where a model says something else
every time, or no two of a factory are alike, this cannot be told; other laws say so.
"""

import copy
from collections.abc import Sequence
from typing import Any

from engine.checks.trial import Labelled, Trial, alike


def shares_nothing(trial: Trial) -> str | None:
    """Champion, shadows and the models of other keys come from one factory.

    State in a module, in a class or in a default argument (`def __init__(self, seen={})`) is shared. It is
    best seen before any model has learned, so this is the first law that trains one.
    """
    if trial.make() is trial.make():
        return "the factory returned the same model twice; it must make a new one each time"
    try:
        changed = _changed_by_another(trial)
    except Exception:  # noqa: BLE001 - that it cannot learn is for the next law to say
        return None
    if changed is None:
        return None
    return (
        f"training one model changes {changed}; look for state in the module, the class or a default argument"
    )


def _changed_by_another(trial: Trial) -> str | None:
    """The model whose outputs change after another model of the factory has learned."""
    rows = trial.rows()
    trained, untrained = trial.make(), trial.make()
    if trial.restless(untrained, rows):
        return None
    before = trial.answers(untrained, rows)
    trial.train(trained, rows)
    if not alike(trial.answers(untrained, rows), before):
        return "an untrained one"
    if trial.restless(trained, rows):
        return None
    before = trial.answers(trained, rows)
    trial.train(trial.make(), rows[::-1])
    return None if alike(trial.answers(trained, rows), before) else "one that was trained before"


def copies_deeply(trial: Trial) -> str | None:
    """River's ensembles and searches copy models, and so may any wrapper."""
    rows = trial.rows()
    half = len(rows) // 2
    model = trial.train(trial.make(), rows[:half])
    if trial.restless(model, rows):
        return None
    twin = copy.deepcopy(model)
    if trial.differ(twin, model, rows):
        return "a deep copy predicts differently from its original"
    wrong = _entangled(trial, model, twin, rows[half:], "deep copy")
    if wrong is None and trial.differ(twin, model, rows):
        return "a deep copy learns on differently from its original"
    return wrong


def clones_apart(trial: Trial) -> str | None:
    """River's ensembles clone their models, and the engine probes a clone for probabilities."""
    if not hasattr(trial.make(), "clone"):
        return None
    rows = trial.rows()
    half = len(rows) // 2
    model = trial.train(trial.make(), rows[:half])
    clone = model.clone()
    return None if trial.restless(model, rows) else _entangled(trial, model, clone, rows[half:], "clone")


def clones_untrained(trial: Trial) -> str | None:
    """A clone is made from the parameters of `__init__`, so what a model learns must not be in them.

    River's ensembles of a list of models (voting, stacking, expert weighting) break this: the list is a
    parameter, and a clone gets it with all its models trained.
    """
    if not hasattr(trial.make(), "clone"):
        return None
    rows = trial.rows()
    clone, fresh = trial.train(trial.make(), rows).clone(), trial.make().clone()
    if trial.restless(fresh, rows):
        return None
    verb = "predicts"
    if not trial.differ(clone, fresh, rows):
        verb = "learns"
        for part in (clone, fresh):
            trial.train(part, rows)
    if not trial.differ(clone, fresh, rows) or _vary(trial, rows):
        return None
    return f"the clone of a trained model {verb} differently from a fresh one"


def _vary(trial: Trial, rows: Sequence[Labelled]) -> bool:
    """Whether no two clones of untrained models are alike, as without a seed."""
    one, other = (trial.train(trial.make().clone(), rows) for _ in range(2))
    return trial.differ(one, other, rows)


def _entangled(trial: Trial, model: Any, twin: Any, rows: Sequence[Labelled], name: str) -> str | None:
    """How training one of two models changes the other; `None` if it does not."""
    before = trial.answers(model, rows)
    trial.train(twin, rows)
    if not alike(trial.answers(model, rows), before):
        return f"training a {name} changes its original"
    before = trial.answers(twin, rows)
    trial.train(model, rows)
    if not alike(trial.answers(twin, rows), before):
        return f"training the original changes its {name}"
    return None
