"""What a saved graph of objects is: a flat table of nodes, their shapes, and streams of what they hold.

A node is an object, a container or a leaf such as a text. Its shape says how it is made and how many
references and scalars it takes from the streams, in turn. Nothing is nested, so nothing recurses: a chain of
a million objects is a table of a million rows. Objects of one class with the same attributes share a shape,
so that an object costs four bytes, four for each reference, and its numbers.

Nodes are made in the order of the table. A *fixed* node (a tuple, a function, an array) is complete when it
is made: it refers to nodes before it only. An *open* node (an object, a list, a dictionary) is made empty and
filled when all nodes are there, so that it may refer to any, and to itself.
"""

import sys
from array import array
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

Scalar = bool | int | float | None

Kind = Literal[
    # leaves
    "text", "bytes", "class", "function", "enum",
    # fixed
    "scalar", "tuple", "frozenset", "adapted",
    # open
    "object", "list", "dict", "record", "set", "deque", "defaultdict",
]  # fmt: skip

OPEN = frozenset({"object", "list", "dict", "record", "set", "deque", "defaultdict"})
"""Kinds that are filled when all nodes are there."""

REFERENCES, SCALARS = "r*", "s*"
"""Layouts of a sequence of any length, all references or all scalars; its length is in `lengths`."""

MOST_NESTED = 50
"""Levels of fixed nodes within fixed nodes: hashing a tuple recurses in C, without a limit of its own."""


class Shape(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What nodes have in common.

    Attributes:
        kind: How they are made.
        name: Of a class, a function, a member of an enumeration or an adapter.
        fields: Attributes of an object in order, or keys of a record: a small dictionary of texts.
        layout: `r` for a reference and `s` for a scalar, in the order of the fields or elements; or one of
            `REFERENCES` and `SCALARS`, for a dictionary that of its keys and that of its values.
        state: An object's only reference is what its `__setstate__` is given.
        content: An object's first reference is what it contains as a list, dictionary, set or deque.
        limit: Most elements of a deque.
    """

    kind: Kind
    name: str = ""
    fields: tuple[str, ...] = ()
    layout: str = ""
    state: bool = False
    content: bool = False
    limit: int | None = None


class Streams(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What nodes hold, one after the other.

    Attributes:
        references: Numbers of nodes, four bytes each.
        scalars: Numbers, booleans and nulls.
        lengths: Lengths of sequences, four bytes each.
    """

    references: bytes
    scalars: list[Scalar]
    lengths: bytes


class Document(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A graph; its first node is what was saved.

    Attributes:
        shapes: The shapes.
        nodes: The shape of each node, four bytes each.
        texts: Texts as UTF-8 (with lone surrogates), and bytes, in the order of their nodes.
        fixed: What fixed nodes hold.
        open: What open nodes hold.
        root: The number of the node that was saved.
    """

    shapes: list[Shape]
    nodes: bytes
    texts: list[bytes]
    fixed: Streams
    open: Streams
    root: int


def numbers(values: Iterable[int]) -> bytes:
    """Whole numbers of 32 bits as bytes."""
    made = array("I", values)
    if sys.byteorder == "big":
        made.byteswap()
    return made.tobytes()


def from_bytes(content: bytes) -> list[int]:
    """The numbers that `numbers` wrote.

    Raises:
        ValueError: When these are no whole numbers of 32 bits.
    """
    made = array("I", content)
    if sys.byteorder == "big":
        made.byteswap()
    return made.tolist()
