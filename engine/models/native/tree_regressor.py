"""Hoeffding trees that regress: with search trees of numbers, and linear models in leaves."""

from typing import Any

from river.linear_model import LinearRegression
from river.tree import HoeffdingTreeRegressor
from river.tree.nodes.htr_nodes import LeafAdaptive, LeafMean, LeafModel
from river.tree.splitter import EBSTSplitter, TEBSTSplitter
from river.tree.splitter.ebst_splitter import EBSTNode
from river.tree.splitter.nominal_splitter_reg import NominalSplitterReg

from engine.models.native import linear
from engine.models.native.moments import finite, variance, whole
from engine.models.native.recognition import Write, are_texts, attributes, expect, number
from engine.models.native.tree_nodes import LEAF, TREE, described_nodes, growth, value
from engine.models.native.tree_regressor_writing import RegressorWriter

_TREE = (*TREE, "leaf_model", "model_selector_decay", "min_samples_split")
_MODEL = ("_leaf_model", "_model_supports_weights")
_LEAVES: dict[str, tuple[type, tuple[str, ...]]] = {
    "mean": (LeafMean, ()),
    "model": (LeafModel, _MODEL),
    "adaptive": (LeafAdaptive, (*_MODEL, "_fmse_mean", "_fmse_model")),
}
_LEARNED = ("weights", "intercept", "iterations")

_MOST_DIGITS = 300
"""Beyond them Python leaves a number as it is."""


def described(model: Any) -> tuple[dict[str, Any], Write]:
    """A tree as the crate takes it, and what writes its state."""
    known = attributes(model, HoeffdingTreeRegressor, _TREE)
    expect(known["_split_criterion"] == "vr" and number(known["delta"]) <= 1)
    nodes: dict[int, Any] = {}
    tree = _Tree(model)
    last = growth(known) | {
        "kind": "regression_tree",
        "decay": number(known["model_selector_decay"]),
        "least": number(known["min_samples_split"]),
        "digits": tree.digits,
        "model": tree.model,
        "nodes": described_nodes(known["_root"], nodes, tree.leaf),
    }
    return last, RegressorWriter(model, nodes).write


def _linear(model: Any) -> dict[str, Any]:
    """A linear model; copies of it are made by values, and so it has plain SGD."""
    expect(type(model) is LinearRegression)
    found = linear.described(model)[0]
    expect(found["optimizer"][0] == "SGD" and found["loss"][0] == "Squared")
    expect(found["rate"][0] == found["intercept_rate"][0] == "Constant")
    return found


def _digits(splitter: Any) -> int | None:
    """To how many digits a splitter rounds numbers; `None` if it does not."""
    if type(splitter) is EBSTSplitter:
        attributes(splitter, EBSTSplitter, {"_root"})
        return None
    digits = attributes(splitter, TEBSTSplitter, ("_root", "digits"))["digits"]
    expect(type(digits) is int and 0 <= digits <= _MOST_DIGITS)
    return int(digits)


class _Tree:
    """The leaves of a tree as the crate takes them.

    Attributes:
        digits: To how many digits numbers are rounded, by the splitter of which all are copies.
        model: The model of a leaf without a parent; `None` where leaves predict their mean.
    """

    def __init__(self, tree: Any) -> None:
        self._tree = tree
        self.digits = _digits(tree.splitter)
        expect(tree.splitter._root is None)
        self.model = None if tree._leaf_prediction == "mean" else _linear(tree.leaf_model)

    def leaf(self, node: Any) -> Any:
        """A leaf as the crate takes it."""
        kind, more = _LEAVES[self._tree._leaf_prediction]
        known = attributes(node, kind, (*LEAF, *more))
        expect(known["splitter"] is self._tree.splitter and known["_disabled_attrs"] == set())
        splitters = known["splitters"]
        found = None
        if splitters is not None:
            expect(type(splitters) is dict and are_texts(splitters))
            found = [self._splitter(name, splitter) for name, splitter in splitters.items()]
        errors = [finite(known[name]) for name in more[2:]] or [0.0, 0.0]
        attempted_at = whole(known["_last_split_attempt_at"])
        labels = variance(known["stats"])
        return "leaf", labels, known["depth"], found, attempted_at, self._model(known), *errors

    def _model(self, leaf: dict[str, Any]) -> dict[str, Any] | None:
        if self.model is None:
            return None
        expect(leaf["_model_supports_weights"] is True)
        model = _linear(leaf["_leaf_model"])
        # A leaf's model is a copy of the tree's; a new one is made of that.
        expect(model | dict.fromkeys(_LEARNED) == self.model | dict.fromkeys(_LEARNED))
        return model

    def _splitter(self, name: str, splitter: Any) -> Any:
        if type(splitter) is NominalSplitterReg:
            known = attributes(splitter, NominalSplitterReg, ("_statistics", "_update_estimator"))
            texts = known["_statistics"]
            expect(known["_update_estimator"] is NominalSplitterReg._update_estimator_univariate)
            expect(type(texts) is dict and are_texts(texts))
            return "texts", name, [(text, variance(labels)) for text, labels in texts.items()]
        expect(type(splitter) is type(self._tree.splitter) and _digits(splitter) == self.digits)
        return "numbers", name, _places(splitter._root)


def _places(root: Any) -> list[Any]:
    """The places of a search tree, each after the one above it."""
    waiting, found = ([] if root is None else [root]), []
    for node in waiting:  # grows while it is read
        expect(type(node) is EBSTNode and node._update_estimator is EBSTNode._update_estimator_univariate)
        below: list[int | None] = []
        for child in (node._left, node._right):
            below.append(None if child is None else len(waiting))
            if child is not None:
                waiting.append(child)
        found.append((value(node.att_val), variance(node.estimator), *below))
    return found
