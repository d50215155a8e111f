"""Entries of the audit log, each sealed with the one before it.

The seal of an entry is a hash over all that it says and over the seal before it (a hash chain; Haber and
Stornetta 1991, "How to time-stamp a digital document"). Whoever changes, removes or inserts an entry must
seal all later ones anew: with a key (HMAC-SHA256, RFC 2104) only its owner can; without one
(SHA-256) a change is found by comparing with a later seal noted elsewhere. Entries cut off at the end are
found only that way.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import msgspec
import orjson

from engine.errors import RegistryError
from engine.seal import same_seal, seal

Kind = Literal[
    "run", "version", "decision", "command", "removed", "load", "refused", "import", "export", "evaluated"
]
"""`run`: one began, or went on under another configuration. `version`: a model was saved. `decision`: of the
engine or of a person. `command`: a person's, and at which record it was carried out. `removed`: a version's
bytes were removed. `load`, `refused`: a version was loaded, or could not be. `import`, `export`,
`evaluated`: what was done with one."""

_Body = TypeVar("_Body")

REGISTRY = "-"
"""The run of what is done with the registry itself."""


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last entry of a log at some moment, noted elsewhere.

    Attributes:
        number: Its number.
        seal: Its seal.
    """

    number: int
    seal: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written.

    Attributes:
        run: The run that it belongs to; `REGISTRY` for none.
        key: The model key; "" for none.
        kind: What it is.
        name: Unique among those of its run, key and kind; "" for what may happen again.
        time: Event time, seconds since 1970; `None` where there is none.
        who: The person, or the account that the run belongs to.
        body: The rest.
    """

    run: str
    key: str
    kind: Kind
    name: str
    time: float | None
    who: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """What was written.

    Attributes:
        number: Its place in the log, from 1 on.
        run: See `Draft`.
        key: See `Draft`.
        kind: See `Draft`.
        name: See `Draft`.
        time: See `Draft`.
        at: When it was written, seconds since 1970.
        who: See `Draft`.
        text: The body as JSON.
        seal: `sha256:` or `hmac:` and a hash in hexadecimal.
    """

    number: int
    run: str
    key: str
    kind: Kind
    name: str
    time: float | None
    at: float
    who: str
    text: str
    seal: str

    @property
    def body(self) -> dict[str, Any]:
        """The rest of it.

        Raises:
            RegistryError: When it is no JSON object.
        """
        return self.read(dict[str, Any])

    def read(self, kind: type[_Body]) -> _Body:
        """The rest of it, as what it must be.

        Raises:
            RegistryError: When it is not.
        """
        try:
            return msgspec.json.decode(self.text, type=kind)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise RegistryError(
                f"entry {self.number} of the log: expected a {self.kind}: {error}; see 'riverkeeper registry "
                f"verify'"
            ) from error


def sealed(draft: Draft, number: int, at: float, previous: str, key: bytes | None) -> Entry:
    """The entry that follows the one with the seal `previous` ("" for the first).

    >>> one = sealed(Draft("r", "main", "decision", "0", 1.0, "", {}), 1, 2.0, "", None)
    >>> one.seal[:15], list(faults([one], None))
    ('sha256:38ae8cfb', [])
    """
    text = orjson.dumps(draft.body, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode()
    name = draft.name or str(number)
    # Databases give whole numbers back as floats, which are written otherwise.
    time = None if draft.time is None else float(draft.time)
    entry = Entry(number, draft.run, draft.key, draft.kind, name, time, float(at), draft.who, text, "")
    return _with_seal(entry, previous, key)


def _with_seal(entry: Entry, previous: str, key: bytes | None) -> Entry:
    place = entry.number, entry.run, entry.key, entry.kind, entry.name
    fields = (*place, entry.time, entry.at, entry.who, entry.text)
    return Entry(*fields, seal(orjson.dumps((*fields, previous)), key))


def is_sealed(entry: Entry, previous: str, key: bytes | None) -> bool:
    """Whether its seal is that of what it says, after an entry with the seal `previous`."""
    return same_seal(_with_seal(entry, previous, key).seal, entry.seal)


def faults(entries: Iterable[Entry], key: bytes | None) -> Iterator[str]:
    """What is wrong with a log, entry by entry; nothing when it is as it was written."""
    previous, number = "", 0
    for entry in entries:
        if entry.number != number + 1:
            yield f"entry {number + 1}: expected next, got entry {entry.number}: there are some missing"
        if entry.seal.startswith("hmac:") and key is None:
            yield f"entry {entry.number}: sealed with a key; give it, to check it"
        elif entry.seal.startswith("sha256:") and key is not None:
            yield f"entry {entry.number}: sealed without the key"
        elif not is_sealed(entry, previous, key):
            what = " ".join(filter(None, (entry.kind, entry.run, entry.key, entry.name)))
            yield f"entry {entry.number} ({what}): it, or the one before it, is not as it was written"
        previous, number = entry.seal, entry.number
