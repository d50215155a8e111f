"""River's objects of a Hoeffding tree that regresses, brought up to date."""

from collections import defaultdict
from typing import Any

from river.stats import Var
from river.tree.splitter.ebst_splitter import EBSTNode
from river.tree.splitter.nominal_splitter_reg import NominalSplitterReg

from engine.models.native.linear import write_learned
from engine.models.native.moments import write_variance
from engine.models.native.tree_nodes import write_nodes

_NODE: Any = EBSTNode
_TEXTS: Any = NominalSplitterReg


class RegressorWriter:
    """Writes the crate's state into a tree.

    Args:
        tree: The River model.
        nodes: Its objects by the numbers of the nodes.
    """

    def __init__(self, tree: Any, nodes: dict[int, Any]) -> None:
        self._tree, self._nodes = tree, nodes
        self._begun: defaultdict[int, int] = defaultdict(int)

    def write(self, state: Any) -> None:
        """Brings the tree up to date."""
        write_nodes(self._tree, self._nodes, state, self._write_leaf, _variance)

    def _write_leaf(self, place: int, found: Any) -> None:
        labels, depth, splitters, attempted_at, model, mean_error, model_error, begun = found
        leaf = self._nodes.get(place)
        if leaf is None:
            self._nodes[place] = leaf = self._tree._new_leaf()
            leaf.depth = depth
        write_variance(leaf.stats, labels)
        leaf._last_split_attempt_at = attempted_at
        if model is not None and model["iterations"] != leaf._leaf_model.optimizer.n_iterations:
            write_learned(leaf._leaf_model, model)
        if hasattr(leaf, "_fmse_mean"):
            leaf._fmse_mean, leaf._fmse_model = mean_error, model_error
        if splitters is None:
            leaf.deactivate()
            return
        if begun != self._begun[place]:
            self._begun[place], leaf.splitters = begun, {}
        for kind, feature, about in splitters:
            (self._write_numbers if kind == "numbers" else _write_texts)(leaf, feature, about)

    def _write_numbers(self, leaf: Any, feature: str, places: Any) -> None:
        splitter = leaf.splitters.get(feature)
        if splitter is None:
            splitter = leaf.splitters[feature] = self._tree.splitter.clone()
        # Places are removed too, and then have other numbers: all are made anew.
        nodes = [_node(found, labels) for found, labels, _, _ in places]
        for node, (_, _, left, right) in zip(nodes, places, strict=True):
            if left is not None:
                node._left = nodes[left]
            if right is not None:
                node._right = nodes[right]
        splitter._root = nodes[0] if nodes else None


def _write_texts(leaf: Any, feature: str, texts: Any) -> None:
    splitter = leaf.splitters.get(feature)
    if splitter is None:
        splitter = leaf.splitters[feature] = _TEXTS()
    for text, labels in texts:
        splitter._statistics[text] = _variance(labels)


def _node(value: Any, labels: Any) -> Any:
    node = _NODE(value, 0.0, 1.0)
    write_variance(node.estimator, labels)
    return node


def _variance(labels: Any) -> Var:
    made = Var()
    write_variance(made, labels)
    return made
