"""Hoeffding trees that classify: with information gain, and normal distributions of numbers."""

import math
import sys
from collections import defaultdict
from itertools import count
from typing import Any

from river.proba import Gaussian
from river.stats import Mean, Var
from river.tree import HoeffdingTreeClassifier
from river.tree.nodes.branch import NominalBinaryBranch, NominalMultiwayBranch, NumericBinaryBranch
from river.tree.nodes.htc_nodes import LeafMajorityClass, LeafNaiveBayes, LeafNaiveBayesAdaptive
from river.tree.splitter import GaussianSplitter
from river.tree.splitter.nominal_splitter_classif import NominalSplitterClassif

from engine.models.native.recognition import Write, are_texts, attributes, expect, number
from engine.models.native.tree_writing import TreeWriter

_TREE = (
    "_split_criterion",
    "_leaf_prediction",
    "max_depth",
    "binary_split",
    "_max_size",
    "_max_byte_size",
    "memory_estimate_period",
    "stop_mem_management",
    "remove_poor_attrs",
    "merit_preprune",
    "_root",
    "_n_active_leaves",
    "_n_inactive_leaves",
    "_inactive_leaf_size_estimate",
    "_active_leaf_size_estimate",
    "_size_estimate_overhead_fraction",
    "_growth_allowed",
    "_train_weight_seen_by_model",
    "grace_period",
    "delta",
    "tau",
    "nb_threshold",
    "nominal_attributes",
    "splitter",
    "min_branch_fraction",
    "max_share_to_split",
    "classes",
)
_BRANCH = ("children", "stats", "feature", "depth")
_LEAF = ("stats", "depth", "splitter", "splitters", "_disabled_attrs", "_last_split_attempt_at")
_LEAVES: dict[str, tuple[type, tuple[str, ...]]] = {
    "mc": (LeafMajorityClass, ()),
    "nb": (LeafNaiveBayes, ()),
    "nba": (LeafNaiveBayesAdaptive, ("_mc_correct_weight", "_nb_correct_weight")),
}
_GAUSSIAN = ("_min_per_class", "_max_per_class", "_att_dist_per_class", "n_splits")
_NOMINAL = ("_total_weight_observed", "_missing_weight_observed", "_att_dist_per_class", "_att_values")

_COMPENSATES = sys.version_info >= (3, 12)
"""Whether Python's `sum` makes up for what is lost between floats."""

_MOST = 1e140
"""The largest number that a compiled tree takes: the squares of such are finite."""


def described(model: Any) -> tuple[dict[str, Any], Write]:
    """A tree as the crate takes it, and what writes its state."""
    known = attributes(model, HoeffdingTreeClassifier, _TREE)
    expect(known["_split_criterion"] == "info_gain" and known["nominal_attributes"] is None)
    expect(known["stop_mem_management"] is False and known["remove_poor_attrs"] is False)
    expect(known["_growth_allowed"] is True and known["_max_byte_size"] >= 0)
    expect(type(known["max_depth"]) is int and 0 <= known["max_depth"] < 2**31)
    tree = _Tree(model)
    last = {
        "kind": "tree",
        "grace_period": number(known["grace_period"]),
        "max_depth": known["max_depth"],
        "delta": _positive(known["delta"]),
        "tau": number(known["tau"]),
        "prediction": known["_leaf_prediction"],
        "bayes_from": number(known["nb_threshold"]),
        "binary_split": _flag(known["binary_split"]),
        "least_share": number(known["min_branch_fraction"]),
        "most_share": number(known["max_share_to_split"]),
        "null_split": _flag(known["merit_preprune"]),
        "places": _places(known["splitter"]),
        "measured_every": _positive(known["memory_estimate_period"]),
        "most_leaves": _most_leaves(known),
        "compensates": _COMPENSATES,
        "classes": tree.classes,
        "nodes": tree.described(),
        "active": known["_n_active_leaves"],
        "inactive": known["_n_inactive_leaves"],
        "weight": _count(known["_train_weight_seen_by_model"]),
    }
    return last, TreeWriter(model, tree.nodes).write


def _most_leaves(known: dict[str, Any]) -> int:
    """Leaves for which there is room, by what River has measured of its objects."""
    size = max(known["_active_leaf_size_estimate"], known["_inactive_leaf_size_estimate"])
    size = number(size) * number(known["_size_estimate_overhead_fraction"])
    room = number(known["_max_byte_size"]) / size if size else math.inf
    expect(room > known["_n_active_leaves"] + known["_n_inactive_leaves"])
    return int(min(room, 2.0**52)) - 1


def _flag(found: Any) -> bool:
    expect(type(found) is bool)
    return bool(found)


def _positive(found: Any) -> float:
    expect(number(found) > 0)
    return number(found)


def _count(found: Any) -> float:
    """A weight that is a whole number: each record weighs one."""
    expect(type(found) is float and found.is_integer() and 0 <= found < 2**52)
    return float(found)


def _finite(found: Any) -> float:
    expect(type(found) is float and math.isfinite(found))
    return float(found)


def _value(found: Any) -> Any:
    """A number that a record brought."""
    expect(type(found) is bool or abs(number(found)) <= _MOST)
    return found


def _places(splitter: Any) -> int:
    """The thresholds that are tried, by the splitter of which all are copies."""
    known = attributes(splitter, GaussianSplitter, _GAUSSIAN)
    places = known["n_splits"]
    expect(type(places) is int and 0 <= places <= 10_000)
    expect(not any(known[name] for name in _GAUSSIAN[:3]))
    return int(places)


def _normal(found: Any) -> tuple[float, float, float]:
    """How many numbers there were, their mean, and the sum of squares about it."""
    known = attributes(found, Gaussian, ("seed", "_rng", "_var"))
    variance = attributes(known["_var"], Var, ("ddof", "mean", "_S"))
    mean = attributes(variance["mean"], Mean, ("n", "_mean"))
    expect(known["seed"] is None and variance["ddof"] == 1 and mean["n"] >= 1)
    return _count(mean["n"]), _finite(mean["_mean"]), _finite(variance["_S"])


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

    def described(self) -> list[Any]:
        """The nodes, each after its parent."""
        root = self._tree._root
        if root is None:
            return []
        numbers = count(1)
        waiting, found = [root], []
        self.nodes[0] = root
        for node in waiting:  # grows while it is read
            children = getattr(node, "children", [])
            places = [next(numbers) for _ in children]
            self.nodes.update(zip(places, children, strict=True))
            waiting += children
            found.append(self._branch(node, places) if places else self._leaf(node))
        return found

    def _branch(self, node: Any, children: list[int]) -> Any:
        expect(type(node.feature) is str)
        if type(node) is NumericBinaryBranch:
            threshold = attributes(node, NumericBinaryBranch, (*_BRANCH, "threshold"))["threshold"]
            return "at_most", node.feature, _finite(threshold), node.depth, children
        if type(node) is NominalBinaryBranch:
            word = attributes(node, NominalBinaryBranch, (*_BRANCH, "value"))["value"]
            expect(type(word) is str)
            return "equal", node.feature, word, node.depth, children
        sides = attributes(node, NominalMultiwayBranch, (*_BRANCH, "_mapping", "_r_mapping"))["_mapping"]
        expect(are_texts(sides) and list(sides.values()) == list(range(len(children))))
        return "among", node.feature, list(sides), node.depth, children

    def _leaf(self, node: Any) -> Any:
        kind, more = _LEAVES[self._tree._leaf_prediction]
        known = attributes(node, kind, (*_LEAF, *more))
        expect(known["splitter"] is self._tree.splitter and known["_disabled_attrs"] == set())
        splitters = known["splitters"]
        found = None
        if splitters is not None:
            expect(type(splitters) is dict and are_texts(splitters))
            found = [self._splitter(name, splitter) for name, splitter in splitters.items()]
        classes = [(self._number(one), _finite(weight)) for one, weight in known["stats"].items()]
        right = [_count(known[name]) for name in more] or [0.0, 0.0]
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
            (self._number(one), *_normal(normal), _value(least[one]), _value(most[one]))
            for one, normal in normals.items()
        ]
        return "gaussian", name, found

    def _nominal(self, name: str, splitter: Any) -> Any:
        known = attributes(splitter, NominalSplitterClassif, _NOMINAL)
        values, by_class = known["_att_values"], known["_att_dist_per_class"]
        expect(known["_missing_weight_observed"] == 0.0 and type(values) is set and are_texts(values))
        expect(type(by_class) is defaultdict and all(map(are_texts, by_class.values())))
        counts = [
            (self._number(one), [(word, _count(weight)) for word, weight in words.items()])
            for one, words in by_class.items()
        ]
        return "nominal", name, counts, list(values), _count(known["_total_weight_observed"])
