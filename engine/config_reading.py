"""Configurations from files and dictionaries, and what is wrong with them in words.

Of each mistake: the key, what was expected, what came, what was meant.
"""

import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from engine.errors import ConfigError
from engine.secrecy import shown

_S = TypeVar("_S", bound=BaseModel)

_NEARLY = 0.8
"""Least likeness of two keys, from 0 to 1, that are taken for the same."""


def read_toml(path: Path, hint: str) -> dict[str, Any]:
    """The content of a TOML file.

    Args:
        path: The file.
        hint: What to do when there is none.

    Raises:
        ConfigError: When it cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}. {hint}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not TOML: expected text in UTF-8, got other bytes") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error


def make_importable(folder: Path) -> None:
    """Has modules in a folder found: the user's own models live beside the file that names them."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def validated(section: type[_S], content: object, where: str) -> _S:
    """The content as the section that it must be.

    Args:
        section: The class of the section.
        content: What there is, by key.
        where: Where it comes from, for messages.

    Raises:
        ConfigError: With a line for each mistake.
    """
    if not isinstance(content, Mapping):
        raise ConfigError(f"{where}: expected sections by name, got {shown((), content)}")
    try:
        return section.model_validate({**content})
    except ValidationError as error:
        raise ConfigError("\n".join(f"{where}: {line}" for line in explain(error, section))) from error


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
    return f"{key}: expected {expected}, got {shown(place, found['input'])}"


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
