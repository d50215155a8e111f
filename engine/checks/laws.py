"""Laws of one model: its outputs, side effects of predicting, and its saved form."""

from collections.abc import Mapping, Sequence

from engine.checks.trial import Labelled, Trial, alike
from engine.models.serialization import dump, load
from engine.records.values import Features, shown

_KIND = "model"


def predicts_untrained(trial: Trial) -> str | None:
    """Every stream begins with an example that an untrained model must predict."""
    rows = trial.rows()
    model = trial.make()
    for features, _ in rows:
        output = trial.ops.predict(model, dict(features))
        wrong = trial.task.output_error(output)
        if wrong is not None:
            return wrong
        trial.ops.serve(output)
    return None


def fits_task(trial: Trial) -> str | None:
    """Outputs that do not fit the task are scored as always wrong, and no other law would notice."""
    rows = trial.rows()
    model = trial.train(trial.make(), rows)
    labels = trial.task.labels.values or {label for _, label in rows}
    for features, _ in rows:
        output = trial.ops.predict(model, dict(features))
        wrong = trial.task.output_error(output)
        if wrong is not None:
            return wrong
        if isinstance(output, Mapping) and not labels & output.keys():
            known = shown(sorted(labels, key=repr))
            return f"it predicts {shown([*output])}, none of which is a label here: {known}"
    return None


def leaves_features(trial: Trial) -> str | None:
    """Champion, shadows, windows and reports share the features, so a model must not change them."""
    model = trial.make()
    for before, label in trial.rows():
        features = dict(before)
        trial.ops.predict(model, features)
        trial.ops.learn(model, features, label)
        for name in {**before, **features}:
            if features.get(name) != before.get(name):
                return f"{name!r} was {_value(before, name)} and is now {_value(features, name)}"
    return None


def _value(features: Features, name: str) -> str:
    return shown(features[name]) if name in features else "absent"


def is_deterministic(trial: Trial) -> str | None:
    """A run that was killed repeats its last events, with the same result.

    Within one process. Text hashes differ from process to process, and a model that walks a set of names
    differs with them; that is not tried here, because the command fixes the seed of the hashes
    (`dataflows.cli.entry`), a factory may be a closure, which no other process can be given, and two
    more starts of Python with River would take longer than all other laws together.
    """
    rows = trial.rows()
    if not _repeats(trial, rows):
        return "two models trained alike predict differently; fix its seed"
    return None


def _repeats(trial: Trial, rows: Sequence[Labelled]) -> bool:
    one, other = trial.train(trial.make(), rows), trial.train(trial.make(), rows)
    return not trial.differ(one, other, rows)


def predicting_changes_nothing(trial: Trial) -> str | None:
    """Shadows and replays predict at other times than the champion, and must stay comparable."""
    rows = trial.rows()
    asked = trial.make()
    if trial.restless(asked, rows):
        return "predicting twice gives two answers, before it has learned"
    for features, label in rows:
        trial.ops.predict(asked, dict(features))
        trial.ops.learn(asked, dict(features), label)
    if trial.restless(asked, rows):
        return "predicting twice gives two answers"
    quiet = trial.train(trial.make(), rows)
    if trial.differ(asked, quiet, rows) and _repeats(trial, rows):
        return "a model that was asked before it learned has learned something else than one that was not"
    return None


def is_restored(trial: Trial) -> str | None:
    """Recovery and rollback continue from a saved model."""
    rows = trial.rows()
    half = len(rows) // 2
    model = trial.train(trial.make(), rows[:half])
    restored = load(dump(model, _KIND), _KIND, trial.allow)
    for part in (model, restored):
        trial.train(part, rows[half:])
    if trial.differ(model, restored, rows):
        return "a restored model learns on differently from the one that was saved"
    return None


def is_saved_as_value(trial: Trial) -> str | None:
    """A checkpoint from before a fault is useful only if later events cannot change it."""
    rows = trial.rows()
    half = len(rows) // 2
    model = trial.train(trial.make(), rows[:half])
    saved, before = dump(model, _KIND), trial.answers(model, rows)
    trial.train(model, rows[half:])
    if not alike(trial.answers(load(saved, _KIND, trial.allow), rows), before):
        return "what was saved has changed while the model learned on"
    return None
