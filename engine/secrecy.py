"""Secrets come from the environment, as `${NAME}`, and are shown nowhere.

A configuration is copied: into the audit log, into messages, into version control. So a literal secret in it
is refused, and what was put in for a `${NAME}` is taken out again of whatever a library says about it.
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import ConfigError

_VARIABLE = re.compile(r"\$\{(\w+)\}")

_SECRET = re.compile(
    r"pass(word|wd|phrase)|\bpw\b|secret|token|credential|private|signature|\bsig\b|\bsas\b|jaas|"
    r"(api|access|account)[._-]?key|user\.info|oauthbearer\.config|sasl\.kerberos\.kinit\.cmd|key\.pem|ssl_key",
    re.IGNORECASE,
)
"""Keys of librdkafka, of the schema registry's client and of URLs whose values nobody may see."""

_PUBLIC = re.compile(
    r"(^|[._-])(location|file|url|source|scope|id|algorithm|type|ms|seconds|variable)$|\.claim\.",
    re.IGNORECASE,
)
"""Endings of keys that are about a secret and hold none: a path, an address, a name."""

_PARTLY = re.compile(r"user\.info|oauthbearer\.config|jaas|kinit\.cmd", re.IGNORECASE)
"""Keys whose values have a secret in them, beside what may be seen."""

_LOGIN = re.compile(r"(?<=://)[^/?#\s@]*@")
_QUERY = re.compile(r"[?&]([^=&#\s]+)=([^&#\s]*)")
_SHORTEST = 4
"""Characters of a secret that is looked for in text: a shorter one would make it unreadable."""

_HIDDEN = "..."

_known: dict[str, str] = {}
"""Names of variables, by each way in which their value may be written: those of this process."""


def is_secret(key: str) -> bool:
    """Whether a key names a secret.

    >>> [is_secret(key) for key in ("sasl.password", "ssl.key.pem", "basic.auth.user.info")]
    [True, True, True]
    >>> [is_secret(key) for key in ("ssl.key.location", "sasl.oauthbearer.token.endpoint.url")]
    [False, False]
    """
    return _SECRET.search(key) is not None and _PUBLIC.search(key) is None


def check_no_literals(settings: Mapping[str, object]) -> None:
    """Refuses secrets that stand in settings themselves.

    Raises:
        ValueError: Naming the key, and never what stands there.
    """
    for name, value in settings.items():
        if is_secret(name) and not _comes_from_environment(name, str(value)):
            raise ValueError(
                f"no secret in the file itself, as it is at {name}: put it into an environment variable and "
                f'write "{name}" = "${{NAME}}", with the name of that variable'
            )
        if isinstance(value, str):
            check_url(value, name)


def check_url(url: str, key: str, instead: str = "${NAME}, the name of an environment variable") -> None:
    """Refuses an address with a literal password in it.

    Args:
        url: The address, or any other text.
        key: Where it stands.
        instead: What to write in place of the password.

    Raises:
        ValueError: Naming the key, and never what stands there.
    """
    login = _LOGIN.search(url)
    user, colon, password = ("", "", "") if login is None else login[0][:-1].partition(":")
    literal = bool(colon and password) and _VARIABLE.fullmatch(password) is None
    # A login without a colon is a user's name, or a token: a name is written in letters.
    literal = literal or (not colon and len(user) > 32)
    literal = literal or any(
        is_secret(name) and _VARIABLE.fullmatch(value) is None for name, value in _QUERY.findall(url)
    )
    if literal:
        raise ValueError(f"no password or token in the address at {key}: in its place write {instead}")


def put_in(text: str, where: str) -> str:
    """Text with environment variables put in for each `${NAME}`; from now on `hidden` takes them out again.

    Args:
        text: What the configuration says.
        where: Its key, for the message.

    Raises:
        ConfigError: When one is not set.
    """

    def found(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise ConfigError(f"{where}: the environment variable {name} is not set; set it to the secret")
        return remember(os.environ[name], name)

    return _VARIABLE.sub(found, text)


def remember(secret: str, name: str) -> str:
    """Has `hidden` take out a secret that a variable holds; returns it."""
    if len(secret) >= _SHORTEST:
        for form in (secret, _in_url(secret), repr(secret)[1:-1]):
            _known[form] = name
    return secret


def hidden(text: str) -> str:
    """Text for others to read: with `${NAME}` where a known secret, and dots where another password, stands.

    >>> hidden("no connection to postgresql://keeper:hunter2@host/log?sslmode=require")
    'no connection to postgresql://...@host/log?sslmode=require'
    """
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, f"${{{_known[secret]}}}")
    text = _LOGIN.sub(f"{_HIDDEN}@", text)
    return _QUERY.sub(_shown_part, text)


def shown(place: Sequence[str | int], value: object) -> str:
    """A value of a configuration as a message about it may show it.

    Args:
        place: The keys that lead to it.
        value: What stands there.
    """
    if any(is_secret(str(part)) for part in place):
        return "a value that is not shown"
    return repr(_without_secrets(value))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _HIDDEN if is_secret(str(name)) else _without_secrets(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(map(_without_secrets, value))
    return hidden(value) if isinstance(value, str) else value


def _shown_part(found: re.Match[str]) -> str:
    return f"{found[0][: -len(found[2])]}{_HIDDEN}" if found[2] and is_secret(found[1]) else found[0]


def _in_url(secret: str) -> str:
    return re.sub(
        rb"[^A-Za-z0-9_.~-]", lambda found: b"%%%02X" % found[0][0], secret.encode(errors="surrogateescape")
    ).decode()


def _comes_from_environment(name: str, value: str) -> bool:
    if _PARTLY.search(name):
        return _VARIABLE.search(value) is not None
    return _VARIABLE.fullmatch(value) is not None
