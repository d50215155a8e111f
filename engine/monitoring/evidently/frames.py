"""A window's columns as Evidently takes them."""

from collections.abc import Sequence
from typing import Any, Literal

from engine.monitoring.columns import Column
from engine.monitoring.evidently.library import library
from engine.tasks.base import Quality


def dataset(columns: Sequence[Column], side: Literal["current", "reference"]) -> Any:
    """The rows of the window, or of the reference; every column with its kind."""
    pandas, evidently = library().pandas, library().evidently
    frame = pandas.DataFrame(
        {
            column.name: pandas.Series(getattr(column, side).cells, dtype=float if column.numeric else object)
            for column in columns
        }
    )
    definition = evidently.DataDefinition(
        numerical_columns=[column.name for column in columns if column.numeric],
        categorical_columns=[column.name for column in columns if not column.numeric],
    )
    return evidently.Dataset.from_pandas(frame, definition)


def quality_dataset(quality: Quality) -> Any:
    """The labelled rows, as the task they are of."""
    frame = library().pandas.DataFrame({"label": quality.labels, "prediction": quality.predictions})
    return library().evidently.Dataset.from_pandas(frame, _definition(quality))


def _definition(quality: Quality) -> Any:
    evidently = library().evidently
    if "mae" in quality.scores:
        return evidently.DataDefinition(
            numerical_columns=["label", "prediction"],
            regression=[evidently.Regression(target="label", prediction="prediction")],
        )
    if quality.positive is None:
        tasks = [evidently.MulticlassClassification(target="label", prediction_labels="prediction")]
        return evidently.DataDefinition(categorical_columns=["label", "prediction"], classification=tasks)
    # Given a probability, Evidently makes its own predictions of it; those served are scored by themselves.
    by_probability = "rocauc" in quality.scores
    column = {"prediction_probas" if by_probability else "prediction_labels": "prediction"}
    tasks = [evidently.BinaryClassification(target="label", pos_label=quality.positive, **column)]
    return evidently.DataDefinition(
        numerical_columns=["prediction"] if by_probability else [],
        categorical_columns=["label"] if by_probability else ["label", "prediction"],
        classification=tasks,
    )
