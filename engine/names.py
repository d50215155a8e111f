"""Names made out of data: model keys and names of models may be of any length, in any script."""

import re
from hashlib import sha256

_MOST = 80
"""Characters of a file name: with a window's number and a suffix it fits the strictest file systems (143)."""

_DIGITS = 16
"""Hexadecimal digits of the hash that tells shortened names apart."""

_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
"""Names of devices, whatever their suffix."""

_CAPITAL = re.compile("[A-Z]")


def file_name(name: str) -> str:
    """A file name, or a part of one, that no other name has, also where `A` and `a` are the same file.

    What files cannot be called is percent-escaped. A name that is too long, has capitals, or means something
    to a file system is cut, and ends in a hash. It cannot be turned back: the file's content says what it is
    of.

    >>> file_name("m0.w12"), file_name("../a/b"), file_name("JFK")
    ('m0.w12', '%2E%2E%2Fa%2Fb', 'JFK~2e17bfe25968dbcf')
    """
    escaped = re.sub(r"[^A-Za-z0-9_.-]|^\.+|\.+$", _escaped, name)
    device = _DEVICE.match(name)
    if 0 < len(escaped) <= _MOST and not device and not _CAPITAL.search(name):
        return escaped
    start = device[1] if device else re.sub(r"%.?$", "", escaped[: _MOST - _DIGITS - 1])
    return f"{start}~{_hash(name)}"


def bounded(text: str, most: int) -> str:
    """The text, or when it takes more than `most` bytes its beginning and a hash; twice is the same.

    >>> bounded("abc", 20), len(bounded("abc" * 10, 20)), bounded(bounded("abc" * 10, 20), 20)
    ('abc', 20, 'abc~ebae678bcd141cc9')
    """
    content = text.encode(errors="surrogatepass")
    if len(content) <= most:
        return text
    start = content[: most - _DIGITS - 1].decode(errors="ignore")
    return f"{start}~{_hash(text)}"


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode(errors="surrogatepass"))


def _hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]
