"""A3, A5, A12: what the application sends, and what it does when nobody takes it."""

from __future__ import annotations

import asyncio
import io
import logging
from pathlib import Path

import pytest
from markupsafe import Markup

from dualapp import (
    Response,
    abort,
    after_this_request,
    jsonify,
    redirect,
    render_template_string,
    request,
    send_file,
    session,
    stream_template_string,
    stream_with_context,
)

from .asgi_recorder import Connection


@pytest.fixture
def app(app):
    app.testing = False
    return app


@pytest.fixture(params=["sync", "async"])
def colour(request):
    return request.param


async def aiter_of(*chunks):
    for chunk in chunks:
        yield chunk


class Shouting(Response):
    """A response whose class answers the server itself."""

    def __call__(self, environ, start_response):
        return [chunk.upper() for chunk in super().__call__(environ, start_response)]


def legacy_app(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"A")
    write(b"B")
    return [b"C"]


def lazy_legacy_app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"A"
    yield b"BC"


def with_cookies():
    response = Response("x")
    response.set_cookie("a", "1")
    response.set_cookie("b", "ä; 2")
    return response


def with_session():
    session["user"] = "ann"
    return "x"


def with_after_this_request():
    after_this_request(lambda response: Response("after"))
    return "before"


def failing():
    raise ZeroDivisionError


KINDS = {
    "str": (lambda: "ä€", "ä€"),
    "str, empty": (lambda: "", ""),
    "bytes": (lambda: b"x", "x"),
    "bytearray": (lambda: bytearray(b"x"), "x"),
    "dict": (lambda: {"a": 1}, '{"a":1}\n'),
    "list": (lambda: [1, 2], "[1,2]\n"),
    "status and headers": (lambda: ("x", 202, {"X-A": "b"}), "x"),
    "header of a str subclass": (lambda: ("x", {"X-A": Markup("<b>")}), "x"),
    "header of an int": (lambda: ("x", {"X-A": 1}), "x"),
    "response of chunks": (lambda: Response(["a", b"b", ""]), "ab"),
    "response of nothing": (lambda: Response(), ""),
    "response with a __call__": (lambda: Shouting("x"), "X"),
    "jsonify": (lambda: jsonify(a=1), '{"a":1}\n'),
    "template": (lambda: render_template_string("{{ 1 + 1 }}"), "2"),
    "cookies": (with_cookies, "x"),
    "session": (with_session, "x"),
    "after_this_request": (with_after_this_request, "after"),
    "generator": (lambda: (chunk for chunk in "abc"), "abc"),
    "generator, empty": (lambda: (chunk for chunk in ()), ""),
    "generator of empty chunks": (lambda: iter(["", "a", b"", "b", ""]), "ab"),
    "generator of bytearrays": (lambda: (bytearray(b"x") for _ in "ab"), "xx"),
    "generator of memoryviews": (lambda: (memoryview(b"x") for _ in "ab"), "xx"),
    "generator passed through": (
        lambda: Response((c for c in [b"a"]), direct_passthrough=True),
        "a",
    ),
    "map": (lambda: map(str, range(3)), "012"),
    "stream_with_context": (lambda: stream_with_context(request.path for _ in "ab"), "//"),
    "stream_template": (lambda: stream_template_string("{{ request.path }}"), "/"),
    "async generator": (lambda: aiter_of("a", b"b", "", bytearray(b"c")), "abc"),
    "async generator, empty": (lambda: aiter_of(), ""),
    "file": (lambda: send_file(__file__), Path(__file__).read_text("utf-8")),
    "file in memory": (lambda: send_file(io.BytesIO(b"x" * 999), mimetype="image/x"), "x" * 999),
    "redirect": (lambda: redirect("/there?q=ä"), None),
    "abort": (lambda: abort(404), None),
    "unhandled error": (failing, None),
    "None": (lambda: None, None),
    "WSGI callable": (lambda: legacy_app, "ABC"),
    "WSGI generator": (lambda: lazy_legacy_app, "ABC"),
    "204": (lambda: ("x", 204), ""),
    "304": (lambda: ("x", 304), ""),
    "205": (lambda: ("", 205), ""),
    "header with a line end": (lambda: ("x", {"X-A": Evil("a\r\nb")}), None),
    "hop-by-hop header": (lambda: ("x", {"Connection": "close", "Upgrade": "x"}), "x"),
    "name in capitals": (lambda: ("x", {"X-CAPITALS": "x"}), "x"),
}


class Evil(str):
    """Passes by werkzeug's own check."""

    def __contains__(self, part: object) -> bool:
        return False


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a03_every_kind_of_response_is_in_order(app, paint, colour, kind, method):
    view, expected = KINDS[kind]
    app.add_url_rule("/", "view", paint(view, colour), methods=["GET", "POST"])
    sent = await Connection(app, method=method).run()
    if expected is not None:
        assert sent.status < 400
        assert sent.text == ("" if method == "HEAD" else expected)


@pytest.mark.parametrize("status", [204, 304])
async def test_a12_no_body_where_there_cannot_be_one(app, paint, colour, status):
    headers = {"ETag": '"e"', "Vary": "Cookie", "Cache-Control": "no-cache"}
    app.add_url_rule("/", "view", paint(lambda: ("x", status, headers), colour))
    sent = await Connection(app).run()
    assert (sent.status, sent.data) == (status, b"")
    assert sent.header(b"content-type") is None
    assert sent.header(b"content-length") is None or status == 304
    for name, value in headers.items():
        assert sent.header(name.lower().encode()) == value.encode()


class Chunks:
    """An iterator, sync and async alike, that tells what is done to it."""

    def __init__(self, log, error_at=None):
        self.log = log
        self.given = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.given += 1
        self.log.append("next")
        return f"{self.given};"

    def close(self):
        self.log.append("close")


class AsyncChunks:
    def __init__(self, log):
        self._chunks = Chunks(log)

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        return next(self._chunks)

    async def aclose(self):
        self._chunks.close()


STREAMS = {"sync": Chunks, "async": AsyncChunks}


@pytest.mark.parametrize("stream", STREAMS)
async def test_a12_head_closes_a_stream_and_does_not_iterate_it(app, paint, colour, log, stream):
    app.add_url_rule("/", "view", paint(lambda: STREAMS[stream](log), colour))
    app.teardown_request(lambda exc: log.append("teardown"))
    sent = await Connection(app, method="HEAD").run()
    assert sent.status == 200
    assert sorted(log) == ["close", "teardown"]


@pytest.mark.parametrize("at", [1, 2, 5])
@pytest.mark.parametrize("stream", STREAMS)
async def test_a05_send_raises_oserror_closes_generator_once(
    app, paint, colour, log, caplog, stream, at
):
    """ASGI 2.4: a server may raise OSError from ``send`` when the client is gone."""
    app.add_url_rule("/", "view", paint(lambda: STREAMS[stream](log), colour))
    app.teardown_request(lambda exc: log.append(f"teardown {exc}"))
    await Connection(app, send_error=(at, ConnectionResetError("gone"))).run()
    assert log.count("close") == 1
    assert [entry for entry in log if "teardown" in entry] == ["teardown None"]
    assert log.count("next") == at
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("kind", ["str", "generator", "async generator"])
async def test_a05_send_raises_oserror_at_the_first_body(app, paint, colour, log, caplog, kind):
    def view():
        response = app.make_response(KINDS[kind][0]())
        response.call_on_close(lambda: log.append("close"))
        return response

    app.add_url_rule("/", "view", paint(view, colour))
    app.teardown_request(lambda exc: log.append("teardown"))
    await Connection(app, send_error=(1, OSError())).run()
    assert sorted(log) == ["close", "teardown"]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a05_another_error_of_send_reaches_the_server(app, paint, colour, log):
    app.add_url_rule("/", "view", paint(lambda: Chunks(log), colour))
    error = RuntimeError("the server is confused")
    with pytest.raises(RuntimeError) as raised:
        await Connection(app, send_error=(2, error)).run()
    assert raised.value is error
    assert log.count("close") == 1


async def failing_async(at, error):
    for number in range(10):
        if number == at:
            raise error
        yield b"x"


def failing_sync(at, error):
    for number in range(10):
        if number == at:
            raise error
        yield b"x"


@pytest.mark.parametrize("stream", [failing_sync, failing_async])
@pytest.mark.parametrize("error", [ZeroDivisionError, OSError, ConnectionResetError])
async def test_a05_an_error_of_the_generator_is_not_taken_for_a_disconnect(
    app, paint, colour, log, stream, error
):
    app.add_url_rule("/", "view", paint(lambda: stream(2, error("upstream")), colour))
    app.teardown_request(lambda exc: log.append(type(exc)))
    with pytest.raises(error, match="upstream"):
        await Connection(app).run()
    assert log == [error]


@pytest.mark.parametrize("stream", [failing_sync, failing_async])
@pytest.mark.parametrize("error", [ZeroDivisionError, OSError])
async def test_a05_an_error_before_the_first_chunk_is_a_500(app, paint, colour, stream, error):
    app.add_url_rule("/", "view", paint(lambda: stream(0, error()), colour))
    sent = await Connection(app).run()
    assert sent.status == 500
    assert b"Internal Server Error" in sent.data


@pytest.mark.parametrize("at", [0, 2])
async def test_a05_a_stream_that_raises_stop_iteration_ends(app, paint, colour, at):
    class Odd(Chunks):
        def __next__(self):
            if self.given == at:
                raise StopIteration
            return super().__next__()

    app.add_url_rule("/", "view", paint(lambda: Odd([]), colour))
    assert (await Connection(app).run()).text == "1;2;"[: at * 2]


async def test_a05_an_error_handler_may_answer_a_failed_stream_with_a_stream(app, paint, colour):
    app.register_error_handler(500, lambda e: (iter(["sor", "ry"]), 500))
    app.add_url_rule("/", "view", paint(lambda: failing_sync(0, KeyError()), colour))
    sent = await Connection(app).run()
    assert (sent.status, sent.text) == (500, "sorry")
