"""River's search trees inside a saved model: written flat, since a pickle would recurse once per level.

The regression trees and rules of River keep, for every numeric feature, a binary search tree of the values
they saw (E-BST, Ikonomovska et al. 2011). Nothing balances it: a feature that only grows, such as a time or
a counter, makes it as deep as there are values, and from some 250 levels on pickle gives up.

River's trees take a second or more to import, so they are imported by whoever has one.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from river.tree.splitter.ebst_splitter import EBSTNode


def search_tree(nodes: Iterable[tuple[Any, Any, bool, bool]]) -> "EBSTNode":
    """The tree of these nodes, from the root, each before its left and then its right descendants.

    Args:
        nodes: Of each node its value, its statistics, and whether it has a left and a right child.

    Raises:
        ValueError: When there are fewer or more nodes than the children they state.
    """
    root: EBSTNode | None = None
    places: list[tuple[EBSTNode, str]] = []
    for value, estimator, has_left, has_right in nodes:
        node = _node(value, estimator)
        if root is None:
            root = node
        elif places:
            setattr(*places.pop(), node)
        else:
            raise ValueError("a search tree of more nodes than it has places for")
        if has_right:
            places.append((node, "_right"))
        if has_left:
            places.append((node, "_left"))
    if root is None or places:
        raise ValueError("a search tree of fewer nodes than it has places for")
    return root


def _node(value: Any, estimator: Any) -> "EBSTNode":
    from river.tree.splitter.ebst_splitter import EBSTNode  # noqa: PLC0415 - see above

    node = EBSTNode.__new__(EBSTNode)
    node.att_val, node.estimator = value, estimator
    node._left = node._right = None
    # As in its constructor: with several targets there are statistics for each.
    several = isinstance(estimator, dict)
    node._update_estimator = (
        EBSTNode._update_estimator_multivariate if several else EBSTNode._update_estimator_univariate
    )
    return node


def _reduce_tree(root: "EBSTNode") -> tuple[Any, ...]:
    nodes = []
    rest = [root]
    while rest:
        node = rest.pop()
        left, right = node._left, node._right
        nodes.append((node.att_val, node.estimator, left is not None, right is not None))
        rest += [child for child in (right, left) if child is not None]
    return search_tree, (nodes,)


class Dispatch(dict[type, Callable[[Any], Any]]):
    """Reducers by class, for `pickle.Pickler.dispatch_table`; that of search trees is found by name."""

    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        if (kind.__module__, kind.__qualname__) != ("river.tree.splitter.ebst_splitter", "EBSTNode"):
            raise KeyError(kind)
        self[kind] = _reduce_tree
        return _reduce_tree


NAMES = {search_tree.__name__}
"""Names of this module that a saved model may contain."""
