"""What a configured model is, whatever way it is written: the description of what is built from it."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from river import base, compose

from engine.models.config import ModelConfig, is_text
from engine.models.operations import make_model

_known: dict[tuple[str, str], str] = {}


def identity(config: ModelConfig) -> str:
    """Task and model as JSON; equal for models that are built alike: 1 is 1.0, defaults may be written out.

    Raises:
        ModelError: If the model cannot be built.
    """
    written = config.task, repr(config.model)
    found = _known.get(written) if is_text(config.model) else None
    if found is None:
        content = {"task": config.task, "model": described(make_model(config))}
        found = orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()
        if is_text(config.model):  # there may be an engine for each of many keys
            _known[written] = found
    return found


def described(part: Any) -> Any:
    """A model or a parameter of one as JSON, without what it has learned.

    >>> from river import linear_model, preprocessing
    >>> described(preprocessing.StandardScaler())
    {'type': 'river.preprocessing.scale.StandardScaler', 'with_std': True, 'window_size': None}
    """
    if part is None or isinstance(part, bool | str):
        return part
    if isinstance(part, int | float):
        return _number(part)
    if isinstance(part, compose.Pipeline):
        steps = [described(step) for step in part.steps.values()]
        flat = [one for step in steps for one in (step if isinstance(step, list) else [step])]
        return flat[0] if len(flat) == 1 else flat
    return _contents(part) if isinstance(part, Mapping | set | frozenset | list | tuple) else _object(part)


def _contents(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {str(name): described(value) for name, value in part.items()}
    found = [described(one) for one in part]
    return found if isinstance(part, list | tuple) else sorted(found, key=repr)


def _object(part: Any) -> Any:
    if inspect.isroutine(part) or inspect.isclass(part):
        return f"{part.__module__}:{part.__qualname__}"
    kind = type(part)
    found: dict[str, Any] = {"type": f"{kind.__module__}.{kind.__qualname__}"}
    if isinstance(part, base.Base):
        found |= {name: described(getattr(part, name, None)) for name in inspect.signature(kind).parameters}
    return found


def _number(value: float) -> int | float | str:
    """A number as JSON can hold it; 1.0 is 1."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
        return repr(float(value))
    whole = int(value)
    if whole != value:
        return float(value)
    return whole if -(2**63) <= whole < 2**64 else str(whole)


def difference(there: str, here: str) -> str:
    """Where two identities differ first, in words.

    >>> difference('{"model":{"l2":1},"task":"binary"}', '{"model":{"l2":0},"task":"binary"}')
    'model.l2 is 1 there and 0 here'
    """
    found = next(_differences("", orjson.loads(there), orjson.loads(here)), None)
    return f"{there} there and {here} here" if found is None else found


def _differences(place: str, there: Any, here: Any) -> Iterator[str]:
    """Of the parts of two descriptions; parts of different classes are compared by class alone."""
    if isinstance(there, dict) and isinstance(here, dict) and there.get("type") == here.get("type"):
        for name in sorted(there.keys() | here.keys()):
            where = f"{place}.{name}" if place else name
            yield from _differences(where, there.get(name), here.get(name))
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        for at, (one, other) in enumerate(zip(there, here, strict=True)):
            yield from _differences(f"{place}[{at}]", one, other)
    elif there != here:
        yield f"{place} is {_short(there)} there and {_short(here)} here"


def _short(part: Any) -> str:
    if isinstance(part, dict) and "type" in part:
        return str(part["type"]).rpartition(".")[2]
    if isinstance(part, list):
        return f"[{', '.join(map(_short, part))}]"
    return repr(part)
