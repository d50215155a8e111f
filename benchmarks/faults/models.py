"""The models of the fault benchmark, small ones of three kinds."""

from numbers import Number
from typing import Any

from river import compose, forest, linear_model, preprocessing, tree


def linear() -> Any:
    """Numbers scaled, text one-hot encoded, and a logistic regression."""
    numbers = compose.SelectType(Number) | preprocessing.StandardScaler()
    text = compose.SelectType(str) | preprocessing.OneHotEncoder()
    return (numbers + text) | linear_model.LogisticRegression()


def hoeffding() -> Any:
    """A Hoeffding tree."""
    return tree.HoeffdingTreeClassifier()


def small_forest() -> Any:
    """An adaptive random forest of three trees."""
    return forest.ARFClassifier(n_models=3, seed=1)
