"""What a WSGI callable around the application may do and may not do, behind an ASGI server."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from dualapp import Response, request
from dualapp.sides.placement import workers_of

from .asgi_recorder import Connection, body_events


class Guard:
    """A WSGI middleware that lets nobody in without a key, and leaves its mark."""

    def __init__(self, app):
        self.app = app
        self.calls = 0

    def __call__(self, environ, start_response):
        self.calls += 1
        if environ.get("HTTP_KEY") != "k":
            start_response("401 UNAUTHORIZED", [("Content-Type", "text/plain")])
            return [b"who are you?"]

        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("X-Guard", "passed")], exc_info)

        environ["guard.user"] = "ann"
        return self.app(environ, start)


@pytest.fixture
def app(app):
    app.testing = False
    app.add_url_rule("/", "sync", lambda: f"sync for {request.environ.get('guard.user')}")

    async def view():
        await asyncio.sleep(0)
        return f"async for {request.environ.get('guard.user')}"

    app.add_url_rule("/async", "async", view)
    app.add_url_rule("/echo", "echo", lambda: request.get_data(), methods=["POST"])
    return app


# -- what WSGI applications do ---------------------------------------------------------------------


async def test_the_warning_names_the_wrapper_and_comes_once(app, caplog):
    app.wsgi_app = Guard(app.wsgi_app)
    for _ in range(3):
        await Connection(app).run()
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert "Guard" in record.getMessage()


async def test_a_body_passes_through(app):
    app.wsgi_app = Guard(app.wsgi_app)
    headers = [(b"key", b"k"), (b"content-length", b"6")]
    sent = await Connection(
        app, "/echo", "POST", headers=headers, events=body_events(b"abc", b"def")
    ).run()
    assert sent.text == "abcdef"


async def test_a_small_answer_costs_one_hop(app):
    app.wsgi_app = Guard(app.wsgi_app)
    await Connection(app, headers=[(b"key", b"k")]).run()
    assert workers_of(app).jobs_done == 1


def late_start(environ, start_response):
    start_response("200 OK", [])
    yield b"a"
    yield b""
    yield b"b"


def writing(environ, start_response):
    write = start_response("200 OK", [])
    write(b"a")
    return [b"b"]


def writing_while_iterated(environ, start_response):
    write = start_response("200 OK", [])
    write(b"a")

    def chunks():
        write(b"b")
        yield b"c"
        write(b"d")

    return chunks()


def answering_an_error(environ, start_response):
    start_response("200 OK", [])
    try:
        raise KeyError
    except KeyError:
        import sys

        start_response("500 OH NO", [], sys.exc_info())
    return [b"sorry"]


@pytest.mark.parametrize(
    ("wsgi", "status", "text"),
    [
        (late_start, 200, "ab"),
        (writing, 200, "ab"),
        (writing_while_iterated, 200, "abcd"),
        (answering_an_error, 500, "sorry"),
        (DispatcherMiddleware(late_start), 200, "ab"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_a_wsgi_application_may_do(app, wsgi, status, text, method):
    app.wsgi_app = wsgi
    sent = await Connection(app, method=method).run()
    assert (sent.status, sent.text) == (status, "" if method == "HEAD" else text)


def never_started(environ, start_response):
    return [b"x"]


def started_twice(environ, start_response):
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def failing(environ, start_response):
    raise ZeroDivisionError


def failing_late(environ, start_response):
    start_response("200 OK", [])
    yield b"x"
    import sys

    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        start_response("500 OH NO", [], sys.exc_info())


@pytest.mark.parametrize(
    ("wsgi", "error"),
    [
        (never_started, RuntimeError),
        (started_twice, RuntimeError),
        (failing, ZeroDivisionError),
        (failing_late, ZeroDivisionError),
    ],
)
async def test_what_it_may_not_do_reaches_the_server(app, wsgi, error):
    app.wsgi_app = wsgi
    with pytest.raises(error):
        await Connection(app).run()


class Body:
    def __init__(self, log, error_at=None):
        self.log, self.error_at, self.given = log, error_at, 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.given == self.error_at:
            raise OSError("upstream")
        self.given += 1
        time.sleep(0.005)
        return b"x"

    def close(self):
        self.log.append(("close", threading.current_thread().name[:14]))


@pytest.mark.parametrize("end", ["leave", "send error", "cancel", "error"])
async def test_the_body_is_closed_once_in_a_thread(app, log, end):
    def wsgi(environ, start_response):
        start_response("200 OK", [])
        return Body(log, error_at=3 if end == "error" else None)

    app.wsgi_app = wsgi
    connection = Connection(app, send_error=(3, OSError()) if end == "send error" else None)
    connection.start()
    if end == "error":
        with pytest.raises(OSError, match="upstream"):
            await connection.over_within(1)
    else:
        await connection.sent_bodies(2)
        if end == "leave":
            connection.leave()
        if end == "cancel":
            await connection.cancelled_within(1)
        else:
            await connection.over_within(0.5)
    assert log == [("close", "dualapp-worker")]


async def test_cancelling_reaches_an_async_view_behind_a_wrapper(app, log):
    started = asyncio.Event()

    async def view():
        started.set()
        await asyncio.Event().wait()

    app.wsgi_app = (lambda inner: lambda *args: inner(*args))(app.wsgi_app)
    app.add_url_rule("/wait", "wait", view)
    app.teardown_request(lambda exc: log.append("teardown"))
    connection = Connection(app, "/wait")
    connection.start()
    await started.wait()
    await connection.cancelled_within(1)
    assert log == ["teardown"]


async def test_cancelling_reaches_a_wrapper_that_waits_for_the_body(app):
    """Past the limit nothing is received in advance, so that it waits in its thread."""
    app.config["MAX_CONTENT_LENGTH"] = 1
    reads = threading.Event()

    def wsgi(environ, start_response):
        reads.set()
        return [environ["wsgi.input"].read()]

    app.wsgi_app = wsgi
    begin = {"type": "http.request", "body": b"xxx", "more_body": True}
    headers = [(b"content-length", b"9")]
    connection = Connection(app, "/echo", "POST", events=[begin], headers=headers)
    connection.start()
    async with asyncio.timeout(1):
        while not reads.is_set():
            await asyncio.sleep(0.001)
    try:
        await connection.cancelled_within(1)
    finally:
        connection.leave()


async def test_cancel_on_disconnect_reaches_an_async_view_behind_a_wrapper(app, log):
    app.config["CANCEL_ON_DISCONNECT"] = True
    started = asyncio.Event()

    async def view():
        started.set()
        await asyncio.Event().wait()

    app.wsgi_app = (lambda inner: lambda *args: inner(*args))(app.wsgi_app)
    app.add_url_rule("/wait", "wait", view)
    app.teardown_request(lambda exc: log.append("teardown"))
    connection = Connection(app, "/wait")
    connection.start()
    await started.wait()
    connection.leave()
    await connection.over_within(1)
    assert (log, connection.status) == (["teardown"], None)


async def test_an_endless_stream_behind_a_wrapper_stops(app, paint, log):
    async def chunks():
        try:
            while True:
                yield b"x"
                await asyncio.sleep(0.005)
        finally:
            log.append("closed")

    app.wsgi_app = (lambda inner: lambda *args: inner(*args))(app.wsgi_app)
    app.add_url_rule("/stream", "stream", paint(lambda: Response(chunks())))
    app.teardown_request(lambda exc: log.append("teardown"))
    connection = Connection(app, "/stream")
    connection.start()
    await connection.sent_bodies(2)
    connection.leave()
    await connection.over_within(0.5)
    assert log == ["closed", "teardown"]


async def test_lifespan_and_unknown_types_do_not_pass_through_a_wrapper(app):
    app.wsgi_app = failing
    with pytest.raises(ValueError, match="'x'"):
        await app({"type": "x"}, None, lambda event: None)
