"""What pydantic finds wrong with a file, in words: the key, what was expected, what came, what was meant."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_NEARLY = 0.8
"""Least likeness of two keys, from 0 to 1, that are taken for the same."""


def explain(error: ValidationError, section: type[BaseModel]) -> list[str]:
    """One line for each finding.

    Args:
        error: What pydantic raised.
        section: The class that it validated.
    """
    return [_explain(found, section) for found in error.errors()]


def _explain(found: Any, section: type[BaseModel]) -> str:
    place = found["loc"]
    key = _joined(place)
    if found["type"] == "missing":
        return f"{key}: required, but missing"
    if found["type"] == "extra_forbidden":
        return f"{key}: unknown key{_did_you_mean(place, section)}"
    if found["type"] == "value_error":
        # A rule of our own over several keys: its sentence says what it found.
        sentence = found["msg"].removeprefix("Value error, ")
        return f"{key}: {sentence}" if key else f"expected {sentence}"
    expected = (
        found["msg"].removeprefix("Input should be ").replace("String should match", "text that matches")
    )
    return f"{key}: expected {expected}, got {found['input']!r}"


def _did_you_mean(place: Sequence[str | int], section: type[BaseModel]) -> str:
    """The key that is meant, as the end of a message.

    One that is nearly the same there comes first, then the same one elsewhere, then one that is like it.
    """
    *parents, name = place
    known = _section_at(section, parents).model_fields
    near = get_close_matches(str(name), known, n=1)
    elsewhere = [path for key, path in _keys(section, ()) if key == name]
    if elsewhere and not get_close_matches(str(name), near, cutoff=_NEARLY):
        return f"; there is {' and '.join(elsewhere)}"
    return f"; did you mean {_joined([*parents, near[0]])}?" if near else ""


def _section_at(section: type[BaseModel], place: Sequence[str | int]) -> type[BaseModel]:
    """The section at a place; names in tables of sections, and numbers in lists of them, are passed over."""
    for part in place:
        field = section.model_fields.get(str(part))
        section = (field and _section_in(field.annotation)) or section
    return section


def _keys(section: type[BaseModel], place: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Every key of a section and of those in it, with its full name."""
    for name, field in section.model_fields.items():
        yield name, _joined([*place, name])
        inner = _section_in(field.annotation)
        if inner is not None:
            yield from _keys(inner, (*place, name))


def _section_in(annotation: Any) -> type[BaseModel] | None:
    """The section that an annotation holds, also behind `| None`, or in a table or a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_section_in, get_args(annotation))), None)


def _joined(place: Sequence[str | int]) -> str:
    return ".".join(map(str, place))
