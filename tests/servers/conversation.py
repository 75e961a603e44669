"""The list of requests that every server is asked, each with the one answer that it must give."""

from __future__ import annotations

import re

from werkzeug import exceptions

from .expected import (
    JSON,
    STEPS,
    TEXT,
    Conversation,
    Exchange,
    Seen,
    as_json,
    digest,
    headers_of,
)
from .wire import EXPECT, Request

FORM = ("Content-Type", "application/x-www-form-urlencoded")


def conversation() -> list[Exchange]:
    """Give all exchanges, in the order in which they are held."""
    talk = Conversation()
    views(talk)
    bodies(talk)
    uploads(talk)
    streams(talk)
    without_body(talk)
    paths(talk)
    urls(talk)
    headers(talk)
    cookies(talk)
    errors(talk)
    sessions(talk)
    static_files(talk)
    old_clients(talk)
    talk.json("startup hooks ran once", Request("GET", "/startups"), {"async": 1, "sync": 1})
    return talk.exchanges


def views(talk: Conversation) -> None:
    talk.ok("a sync view", Request("GET", "/"), "index")
    for name, path in (("an async view", "/async"), ("a sync view that awaits", "/mixed")):
        talk.json(name, Request("GET", path), {"one loop for the request": True, "tenant": name})
    numbers = as_json({"numbers": [1, 2, 3.5]})
    for colour, path in (("sync", "/json"), ("async", "/async/json")):
        request = Request("POST", path, [("Content-Type", JSON)], numbers)
        talk.json(f"JSON in and out, {colour}", request, {"sum": 6.5, "of": [1, 2, 3.5]})
    form = Request("POST", "/form", [FORM], b"a=1&a=2&b=%C3%BC+x")
    talk.json("a form", form, {"a": ["1", "2"], "b": ["ü x"]})


def bodies(talk: Conversation) -> None:
    small, large = b"0123456789", bytes(range(256)) * 12_000
    pieces = [small, b"x" * 5_000, large[:100_000], b"y"]
    for path in ("/body", "/async/body", "/stream/body", "/async/stream/body"):

        def post(body: bytes | list[bytes], *headers: tuple[str, str], to: str = path) -> Request:
            return Request("POST", to, headers, body)

        talk.ok(f"large body to {path}", post(large), digest(large))
        talk.ok(f"chunks to {path}", post(pieces), digest(b"".join(pieces)))
        talk.add(
            f"100-continue to {path}",
            post(small, EXPECT),
            200,
            body=digest(small).encode(),
            headers=headers_of(digest(small).encode()),
            interim=(100,),
        )
    for method in ("PUT", "PATCH", "DELETE"):
        talk.ok(f"{method} with a body", Request(method, "/body", (), small), digest(small))
    talk.ok("no body", Request("DELETE", "/body"), digest(b""))
    talk.ok("an empty body", Request("POST", "/body", (), b""), digest(b""))
    talk.ok("an empty body in chunks", Request("POST", "/body", (), []), digest(b""))
    lines = Request("POST", "/lines", (), b"a\nb\n\nc")
    talk.json("a body by lines", lines, ["a\n", "b\n", "\n", "c"])
    talk.ok("a body that is not read", Request("POST", "/ignores", (), small), "not read")
    for kind, body in (("body", b"x" * 1_000), ("body in chunks", [b"x" * 1_000])):
        request = Request("POST", "/limited", (), body)
        talk.error(f"a {kind} that is too large", request, exceptions.RequestEntityTooLarge)


def uploads(talk: Conversation) -> None:
    image = bytes(range(256)) * 400
    body = b"\r\n".join(
        [
            b"--limit",
            b'Content-Disposition: form-data; name="word"',
            b"",
            "grün".encode(),
            b"--limit",
            'Content-Disposition: form-data; name="picture"; filename="ü.png"'.encode(),
            b"Content-Type: image/png",
            b"",
            image,
            b"--limit--",
            b"",
        ]
    )
    multipart = ("Content-Type", "multipart/form-data; boundary=limit")
    picture = ["ü.png", "image/png", digest(image)]
    answer = {"fields": {"word": ["grün"]}, "files": {"picture": picture}}
    for colour, path in (("sync", "/upload"), ("async", "/async/upload")):
        talk.json(f"upload, {colour}", Request("POST", path, [multipart], body), answer)
        pieces = [body[:70], body[70:50_000], body[50_000:]]
        request = Request("POST", path, [multipart], pieces)
        talk.json(f"upload in chunks, {colour}", request, answer)


def streams(talk: Conversation) -> None:
    twice_answered = f"{STEPS}, after async, after sync"
    for colour, path in (("sync", "/stream"), ("async", "/async/stream")):
        three_chunks(talk, f"stream, {colour}", path)
        talk.stream(f"HEAD of a stream, {colour}", Request("HEAD", f"{path}?q=a"), b"")
        late = Request("GET", f"{path}/fails/1")
        talk.stream(f"a stream fails late, {colour}", late, b"chunk\n", is_whole=False)
        talk.error(
            f"a stream fails early, {colour}",
            Request("GET", f"{path}/fails/0"),
            exceptions.InternalServerError,
            x_steps=twice_answered,
        )
    talk.stream("a stream of nothing", Request("GET", "/stream/of/nothing"), b"")
    large = b"".join(b"%07d\n" % number * 1_000 for number in range(250))
    talk.stream("a large stream", Request("GET", "/stream/large"), large)
    talk.ok("a stream of known length", Request("GET", "/stream/of/known/length"), "one two")
    binary = "application/octet-stream"
    large = b"0123456789abcdef" * 100_000
    talk.ok("a large answer", Request("GET", "/large"), large, content_type=binary)


def three_chunks(talk: Conversation, name: str, path: str, version: str = "1.1") -> None:
    body = "".join(f"{number} a {name}\n" for number in range(3)).encode()
    talk.stream(name, Request("GET", f"{path}?q=a", version=version), body)


def without_body(talk: Conversation) -> None:
    talk.add("HEAD", Request("HEAD", "/"), 200, headers=headers_of(b"index"))
    talk.add("204", Request("GET", "/empty"), 204, headers={})
    allowed = headers_of(b"", allow="DELETE, OPTIONS, PATCH, POST, PUT")
    talk.add("OPTIONS", Request("OPTIONS", "/body"), 200, headers=allowed)
    etag = '"version-1"'
    same = Request("GET", "/etag", [("If-None-Match", etag)])
    talk.add("304", same, 304, headers={"etag": etag})
    other = Request("GET", "/etag", [("If-None-Match", '"version-0"')])
    talk.ok("ETag of another version", other, "tagged", etag=etag)


def paths(talk: Conversation) -> None:
    def text(name: str, target: str, text: str, in_url: str | None = None) -> None:
        url = f"http://example.test/text/{in_url or text}"
        seen = {"path": f"/text/{text}", "text": text, "url": url}
        talk.json(name, Request("GET", f"/text/{target}"), seen)

    text("non-ASCII path", "caf%C3%A9/%E2%82%AC", "café/€")
    text("percent-encoded path", "100%25%20a+b%3Fc%23d", "100% a+b?c#d", "100%%20a+b%3Fc%23d")
    text("encoded slash in a path", "a%2Fb", "a/b")
    text("path that is not UTF-8", "%FF", "\ufffd")
    text("zero byte in a path", "a%00b", "a\0b", "a%00b")
    text("dots in a path", "a/../b/./c", "a/../b/./c")


def urls(talk: Conversation) -> None:
    query = "a=1&a=2&b=%C3%BC&c=a+b&d=x?y"
    args = {"a": ["1", "2"], "b": ["ü"], "c": ["a b"], "d": ["x?y"]}
    url = "http://example.test/request?a=1&a=2&b=ü&c=a+b&d=x?y"
    request = Request("GET", f"/request?{query}")
    described(talk, "query", request, query=query, args=args, url=url)
    request = Request("GET", "/request?a=%FF")
    url = "http://example.test/request?a=%FF"
    args = {"a": ["%FF"]}
    described(talk, "query that is not UTF-8", request, query="a=%FF", args=args, url=url)
    host = "example.test:8080"
    request = Request("GET", "/request", host=host)
    described(talk, "host with a port", request, host=host, url=f"http://{host}/request")
    built = ["/", "/text/%C3%BC/%C3%B6%20x?q=a%26b", "/static/plain.txt", "http://example.test/"]
    talk.json("URLs are built", Request("GET", "/urls/"), built)
    redirected(talk, "redirect", "/redirect", 303, "/text/caf%C3%A9%20au%20lait")
    redirected(talk, "redirect to a slash", "/urls", 308, "http://example.test/urls/")
    redirected(talk, "doubled slash", "/text//a", 308, "http://example.test/text/a")


def described(talk: Conversation, name: str, request: Request, **unusual: object) -> None:
    """Expect what the application sees of a request."""
    usual = {
        "accept": None,
        "args": {},
        "host": "example.test",
        "is_secure": False,
        "latin": None,
        "method": request.method,
        "path": "/request",
        "query": "",
        "remote_addr": "127.0.0.1",
        "repeated": None,
        "root_path": "",
        "url": "http://example.test/request",
    }
    talk.json(name, request, usual | unusual)


def redirected(talk: Conversation, name: str, path: str, code: int, location: str) -> None:
    body = (
        "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n"
        "<p>You should be redirected automatically to the target URL: "
        f'<a href="{location}">{location}</a>. If not, click the link.\n'
    ).encode()
    headers = headers_of(body, location=location)
    talk.add(name, Request("GET", path), code, body=body, headers=headers)


def headers(talk: Conversation) -> None:
    def with_headers(*given: tuple[str, str]) -> Request:
        return Request("GET", "/request", given)

    request = with_headers(("Accept", "text/a"), ("Accept", "text/b;q=0.5"))
    described(talk, "repeated header", request, accept=["text/a", "text/b;q=0.5"])
    request = with_headers(("X-Repeated", "1"), ("X-Repeated", "2"))
    described(talk, "repeated header of one's own", request, repeated=["1", "2"])
    request = with_headers(("X-Latin", "café"))
    described(talk, "latin-1 in a request's header", request, latin="café")
    twice = ["one", "two"]
    talk.ok("repeated header in an answer", Request("GET", "/headers"), "headers", x_repeated=twice)
    latin = Request("GET", "/headers/latin")
    talk.ok("latin-1 in an answer's header", latin, "headers", x_latin="café")


def cookies(talk: Conversation) -> None:
    request = Request("GET", "/cookies", [("Cookie", r'a=1; b="\303\274"; a=2')])
    four = [
        "plain=1; Path=/",
        r'quoted="a\073b\054 \303\274"; HttpOnly; Path=/cookies',
        re.compile(r"strict=3; Expires=.* GMT; Max-Age=60; Secure; Path=/; SameSite=Strict"),
        "old=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/",
    ]
    body = as_json([["a", "1"], ["a", "2"], ["b", "ü"]])
    talk.ok("cookies", request, body, content_type=JSON, set_cookie=four)


def errors(talk: Conversation) -> None:
    talk.error("404", Request("GET", "/missing"), exceptions.NotFound)
    allowed = "GET, HEAD, OPTIONS"
    talk.error("405", Request("PUT", "/"), exceptions.MethodNotAllowed, allow=allowed)
    talk.error("410", Request("GET", "/gone"), exceptions.Gone)
    for colour, path in (("sync", "/fails"), ("async", "/async/fails")):
        talk.error(f"500, {colour}", Request("GET", path), exceptions.InternalServerError)
    lost = {"lost": "a sync handler takes it"}
    talk.json("async view, sync handler", Request("GET", "/lost"), lost, 409)
    late = {"late": "an async handler takes it"}
    talk.json("sync view, async handler", Request("GET", "/late"), late, 418)
    malformed = Request("POST", "/json", [("Content-Type", JSON)], b"{")
    talk.error("malformed JSON", malformed, exceptions.BadRequest)


def sessions(talk: Conversation) -> None:
    log_in = Request("POST", "/session", [FORM], b"user=J%C3%BCrgen")
    cookie = re.compile(r"session=[\w.-]+; HttpOnly; Path=/")
    talk.ok("session begins", log_in, "logged in", set_cookie=cookie, vary="Cookie")

    def with_cookie(seen: Seen) -> Request:
        session = seen["session begins"].all("set-cookie")[0].partition(";")[0]
        return Request("GET", "/session", [("Cookie", session)])

    forged = Request("GET", "/session", [("Cookie", "session=forged")])
    for name, request, user in (
        ("session goes on", with_cookie, "Jürgen"),
        ("no session", Request("GET", "/session"), None),
        ("forged session", forged, None),
    ):
        body = as_json({"user": user})
        vary = headers_of(body, content_type=JSON, vary="Cookie")
        talk.add(name, request, 200, body=body, headers=vary)


def static_files(talk: Conversation) -> None:
    path, body = "/static/plain.txt", b"Served as it is.\n"
    known = {
        "cache-control": "no-cache",
        "content-disposition": "inline; filename=plain.txt",
        "etag": re.compile(r'"[\d.]+-17-\d+"'),
    }
    modified = re.compile(r"\w{3}, .* GMT")
    full = {**known, "content-length": "17", "content-type": TEXT, "last-modified": modified}
    part = {**full, "content-length": "3", "content-range": "bytes 1-3/17"}
    talk.add("static file", Request("GET", path), 200, body=body, headers=full)
    talk.add("HEAD of a static file", Request("HEAD", path), 200, headers=full)
    ranged = Request("GET", path, [("Range", "bytes=1-3")])
    talk.add("part of a static file", ranged, 206, body=body[1:4], headers=part)

    def again(seen: Seen) -> Request:
        return Request("GET", path, [("If-None-Match", seen["static file"].all("etag")[0])])

    talk.add("static file that is known", again, 304, headers=known)
    outside = Request("GET", "/static/%2e%2e/everything.py")
    talk.error("outside of the static folder", outside, exceptions.NotFound)


def old_clients(talk: Conversation) -> None:
    talk.ok("HTTP/1.0", Request("GET", "/", version="1.0"), "index")
    talk.ok("HTTP/1.0 without Host", Request("GET", "/", version="1.0", host=None), "index")
    with_body = Request("POST", "/body", (), b"123", version="1.0")
    talk.ok("HTTP/1.0 with a body", with_body, digest(b"123"))
    for colour, path in (("sync", "/stream"), ("async", "/async/stream")):
        three_chunks(talk, f"stream to HTTP/1.0, {colour}", path, version="1.0")
