"""River's trees: from every node the way up and the ways down must end. Rust follows them without a bound."""

from collections.abc import Iterable
from typing import Any

from engine.models.graph.attributes import attributes
from engine.models.graph.document import Shape

_FIELDS = frozenset({"parent", "children"})
_SEQUENCES = frozenset({list, tuple})


def is_node(shape: Shape) -> bool:
    """Whether objects of a shape are nodes of a tree of River's."""
    return shape.name.startswith("river.tree.") and not _FIELDS.isdisjoint(shape.fields)


def check_trees(nodes: list[Any]) -> None:
    """Refuses nodes that lead in a circle.

    Raises:
        ValueError: They do.
    """
    _check_up(nodes)
    # Where the way up ends and each knows who is above it, so do the ways down.
    _check_down([node for node in nodes if any(_parent(child) is not node for child in _children(node))])


def _check_up(nodes: list[Any]) -> None:
    ended = {id(None)}
    for node in nodes:
        on_way = set[int]()
        here = node
        while id(here) not in ended:
            if id(here) in on_way:
                raise ValueError("a tree whose nodes lead in a circle")
            on_way.add(id(here))
            here = _parent(here)
        ended |= on_way


def _parent(node: Any) -> Any:
    """What stands there as an attribute; no code is asked for it."""
    return attributes(node).get("parent")


def _children(node: Any) -> Iterable[Any]:
    found: Any = attributes(node).get("children")
    return found if type(found) in _SEQUENCES else ()


def _check_down(nodes: list[Any]) -> None:
    """Goes all ways, each node once; what is met on its own way is in a circle."""
    ended, on_way = {id(None)}, set[int]()
    for node in nodes:
        way = [node]
        while way:
            here = id(way[-1])
            if here in ended:
                way.pop()
            elif here in on_way:  # all ways from it have ended
                on_way.remove(here)
                ended.add(here)
                way.pop()
            else:
                on_way.add(here)
                for after in _children(way[-1]):
                    if id(after) in on_way:
                        raise ValueError("a tree whose nodes lead in a circle")
                    way.append(after)
