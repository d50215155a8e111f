"""Saved models as an enemy makes them, who knows the format."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from river import linear_model

from engine.errors import SnapshotError
from engine.models.graph.document import Document, Shape, Streams, numbers
from engine.models.graph.writer import Writer
from engine.models.serialization import dump, load

MODEL: Any = linear_model.LogisticRegression()
for _number in range(20):
    MODEL.learn_one({"a": float(_number % 3)}, _number % 2 == 0)
SAVED = dump(MODEL, "model")
MAGIC, HEADER, BODY = SAVED.split(b"\n", 2)


def forged(body: bytes, **changes: Any) -> bytes:
    """These bytes under a header that fits them."""
    header = orjson.loads(HEADER) | {"sha256": hashlib.sha256(body).hexdigest()} | changes
    return MAGIC + b"\n" + orjson.dumps(header) + b"\n" + body


def _streams(references: Any, scalars: list[Any], lengths: Any) -> Streams:
    return Streams(numbers(references), scalars, numbers(lengths))


def graph(*shapes: Shape, root: int = -1, **parts: Any) -> bytes:
    """A saved graph of one node of each shape, in this order, the last of which is what was saved."""
    nodes = parts.pop("nodes", range(len(shapes)))
    fixed = _streams(parts.pop("fixed", ()), parts.pop("scalars", []), parts.pop("lengths", ()))
    opened = _streams(parts.pop("open", ()), parts.pop("values", []), parts.pop("counts", ()))
    texts = [text if isinstance(text, bytes) else text.encode() for text in parts.pop("texts", ())]
    root = len(nodes) - 1 if root < 0 else root
    return forged(msgspec.msgpack.encode(Document([*shapes], numbers(nodes), texts, fixed, opened, root)))


def refused(saved: bytes, sentinel: Path, allow: tuple[str, ...] = ()) -> str:
    with pytest.raises(SnapshotError) as caught:
        load(saved, "model", allow)
    assert not sentinel.exists()
    assert str(caught.value).startswith("model: ")
    return str(caught.value)


def adapted(name: str, *parts: Any) -> bytes:
    """A saved value of an adapter, of parts that are texts, bytes, scalars or tuples of whole numbers."""
    document = Writer().write(parts)
    shapes = [
        msgspec.structs.replace(shape, kind="adapted", name=name) if number == _last(document) else shape
        for number, shape in enumerate(document.shapes)
    ]
    return forged(msgspec.msgpack.encode(msgspec.structs.replace(document, shapes=shapes)))


def _last(document: Document) -> int:
    """The shape of the node that was saved."""
    return int.from_bytes(document.nodes[4 * document.root :][:4], "little")
