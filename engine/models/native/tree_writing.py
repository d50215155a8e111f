"""River's objects of a Hoeffding tree that classifies, brought up to date.

New distributions share one random generator: they draw nothing from it, and River makes one for each, which
takes longer and more room than all else in it.
"""

from collections import defaultdict
from random import Random
from typing import Any

from river.proba import Gaussian
from river.stats import Var
from river.tree.splitter import GaussianSplitter
from river.tree.splitter.nominal_splitter_classif import NominalSplitterClassif

from engine.models.native.tree_nodes import write_nodes

_NOMINAL: Any = NominalSplitterClassif


class TreeWriter:
    """Writes the crate's state into a tree.

    Args:
        tree: The River model.
        nodes: Its objects by the numbers of the nodes.
    """

    def __init__(self, tree: Any, nodes: dict[int, Any]) -> None:
        self._tree, self._nodes = tree, nodes
        self._classes: list[Any] = []
        self._begun: defaultdict[int, int] = defaultdict(int)
        self._generator = Random()  # noqa: S311 - nothing is drawn from it

    def write(self, state: Any) -> None:
        """Brings the tree up to date."""
        tree = self._tree
        self._classes = state["classes"]
        tree.classes.update(self._classes)
        write_nodes(tree, self._nodes, state, self._write_leaf, self._stats)

    def _stats(self, classes: Any) -> dict[Any, float]:
        return {self._classes[one]: weight for one, weight in classes}

    def _write_leaf(self, place: int, found: Any) -> None:
        classes, depth, splitters, attempted_at, attempted, *right, begun = found
        leaf = self._nodes.get(place)
        if leaf is None:
            self._nodes[place] = leaf = self._tree._new_leaf()
            leaf.depth = depth
            # River adds up the weights of no classes to a whole number.
            leaf._last_split_attempt_at = attempted_at or 0
        leaf.stats.update((self._classes[one], weight) for one, weight in classes)
        if attempted:
            leaf._last_split_attempt_at = attempted_at
        if hasattr(leaf, "_mc_correct_weight"):
            leaf._mc_correct_weight, leaf._nb_correct_weight = right
        if splitters is None:
            leaf.deactivate()
            return
        if begun != self._begun[place]:
            self._begun[place], leaf.splitters = begun, {}
        for kind, feature, *about in splitters:
            (self._write_numbers if kind == "gaussian" else self._write_texts)(leaf, feature, *about)

    def _write_numbers(self, leaf: Any, feature: str, normals: Any) -> None:
        splitter = leaf.splitters.get(feature)
        if splitter is None:
            splitter = leaf.splitters[feature] = GaussianSplitter(self._tree.splitter.n_splits)
        for one, count, mean, squares, least, most in normals:
            label = self._classes[one]
            normal = splitter._att_dist_per_class.get(label)
            if normal is None:
                normal = splitter._att_dist_per_class[label] = self._new_normal()
            splitter._min_per_class[label], splitter._max_per_class[label] = least, most
            normal._var._S = squares
            normal._var.mean.n, normal._var.mean._mean = count, mean

    def _new_normal(self) -> Any:
        made: Any = object.__new__(Gaussian)
        made.seed, made._rng, made._var = None, self._generator, Var()
        return made

    def _write_texts(self, leaf: Any, feature: str, *found: Any) -> None:
        classes, words, splitter_total = found
        splitter = leaf.splitters.get(feature)
        if splitter is None:
            splitter = leaf.splitters[feature] = _NOMINAL()
        splitter._total_weight_observed = splitter_total
        for word in words:  # one by one: the order of a set depends on how it came to be
            splitter._att_values.add(word)
        for one, counts in classes:
            splitter._att_dist_per_class[self._classes[one]].update(counts)
