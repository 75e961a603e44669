"""W1 to W3, W5, W11: what a WSGI server gets for every kind of response."""

from __future__ import annotations

import io
import typing as t

import pytest
from markupsafe import Markup
from werkzeug.exceptions import Gone
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response as WerkzeugResponse
from werkzeug.wsgi import FileWrapper

from dualapp import (
    Response,
    abort,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template_string,
    request,
    send_file,
    session,
    stream_template_string,
    stream_with_context,
)


@pytest.fixture
def app(app):
    app.testing = False
    return app


async def aiter_of(*chunks):
    for chunk in chunks:
        yield chunk


class Countdown:
    """An async iterable that is not a generator."""

    def __init__(self) -> None:
        self.left = 3

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.left == 0:
            raise StopAsyncIteration
        self.left -= 1
        return str(self.left)


class Shouting(Response):
    """A response whose class answers the server itself."""

    def __call__(self, environ, start_response):
        return [chunk.upper() for chunk in super().__call__(environ, start_response)]


def legacy_app(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"A")
    write(b"B")
    return [b"C"]


def with_cookies():
    response = Response("x")
    response.set_cookie("a", "1")
    response.set_cookie("b", "ä; 2")
    return response


def with_close_function():
    response = Response("x")
    response.call_on_close(lambda: None)
    return response


def with_session():
    session["user"] = "ann"
    flash("hello")
    return "x"


def failing():
    raise ZeroDivisionError


async def async_view():
    return {"async": True}


KINDS: dict[str, t.Callable[[], t.Any]] = {
    "str": lambda: "x",
    "str, not ASCII": lambda: "ä€",
    "str, empty": lambda: "",
    "bytes": lambda: b"x",
    "bytearray": lambda: bytearray(b"x"),
    "dict": lambda: {"a": 1},
    "list": lambda: [1, 2],
    "status": lambda: ("x", 201),
    "status with reason": lambda: ("x", "418 Short And Stout"),
    "headers": lambda: ("x", {"X-A": "b"}),
    "headers as a list": lambda: ("x", [("X-A", "b"), ("X-A", "c")]),
    "status and headers": lambda: ("x", 202, {"X-A": "b"}),
    "header of a str subclass": lambda: ("x", {"X-A": Markup("<b>")}),
    "header of an int": lambda: ("x", {"X-A": 1}),
    "response": lambda: Response("x"),
    "response of chunks": lambda: Response(["a", b"b", ""]),
    "response of nothing": lambda: Response(),
    "response of another class": lambda: WerkzeugResponse("x"),
    "response with a __call__": lambda: Shouting("x"),
    "response with a close function": with_close_function,
    "make_response": lambda: make_response("x", 203),
    "jsonify": lambda: jsonify(a=1),
    "template": lambda: render_template_string("{{ 1 + 1 }}"),
    "cookies": with_cookies,
    "session": with_session,
    "generator": lambda: (chunk for chunk in "abc"),
    "generator of bytes": lambda: (chunk for chunk in [b"a", b"b"]),
    "generator, empty": lambda: (chunk for chunk in ()),
    "generator of empty chunks": lambda: (chunk for chunk in ["", "a", "", b"", "b", ""]),
    "generator of bytearrays": lambda: (bytearray(b"x") for _ in range(2)),
    "generator of memoryviews": lambda: (memoryview(b"x") for _ in range(2)),
    "generator passed through": lambda: Response((c for c in [b"a"]), direct_passthrough=True),
    "iterator": lambda: iter(["a", "b"]),
    "map": lambda: map(str, range(3)),
    "stream_with_context": lambda: stream_with_context(request.path for _ in range(2)),
    "stream_template": lambda: stream_template_string("{{ request.path }}"),
    "async view": async_view,
    "async generator": lambda: aiter_of("a", b"b", ""),
    "async generator, empty": lambda: aiter_of(),
    "async generator of empty chunks": lambda: aiter_of("", "a", b"", "b"),
    "async generator of bytearrays": lambda: aiter_of(bytearray(b"x")),
    "async iterable": Countdown,
    "file": lambda: send_file(__file__),
    "file in memory": lambda: send_file(io.BytesIO(b"x" * 20_000), mimetype="image/png"),
    "no file to be found": lambda: send_file("/nowhere"),
    "redirect": lambda: redirect("/there?q=ä"),
    "abort": lambda: abort(404),
    "abort with a response": lambda: abort(Response("stop", 403)),
    "HTTP error returned": Gone,
    "unhandled error": failing,
    "None": lambda: None,
    "WSGI callable": lambda: legacy_app,
    "WSGI middleware": lambda: DispatcherMiddleware(legacy_app),
    "201 without a body": lambda: ("", 201),
    "204": lambda: ("", 204),
    "205": lambda: ("", 205),
    "304": lambda: ("", 304),
    "status 0": lambda: ("x", 0),
    "status that is no number": lambda: ("x", "fine"),
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("kind", KINDS)
def test_w01_every_kind_of_response_passes_the_validator(app, serve, kind, method):
    app.add_url_rule("/", view_func=KINDS[kind], endpoint="view")
    sent = serve("/", method)
    assert sent.error is None
    assert sent.code >= 200
    assert method != "HEAD" or sent.data == b""
    del sent  # the validator complains here of an iterable that was not closed


@pytest.mark.parametrize("stop_at", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_w01_every_kind_of_response_may_be_cut_short(app, serve, kind, stop_at):
    app.add_url_rule("/", view_func=KINDS[kind], endpoint="view")
    assert serve("/", stop_at=stop_at).error is None


@pytest.mark.parametrize(
    ("headers", "code"),
    [({"HTTP_RANGE": "bytes=2-5"}, 206), ({"HTTP_RANGE": "bytes=900000-"}, 416)],
)
def test_w01_ranges_of_a_file_pass_the_validator(app, serve, headers, code):
    app.add_url_rule("/", view_func=lambda: send_file(__file__, conditional=True), endpoint="view")
    sent = serve("/", **headers)
    assert (sent.error, sent.code) == (None, code)
    assert len(sent.data) == 4 or code == 416


@pytest.mark.parametrize(("method", "code"), [("OPTIONS", 200), ("PUT", 405), ("TRACE", 405)])
def test_w01_answers_without_a_view_pass_the_validator(app, serve, method, code):
    app.add_url_rule("/", view_func=lambda: "x", endpoint="view")
    sent = serve("/", method)
    assert (sent.error, sent.code) == (None, code)
    assert "GET" in (sent.header("Allow") or "")


@pytest.mark.parametrize("body", ["12345", ["12", "345"], "ä", ""])
def test_w02_head_has_the_length_of_get_and_no_body(app, serve, body):
    app.add_url_rule("/", view_func=lambda: Response(body), endpoint="view")
    got, asked = serve("/"), serve("/", "HEAD")
    assert asked.data == b""
    assert asked.headers == got.headers
    assert asked.header("Content-Length") == str(len(got.data))


class Chunks:
    """An iterator, sync and async alike, that tells what is done to it."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def __next__(self):
        self.log.append("iterated")
        raise StopIteration

    def __iter__(self):
        return self

    def close(self):
        self.log.append("closed")


class AsyncChunks:
    def __init__(self, log: list[str]) -> None:
        self.log = log

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.log.append("iterated")
        raise StopAsyncIteration

    async def aclose(self):
        self.log.append("closed")


@pytest.mark.parametrize("chunks", [Chunks, AsyncChunks])
@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_w02_w03_a_body_that_is_not_sent_is_closed_and_not_iterated(
    app, serve, log, chunks, method, status
):
    app.add_url_rule("/", view_func=lambda: (chunks(log), status), endpoint="view")
    sent = serve("/", method)
    assert (sent.error, sent.data) == (None, b"")
    assert log == ["closed"]


def test_w02_a_response_that_answers_itself_sends_no_body_for_head(app, serve):
    class Stubborn(Response):
        def __call__(self, environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"body"]

    app.add_url_rule("/", view_func=Stubborn, endpoint="view")
    assert serve("/").data == b"body"
    assert serve("/", "HEAD").data == b""


@pytest.mark.parametrize("status", [103, 199, 204, 304])
@pytest.mark.parametrize("body", ["x", b"x", ["x"], aiter_of])
def test_w03_no_body_where_there_cannot_be_one(app, serve, serve_bare, status, body):
    def view():
        response = Response(body("x") if callable(body) else body, status)
        response.headers.extend(
            [("ETag", '"e"'), ("Vary", "Cookie"), ("Cache-Control", "no-cache"), ("X-A", "b")]
        )
        return response

    app.add_url_rule("/", view_func=view, endpoint="view")
    sent = serve_bare() if status < 200 else serve()  # which wants a type for 1xx
    assert (sent.error, sent.code, sent.data) == (None, status, b"")
    assert sent.header("Content-Type") is None
    assert sent.header("Content-Length") is None or status == 304
    kept = [sent.header(name) for name in ("ETag", "Vary", "Cache-Control", "X-A")]
    assert kept == ['"e"', "Cookie", "no-cache", "b"]


def test_w05_what_a_legacy_application_writes_comes_first(app, serve):
    app.add_url_rule("/", view_func=lambda: legacy_app, endpoint="view")
    assert serve("/").data == b"ABC"


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "keep-alive",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "UPGRADE",
        "Proxy-Authenticate",
        "Proxy-Authorization",
    ],
)
def test_w11_hop_by_hop_headers_are_not_sent(app, serve, name):
    app.add_url_rule("/", view_func=lambda: ("x", {name: "x", "X-A": "b"}), endpoint="view")
    sent = serve("/")
    assert (sent.error, sent.header(name), sent.header("X-A")) == (None, None, "b")


@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: x=1", "a\nb", "a\rb", "a\0b", "a\x0bb", "漢"])
@pytest.mark.parametrize(
    "response",
    [
        lambda text: ("x", {"X-A": text}),
        lambda text: ("x", {text: "b"}),
        lambda text: ("x", f"200 {text}"),
        lambda text: Response("x", content_type=f"text/plain; a={text}"),
        lambda text: Response((c for c in "ab"), headers=[("X-A", text)]),
        lambda text: Response("x", status=f"200 {text}"),
    ],
    ids=["value", "name", "status", "content type", "value of a stream", "status of a response"],
)
def test_w11_what_would_split_the_response_is_a_clean_500(app, serve, caplog, response, text):
    app.add_url_rule("/", view_func=lambda: response(text), endpoint="view")
    sent = serve()
    assert (sent.error, sent.code) == (None, 500)
    assert all("\r" not in value and "\n" not in value for _, value in sent.headers)
    assert sent.data.startswith(b"<!doctype html>")
    assert len(caplog.records) == 1


def test_w11_status_and_headers_are_exact_strings(app, serve_bare):
    class Text(str):
        pass

    headers = [(Text("X-A"), Text("b")), ("X-B", Text(" c\t")), ("X-C", "\xe9")]
    app.add_url_rule("/", view_func=lambda: ("x", Text("202 OK"), headers), endpoint="view")
    sent = serve_bare()
    assert type(sent.status) is str
    assert type(sent.headers) is list
    assert {type(text) for header in sent.headers for text in header} == {str}
    assert [sent.header(f"X-{name}") for name in "ABC"] == ["b", "c", "\xe9"]


@pytest.mark.parametrize("name", ["", "X A", "X:A", "X-Ä", "X\tA"])
def test_w11_a_header_name_is_a_token(app, serve, name):
    app.add_url_rule("/", view_func=lambda: ("x", {name: "b"}), endpoint="view")
    assert serve().code == 500


@pytest.mark.parametrize("chunk", [5, None, 1.5, ["x"], object()])
@pytest.mark.parametrize("make", [lambda chunk: iter([chunk]), aiter_of])
def test_w11_a_chunk_that_is_neither_text_nor_bytes_is_named(app, serve, caplog, make, chunk):
    app.add_url_rule("/", view_func=lambda: make(chunk), endpoint="view")
    assert serve().code == 500
    assert f"of type {type(chunk).__name__}" in caplog.text


def test_w01_the_servers_own_file_wrapper_reaches_it(app, serve_bare):
    class Wrapper:
        def __init__(self, file: t.IO[bytes], size: int) -> None:
            self.file = file

        def __iter__(self):
            return iter(lambda: self.file.read(1000), b"")

        def close(self):
            self.file.close()

    app.add_url_rule("/", view_func=lambda: send_file(__file__), endpoint="view")
    sent = serve_bare("/", **{"wsgi.file_wrapper": Wrapper})
    assert type(sent.body) is Wrapper
    assert sent.body.file.closed
    assert len(sent.data) == int(sent.header("Content-Length") or 0) > 1000


def test_w01_a_file_wrapper_may_be_a_function(app, serve_bare):
    app.add_url_rule("/", view_func=lambda: send_file(__file__), endpoint="view")
    sent = serve_bare("/", **{"wsgi.file_wrapper": lambda file, size: file})
    assert (sent.error, sent.code) == (None, 200)
    assert len(sent.data) == int(sent.header("Content-Length") or 0)


def test_w01_a_close_function_of_a_sent_file_is_called(app, serve_bare, log):
    def view():
        response = send_file(__file__)
        response.call_on_close(lambda: log.append("closed"))
        return response

    app.add_url_rule("/", view_func=view, endpoint="view")
    for wrapper in (None, FileWrapper):
        keys = {} if wrapper is None else {"wsgi.file_wrapper": wrapper}
        assert len(serve_bare("/", **keys).data) > 1000
    assert log == ["closed", "closed"]
