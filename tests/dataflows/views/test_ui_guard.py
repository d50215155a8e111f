"""The guard of Evidently's pages: what of a request is let through, and what is answered in its place."""

import asyncio
from typing import Any

import pytest

from dataflows.views.ui_guard import Access, Message, Receive, Scope, Send, guarded

TOKEN = "5" * 32
ACCESS = Access(8000, TOKEN, "default-src 'none'")
COOKIE = f"riverkeeper-ui-8000={TOKEN}"
PROJECT = "5b3620b4-a0aa-5cda-9966-f42706ced0cb"
SERIES = f"/api/v2/snapshots/{PROJECT}/data_series_batch"


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    """What stands for Evidently's server: it does whatever it is asked."""
    del receive
    if scope["type"] == "lifespan":
        await send({"type": "lifespan.startup.complete"})
        return
    theirs = [(b"Content-Security-Policy", b"default-src *"), (b"etag", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": theirs})
    await send({"type": "http.response.body", "body": b"Evidently"})


def sent(scope: Scope, access: Access = ACCESS) -> list[Message]:
    messages = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing of a body is read")

    async def answered() -> None:
        await guarded(behind, access)(scope, receive, send)

    asyncio.run(answered())
    return messages


def answer(path: str = "/", method: str = "GET", query: str = "", **headers: str) -> tuple[int, Any, str]:
    """Status, headers and text of an answer to the page itself, but for what is given."""
    given = {"host": "127.0.0.1:8000", "cookie": COOKIE} | headers
    pairs = [
        (name.replace("_", "-").encode(), one.encode())
        for name, v in given.items()
        for one in v.split("|")
        if v
    ]
    query_string = query.encode()
    scope = {"type": "http", "method": method, "path": path, "query_string": query_string, "headers": pairs}
    start, body = sent(scope)
    return start["status"], dict(start["headers"]), body["body"].decode()


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000"])
def test_the_page_itself_reads(host: str) -> None:
    own = {"host": host, "origin": f"http://{host.lower()}", "sec_fetch_site": "same-origin"}
    for path in ("/", f"/projects/{PROJECT}", "/static/js/index.js", f"/api/v2/dashboards/{PROJECT}"):
        assert answer(path, **own)[::2] == (200, "Evidently")
    assert answer(SERIES, "POST", **own)[::2] == (200, "Evidently")
    assert answer(sec_fetch_site="none")[0] == 200, "an address that was typed"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1",
        "127.0.0.1:8001",
        "127.0.0.1:8000.evil.example",
        "[::1]:8000",
        "0.0.0.0:8000",
        "127.0.0.1:8000|evil.example",
        "",
    ],
)
def test_another_name_leads_nowhere(host: str) -> None:
    status, _, text = answer(host=host)
    assert (status, text) == (421, "421: open http://127.0.0.1:8000: this server has no other name\n")
    assert answer(query=f"token={TOKEN}", host=host)[0] == 421, "nor does the token help"


def test_at_the_port_of_http_the_name_may_stand_alone() -> None:
    for host, status in ((b"127.0.0.1", 401), (b"localhost:80", 401), (b"evil.example", 421)):
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "headers": [(b"host", host)],
        }
        assert sent(scope, Access(80, TOKEN, ""))[0]["status"] == status


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1:8000"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://localhost:8000"},
        {"origin": "http://127.0.0.1:8000|http://evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "same-origin|none"},
    ],
    ids=str,
)
def test_another_page_is_refused_with_its_cookie_and_with_the_token(headers: dict[str, str]) -> None:
    for path, method in (("/", "GET"), (SERIES, "POST")):
        status, _, text = answer(path, method, f"token={TOKEN}", **headers)
        assert (status, len(text.splitlines())) == (403, 1)


@pytest.mark.parametrize(
    "path", ["/", "/api/projects", f"/api/v2/projects/{PROJECT}", f"{SERIES}/x", "/x" + SERIES]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get"])
def test_nothing_can_be_changed(path: str, method: str) -> None:
    status, headers, text = answer(path, method)
    assert (status, headers[b"allow"], text) == (405, b"GET, HEAD", "405: these pages are read-only\n")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_of_the_read_by_post_no_other_method(method: str) -> None:
    assert answer(SERIES, method)[0] == 405


@pytest.mark.parametrize(("before", "after"), [("/", ""), ("//", "/"), ("/", "//")])
def test_a_report_that_nobody_has_escaped_is_refused(before: str, after: str) -> None:
    status, _, text = answer(f"{before}api/projects/{PROJECT}/{PROJECT}/download{after}")
    assert status == 403
    assert "riverkeeper reports RUN WINDOW --html" in text


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "riverkeeper-ui-8000=",
        f"riverkeeper-ui-8000={'6' * 32}",
        f"riverkeeper-ui-8001={TOKEN}",
        TOKEN,
        f"x{COOKIE}",
        "riverkeeper-ui-8000=é",
    ],
)
def test_without_the_cookie_of_this_start_nothing_is_read(cookie: str) -> None:
    for path in ("/", "/static/js/index.js", "/api/projects", "/projects/x"):
        status, headers, text = answer(path, cookie=cookie)
        assert (status, headers[b"content-type"]) == (401, b"text/plain; charset=utf-8")
        assert text.startswith("401: open the address that riverkeeper ui printed")
        assert len(text.splitlines()) == 1
    assert answer(SERIES, "POST", cookie=cookie)[0] == 401


def test_the_cookie_is_found_among_those_of_other_servers_of_this_machine() -> None:
    assert answer(cookie=f'a="; riverkeeper-ui-8001=x;{COOKIE}; b')[0] == 200
    assert answer(cookie=f"a=1|{COOKIE}")[0] == 200, "in two headers"


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", b"/"),
        (f"/projects/{PROJECT}", f"/projects/{PROJECT}".encode()),
        ("/projects/\rx: é", b"/projects/%0Dx%3A%20%C3%A9"),
    ],
)
def test_the_token_becomes_a_cookie_and_leaves_the_address_as_often_as_it_is_given(
    path: str, location: bytes
) -> None:
    for query in (f"token={TOKEN}", f"a=1&token={TOKEN}"):
        status, headers, text = answer(path, query=query, cookie="")
        assert (status, headers[b"location"], text) == (303, location, "")
        assert headers[b"set-cookie"].decode() == f"{COOKIE}; Path=/; HttpOnly; SameSite=Strict"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/", f"token={'6' * 32}"),
        ("/", "token="),
        ("/", f"token={TOKEN}x"),
        ("/", f"xtoken={TOKEN}"),
        ("/", "token=é"),
        ("/api/projects", f"token={TOKEN}"),
        ("//evil.example", f"token={TOKEN}"),
    ],
)
def test_a_wrong_token_or_one_elsewhere_opens_nothing(path: str, query: str) -> None:
    status, headers, _ = answer(path, query=query, cookie="")
    assert status == 401
    assert b"set-cookie" not in headers


@pytest.mark.parametrize(
    "request_", [{}, {"cookie": ""}, {"host": "x"}, {"origin": "x"}, {"method": "PUT"}], ids=str
)
def test_every_answer_carries_the_policy_once(request_: dict[str, str]) -> None:
    _, headers, _ = answer(**request_)
    named = {name.lower(): value for name, value in headers.items()}
    assert len(named) == len(headers)
    assert named[b"content-security-policy"] == b"default-src 'none'"
    assert named[b"x-content-type-options"] == b"nosniff"
    assert named[b"referrer-policy"] == b"no-referrer"


def test_a_websocket_is_closed_and_the_lifespan_goes_through() -> None:
    assert sent({"type": "websocket", "path": "/", "headers": []}) == [
        {"type": "websocket.close", "code": 1008}
    ]
    assert sent({"type": "lifespan"}) == [{"type": "lifespan.startup.complete"}]
