"""Who may ask Evidently's server, and for what: its own page, with the token of this start, to read.

Evidently's server answers everybody and lets them change and delete. Requests reach it through `guarded`, an
ASGI application around its own. A page of another site is stopped three times: by the name it asks for
(Host), by where it comes from (Origin, Sec-Fetch-Site), and as it has no cookie. A program of another user
has no token.
"""

import hmac
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_READ_BY_POST = re.compile(r"/api/v2/snapshots/[0-9a-f-]{36}/data_series_batch", re.ASCII)
"""The lines of a panel: which ones is too long for an address, so the page asks by POST."""

_PAGE = re.compile(r"/|/projects/.+")
"""What a person opens: only there a token is taken, and the answer leads to the same address without it."""

_OWN_SITE = (b"", b"same-origin", b"none")
"""Sec-Fetch-Site of the page itself and of an address that a person typed; empty: not a browser's request."""


@dataclass(frozen=True, slots=True)
class Access:
    """What one start of the server lets in.

    Attributes:
        port: Where it is served, on 127.0.0.1.
        token: Of this start. It opens the pages as often as it is given, until the server ends.
        policy: The Content Security Policy of every answer.
    """

    port: int
    token: str
    policy: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer that is given in place of Evidently's: a status, a line of text, further headers."""

    status: int
    text: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


def guarded(app: App, access: Access) -> App:
    """An application that hands to another only what may be asked."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif (answer := _instead(scope, access)) is None:
            await app(scope, receive, _with_headers(send, access))
        else:
            await _say(_with_headers(send, access), answer)

    return guard


def _instead(scope: Scope, access: Access) -> _Answer | None:
    """What is answered in place of Evidently's server, which is not asked then."""
    host = _header(scope, b"host").lower()
    if host not in _hosts(access.port):
        return _Answer(421, f"open http://127.0.0.1:{access.port}: this server has no other name")
    if _header(scope, b"origin") not in (b"", b"http://" + host) or (
        _header(scope, b"sec-fetch-site") not in _OWN_SITE
    ):
        return _Answer(403, "another page asks: paste the address into the browser's address bar")
    if not _reads(scope):
        return _Answer(405, "these pages are read-only", ((b"allow", b"GET, HEAD"),))
    if "download" in scope["path"].split("/"):
        return _Answer(403, "not escaped here: riverkeeper reports RUN WINDOW --html writes the page")
    return _without_token(scope, access)


def _without_token(scope: Scope, access: Access) -> _Answer | None:
    """What is answered without the cookie; and for the token, which becomes the cookie."""
    cookie = f"riverkeeper-ui-{access.port}={access.token}".encode()
    token = f"token={access.token}".encode()
    if _PAGE.fullmatch(scope["path"]) and _among(token, scope["query_string"], b"&"):
        kept = (b"set-cookie", cookie + b"; Path=/; HttpOnly; SameSite=Strict")
        return _Answer(303, "", ((b"location", quote(scope["path"]).encode()), kept))
    if not _among(cookie, _header(scope, b"cookie"), b";"):
        return _Answer(401, "open the address that riverkeeper ui printed at this start, with its token")
    return None


def _hosts(port: int) -> set[bytes]:
    """What a browser calls this server; a page elsewhere whose name leads to 127.0.0.1 sends its own."""
    names = {b"127.0.0.1", b"localhost"}
    return {name + b":%d" % port for name in names} | (names if port == 80 else set())


def _reads(scope: Scope) -> bool:
    if scope["method"] == "POST":
        return _READ_BY_POST.fullmatch(scope["path"]) is not None
    return scope["method"] in ("GET", "HEAD")


def _header(scope: Scope, name: bytes) -> bytes:
    """A header, empty when it is missing; several together are none of the values that are let in."""
    return b"; ".join(value for given, value in scope["headers"] if given == name)


def _among(expected: bytes, text: bytes, separator: bytes) -> bool:
    """Whether a list has a secret, in a time that does not tell how much of a wrong one is right."""
    return any(hmac.compare_digest(part.strip(), expected) for part in text.split(separator))


def _with_headers(send: Send, access: Access) -> Send:
    """Answers carry the policy: a name out of data runs nothing, and no page elsewhere frames this one."""
    ours = {
        b"content-security-policy": access.policy.encode(),
        b"x-content-type-options": b"nosniff",
        b"referrer-policy": b"no-referrer",
    }

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            theirs = [header for header in message.get("headers", ()) if header[0].lower() not in ours]
            message = {**message, "headers": [*theirs, *ours.items()]}
        await send(message)

    return send_with_headers


async def _say(send: Send, answer: _Answer) -> None:
    body = f"{answer.status}: {answer.text}\n".encode() if answer.text else b""
    about = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    headers = [*about, (b"cache-control", b"no-store"), *answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
