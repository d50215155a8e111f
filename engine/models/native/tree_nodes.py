"""What Hoeffding trees that classify and those that regress have in common: branches, and room to grow."""

import math
from collections.abc import Callable
from itertools import count
from typing import Any

from river.tree.nodes.branch import NominalBinaryBranch, NominalMultiwayBranch, NumericBinaryBranch

from engine.models.native.moments import whole
from engine.models.native.recognition import COMPENSATES, are_texts, attributes, expect, number

TREE = (
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
    "nominal_attributes",
    "splitter",
)
LEAF = ("stats", "depth", "splitter", "splitters", "_disabled_attrs", "_last_split_attempt_at")
_BRANCH = ("children", "stats", "feature", "depth")
_BRANCHES: dict[str, Any] = {
    "at_most": NumericBinaryBranch,
    "equal": NominalBinaryBranch,
    "among": NominalMultiwayBranch,
}

MOST = 1e140
"""The largest number that a compiled tree takes: the squares of such are finite."""


def flag(found: Any) -> bool:
    """A truth value."""
    expect(type(found) is bool)
    return bool(found)


def positive(found: Any) -> float:
    """A parameter above zero."""
    expect(number(found) > 0)
    return number(found)


def value(found: Any) -> Any:
    """A number that a record brought."""
    expect(type(found) is bool or abs(number(found)) <= MOST)
    return found


def growth(known: dict[str, Any]) -> dict[str, Any]:
    """How a tree grows, and how much it has grown, by its attributes."""
    expect(known["nominal_attributes"] is None)
    expect(known["stop_mem_management"] is False and known["remove_poor_attrs"] is False)
    expect(known["_growth_allowed"] is True and known["_max_byte_size"] >= 0)
    expect(type(known["max_depth"]) is int and 0 <= known["max_depth"] < 2**31)
    return {
        "grace_period": number(known["grace_period"]),
        "max_depth": known["max_depth"],
        "delta": positive(known["delta"]),
        "tau": number(known["tau"]),
        "prediction": known["_leaf_prediction"],
        "binary_split": flag(known["binary_split"]),
        "null_split": flag(known["merit_preprune"]),
        "measured_every": positive(known["memory_estimate_period"]),
        "most_leaves": _most_leaves(known),
        "compensates": COMPENSATES,
        "active": known["_n_active_leaves"],
        "inactive": known["_n_inactive_leaves"],
        "weight": whole(known["_train_weight_seen_by_model"]),
    }


def _most_leaves(known: dict[str, Any]) -> int:
    """Leaves for which there is room, by what River has measured of its objects."""
    size = max(known["_active_leaf_size_estimate"], known["_inactive_leaf_size_estimate"])
    size = number(size) * number(known["_size_estimate_overhead_fraction"])
    room = number(known["_max_byte_size"]) / size if size else math.inf
    expect(room > known["_n_active_leaves"] + known["_n_inactive_leaves"])
    return int(min(room, 2.0**52)) - 1


def described_nodes(root: Any, nodes: dict[int, Any], leaf: Callable[[Any], Any]) -> list[Any]:
    """The nodes below a root as the crate takes them, each after its parent.

    Args:
        root: The root; `None` before the first record.
        nodes: Filled with River's objects by the numbers of the nodes.
        leaf: Describes a leaf.
    """
    if root is None:
        return []
    numbers = count(1)
    waiting, found = [root], []
    nodes[0] = root
    for node in waiting:  # grows while it is read
        children = getattr(node, "children", [])
        places = [next(numbers) for _ in children]
        nodes.update(zip(places, children, strict=True))
        waiting += children
        found.append(_branch(node, places) if places else leaf(node))
    return found


def _branch(node: Any, children: list[int]) -> Any:
    expect(type(node.feature) is str)
    if type(node) is NumericBinaryBranch:
        threshold = attributes(node, NumericBinaryBranch, (*_BRANCH, "threshold"))["threshold"]
        return "at_most", node.feature, value(threshold), node.depth, children
    if type(node) is NominalBinaryBranch:
        word = attributes(node, NominalBinaryBranch, (*_BRANCH, "value"))["value"]
        expect(type(word) is str)
        return "equal", node.feature, word, node.depth, children
    sides = attributes(node, NominalMultiwayBranch, (*_BRANCH, "_mapping", "_r_mapping"))["_mapping"]
    expect(are_texts(sides) and list(sides.values()) == list(range(len(children))))
    return "among", node.feature, list(sides), node.depth, children


def write_nodes(
    tree: Any,
    nodes: dict[int, Any],
    state: Any,
    write_leaf: Callable[[int, Any], None],
    stats: Callable[[Any], Any],
) -> None:
    """Brings a tree up to date with the crate's state, node by node, only those that have changed.

    Args:
        tree: The River model.
        nodes: Its objects by the numbers of the nodes.
        state: The state.
        write_leaf: Writes a leaf by its number, and makes it if need be.
        stats: Makes what a new branch knows of the labels that came to it.
    """
    for place, (kind, *node) in reversed(state["nodes"]):  # children come after their parents
        if kind == "leaf":
            write_leaf(place, node)
        else:
            _write_branch(nodes, place, _BRANCHES[kind], node, stats)
    tree._root = nodes.get(0)
    tree._n_active_leaves, tree._n_inactive_leaves = state["active"], state["inactive"]
    tree._train_weight_seen_by_model = state["weight"]


def _write_branch(
    nodes: dict[int, Any], place: int, kind: Any, found: Any, stats: Callable[[Any], Any]
) -> None:
    feature, about, depth, children, of_labels = found
    node: Any = nodes.get(place)
    below = [nodes[child] for child in children]
    if type(node) is not kind:  # a leaf that was split, or new
        nodes[place] = kind(stats(of_labels), feature, about, depth, *below)
        return
    if kind is NominalMultiwayBranch:
        for word in about[len(node.children) :]:
            node.add_child(word, None)
    node.children[:] = below
