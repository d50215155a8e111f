"""Hoeffding trees that classify: with information gain, and normal distributions of numbers."""

from collections import defaultdict
from typing import Any

from river.proba import Gaussian
from river.tree import HoeffdingTreeClassifier
from river.tree.nodes.htc_nodes import LeafMajorityClass, LeafNaiveBayes, LeafNaiveBayesAdaptive
from river.tree.splitter import GaussianSplitter
from river.tree.splitter.nominal_splitter_classif import NominalSplitterClassif

from engine.models.native.moments import finite, variance, whole
from engine.models.native.recognition import Write, are_texts, attributes, expect, number
from engine.models.native.tree_nodes import LEAF, TREE, described_nodes, growth, value
from engine.models.native.tree_writing import TreeWriter

_TREE = (*TREE, "nb_threshold", "min_branch_fraction", "max_share_to_split", "classes")
_LEAVES: dict[str, tuple[type, tuple[str, ...]]] = {
    "mc": (LeafMajorityClass, ()),
    "nb": (LeafNaiveBayes, ()),
    "nba": (LeafNaiveBayesAdaptive, ("_mc_correct_weight", "_nb_correct_weight")),
}
_GAUSSIAN = ("_min_per_class", "_max_per_class", "_att_dist_per_class", "n_splits")
_NOMINAL = ("_total_weight_observed", "_missing_weight_observed", "_att_dist_per_class", "_att_values")


def described(model: Any) -> tuple[dict[str, Any], Write]:
    """A tree as the crate takes it, and what writes its state."""
    known = attributes(model, HoeffdingTreeClassifier, _TREE)
    expect(known["_split_criterion"] == "info_gain")
    tree = _Tree(model)
    last = growth(known) | {
        "kind": "tree",
        "bayes_from": number(known["nb_threshold"]),
        "least_share": number(known["min_branch_fraction"]),
        "most_share": number(known["max_share_to_split"]),
        "places": _places(known["splitter"]),
        "classes": tree.classes,
        "nodes": described_nodes(known["_root"], tree.nodes, tree.leaf),
    }
    return last, TreeWriter(model, tree.nodes).write


def _places(splitter: Any) -> int:
    """The thresholds that are tried, by the splitter of which all are copies."""
    known = attributes(splitter, GaussianSplitter, _GAUSSIAN)
    places = known["n_splits"]
    expect(type(places) is int and 0 <= places <= 10_000)
    expect(not any(known[name] for name in _GAUSSIAN[:3]))
    return int(places)


def _normal(normal: Any) -> tuple[float, float, float]:
    """How many numbers there were, their mean, and the sum of squares about it."""
    known = attributes(normal, Gaussian, ("seed", "_rng", "_var"))
    found = variance(known["_var"])
    expect(known["seed"] is None and found[0] >= 1)
    return found


class _Tree:
    """The nodes of a tree as the crate takes them.

    Attributes:
        nodes: River's objects by the numbers of the nodes.
        classes: The classes by their numbers.
    """

    def __init__(self, tree: Any) -> None:
        self._tree = tree
        self.nodes: dict[int, Any] = {}
        expect(type(tree.classes) is set)
        self.classes: list[Any] = list(tree.classes)
        kinds = set(map(type, self.classes))
        expect(len(kinds) <= 1 and kinds <= {bool, int, str})
        self._numbers = {one: place for place, one in enumerate(self.classes)}

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
        classes = [(self._number(one), finite(weight)) for one, weight in known["stats"].items()]
        right = [whole(known[name]) for name in more] or [0.0, 0.0]
        return "leaf", classes, known["depth"], found, number(known["_last_split_attempt_at"]), *right

    def _number(self, one: Any) -> int:
        expect(one in self._numbers and type(one) is type(self.classes[self._numbers[one]]))
        return self._numbers[one]

    def _splitter(self, name: str, splitter: Any) -> Any:
        return (self._numeric if type(splitter) is GaussianSplitter else self._nominal)(name, splitter)

    def _numeric(self, name: str, splitter: Any) -> Any:
        known = attributes(splitter, GaussianSplitter, _GAUSSIAN)
        least, most, normals = (known[part] for part in _GAUSSIAN[:3])
        expect(list(least) == list(most) == list(normals))
        expect(known["n_splits"] == self._tree.splitter.n_splits)
        found = [
            (self._number(one), *_normal(normal), value(least[one]), value(most[one]))
            for one, normal in normals.items()
        ]
        return "gaussian", name, found

    def _nominal(self, name: str, splitter: Any) -> Any:
        known = attributes(splitter, NominalSplitterClassif, _NOMINAL)
        values, by_class = known["_att_values"], known["_att_dist_per_class"]
        expect(known["_missing_weight_observed"] == 0.0 and type(values) is set and are_texts(values))
        expect(type(by_class) is defaultdict and all(map(are_texts, by_class.values())))
        counts = [
            (self._number(one), [(word, whole(weight)) for word, weight in words.items()])
            for one, words in by_class.items()
        ]
        return "nominal", name, counts, list(values), whole(known["_total_weight_observed"])
