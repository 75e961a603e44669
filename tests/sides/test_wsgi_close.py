"""W6: the end of every request, once, whatever happens."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
import weakref

import pytest
from werkzeug.wsgi import FileWrapper

from dualapp import Response, g, send_file, stream_with_context

from .bodies import BODIES, AsyncBody, FailingError, SyncBody
from .wsgi_recorder import environ_of

pytestmark = pytest.mark.usefixtures("notes_its_end")


def test_w06_close_once_in_the_normal_case(stream, serve, log):
    stream()
    sent = serve()
    assert (sent.error, sent.data) == (None, b"abc")
    assert log == ["closed", "on close", "teardown", "app teardown"]


@pytest.mark.parametrize("stop_at", [0, 1, 2])
def test_w06_close_once_when_the_server_stops(stream, serve, log, stop_at):
    stream()
    sent = serve(stop_at=stop_at)
    assert (sent.error, len(sent.chunks)) == (None, stop_at)
    ended = log if log[0] == "closed" else ["closed", *log]  # a generator that never began
    assert ended == ["closed", "on close", "teardown", "app teardown"]


def test_w06_a_second_close_and_a_late_next_are_harmless(stream, serve_bare, log):
    stream()
    body = serve_bare(stop_at=1).body
    body.close()
    assert list(body) == []
    assert log == ["closed", "on close", "teardown", "app teardown"]


def test_w06_close_once_for_head(stream, serve, log):
    stream()
    assert serve("/", "HEAD").error is None
    assert log[-1] == "on close" or log[-1] == "closed"
    assert log.count("on close") == log.count("teardown") == log.count("app teardown") == 1
    assert log.count("closed") <= 1


@pytest.mark.parametrize(("fails_at", "stop_at"), [(None, None), (None, 1), (0, None), (1, None)])
def test_w06_close_once_when_it_raises(stream, serve, log, fails_at, stop_at):
    stream(fails_at=fails_at, close_fails=True)
    sent = serve(stop_at=stop_at)
    if fails_at == 0:
        assert (sent.error, sent.code) == (None, 500)
    else:
        assert isinstance(sent.error, FailingError)
    assert (
        log.count("closed") == log.count("teardown FailingError") == log.count("app teardown") == 1
    )
    assert log[-2:] == ["teardown FailingError", "app teardown"]


@pytest.mark.parametrize("kind", ["list", "file"])
@pytest.mark.parametrize("colour", ["sync", "async"])
def test_w06_close_functions_of_a_body_in_memory(app, serve, log, paint, kind, colour):
    def view():
        response = Response("x") if kind == "list" else send_file(__file__)
        response.call_on_close(lambda: log.append("on close"))
        return response

    app.add_url_rule("/", view_func=paint(view, colour), endpoint="view")
    sent = serve("/", **{"wsgi.file_wrapper": FileWrapper})
    assert (sent.error, sent.code) == (None, 200)
    assert log == ["teardown", "app teardown", "on close"]


def test_w06_close_functions_of_a_body_in_memory_that_raise(app, serve, log):
    def fail():
        log.append("on close")
        raise FailingError

    def view():
        response = Response("x")
        response.call_on_close(fail)
        return response

    app.add_url_rule("/", view_func=view, endpoint="view")
    sent = serve()
    assert isinstance(sent.error, FailingError)
    assert log == ["teardown", "app teardown", "on close"]


@pytest.mark.parametrize("stop_at", [None, 0, 1])
def test_w06_a_sent_file_is_closed(app, serve, stop_at):
    files = []

    def view():
        file = open(__file__, "rb")  # noqa: SIM115 - the response closes it
        files.append(file)
        return send_file(file, mimetype="text/plain")

    app.add_url_rule("/", view_func=view, endpoint="view")
    assert serve(stop_at=stop_at).error is None
    assert [file.closed for file in files] == [True]


@pytest.mark.parametrize("body", BODIES)
def test_w06_a_server_that_refuses_the_start_ends_the_request(app, log, body):
    def start_response(status, headers, exc_info=None):
        raise FailingError("no such status")

    app.add_url_rule("/", view_func=lambda: body(log), endpoint="view")
    with pytest.raises(FailingError):
        app(environ_of(), start_response)
    assert [entry for entry in log if entry != "closed"] == [
        "teardown FailingError",
        "app teardown",
    ]
    assert log.count("closed") == 1


@pytest.mark.parametrize("body", [SyncBody, AsyncBody])
def test_w06_a_response_that_cannot_be_sent_is_closed(app, serve, log, body):
    app.add_url_rule(
        "/", view_func=lambda: Response(body(log), headers=[("X-A", "a\0b")]), endpoint="view"
    )
    assert serve().code == 500
    assert log.count("closed") == (1 if body is SyncBody else 0)  # nothing of it was begun
    assert log[-2:] == ["teardown ValueError", "app teardown"]


@pytest.mark.parametrize("testing", [False, True])
def test_w06_a_teardown_that_raises_leaves_nothing_open(app, serve, log, testing):
    app.testing = testing

    @app.teardown_request
    def fail(error):
        log.append("failed")
        raise FailingError

    def view():
        response = Response("x")
        response.call_on_close(lambda: log.append("on close"))
        return response

    app.add_url_rule("/", view_func=view, endpoint="view")
    sent = serve()
    assert isinstance(sent.error, FailingError) is testing
    assert testing or sent.data == b"x"
    assert log == ["failed", "teardown", "app teardown", "on close"]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("fails_at", [0, 1])
def test_w06_what_is_no_exception_ends_the_request_and_goes_on(
    stream, serve, log, caplog, error, fails_at
):
    stream(fails_at=fails_at, error=error)
    sent = serve()
    assert isinstance(sent.error, error)
    assert log == ["closed", "on close", f"teardown {error.__name__}", "app teardown"]
    assert not caplog.records


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_w06_what_is_no_exception_in_a_view(app, serve, log, caplog, paint, colour, error):
    def view():
        raise error

    app.add_url_rule("/", view_func=paint(view, colour), endpoint="view")
    assert isinstance(serve().error, error)
    assert log == [f"teardown {error.__name__}", "app teardown"]
    gc.collect()  # what asyncio thinks nobody has seen, it logs when it is freed
    assert not caplog.records


@pytest.fixture
def interrupt():
    """Have a signal handler raise a while from now, as gunicorn does when a worker is too slow."""

    def handler(number, frame):
        raise SystemExit("too slow")

    before = signal.signal(signal.SIGALRM, handler)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("begun", [False, True])
def test_w06_a_signal_handler_that_raises_in_an_async_stream(
    app, serve_bare, log, interrupt, caplog, begun
):
    async def chunks():
        try:
            if begun:
                yield "a"
            interrupt()
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0)
            log.append("closed")
        yield "never"

    app.add_url_rule("/", view_func=lambda: chunks(), endpoint="view")
    assert isinstance(serve_bare().error, SystemExit)
    assert log == ["closed", "teardown SystemExit", "app teardown"]
    assert not caplog.records


@pytest.mark.parametrize(("loop", "seconds"), [("request", 0.01), ("worker", 0)])
def test_w06_a_signal_handler_that_raises_in_an_async_view(
    app, serve_bare, log, interrupt, caplog, loop, seconds
):
    app.config["WSGI_EVENT_LOOP"] = loop

    @app.get("/")
    async def view():
        interrupt()
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(seconds)
            log.append("closed")

    assert isinstance(serve_bare().error, SystemExit)
    assert sorted(log) == ["app teardown", "closed", "teardown SystemExit"]
    gc.collect()
    assert not caplog.records


def test_w06_a_request_that_raises_leaves_no_cycle(app, serve_bare, monkeypatch):
    """An error holds its frames; were they to hold it, only the collector would free either."""
    left = []

    def failing():
        error = FailingError()
        left.append(weakref.ref(error))
        return error

    @app.get("/")
    def view():
        raise failing()

    @app.get("/stream")
    def stream():
        def chunks():
            yield ""
            raise failing()

        return chunks()

    monkeypatch.setattr(app.logger, "disabled", True)  # a log record holds the error too
    gc.collect()
    gc.disable()
    try:
        for path in ("/", "/stream"):
            serve_bare(path)
        assert [error() for error in left] == [None, None]
    finally:
        gc.enable()


def test_w06_stream_with_context_ends_once(app, serve, log):
    @app.get("/")
    def view():
        @stream_with_context
        def chunks():
            yield g.setdefault("chunk", "a")
            raise FailingError

        return chunks()

    assert isinstance(serve().error, FailingError)
    assert log == ["teardown FailingError", "app teardown"]
    log.clear()
    assert serve(stop_at=1).error is None
    assert log == ["teardown", "app teardown"]


def test_w06_a_stream_may_be_closed_by_another_thread(stream, serve_bare, log):
    stream()
    body = serve_bare.app(environ_of(), lambda *args: None)
    assert next(body) == b"a"
    thread = threading.Thread(target=body.close)
    thread.start()
    thread.join()
    assert log == ["closed", "on close", "teardown", "app teardown"]
