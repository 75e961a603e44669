"""L18: an error in each phase, on each side, in each colour; the request still ends well.

In every cell: each teardown function runs exactly once, also after one that raised; the response is
started at most once; and the next request knows nothing of it.
"""

from __future__ import annotations

import asyncio
import gc
import time

import pytest
from werkzeug.exceptions import NotFound

from dualapp import Response, g, request, session
from dualapp.sessions import SecureCookieSessionInterface
from dualapp.testing import FlaskClient

COLOURS = ["sync", "async"]
PHASES = [
    "open_session",
    "url_value_preprocessor",
    "before_request",
    "view",
    "errorhandler",
    "after_request",
    "save_session",
    "call_on_close",
    "chunk 0",
    "chunk 2",
    "closing",
    "teardown_request",
    "teardown_appcontext",
]
COROUTINE_ENDS = [asyncio.CancelledError, GeneratorExit]
ERRORS = [ValueError, NotFound, SystemExit, *COROUTINE_ENDS]

TEARDOWN = [
    "teardown_request 3",
    "teardown_request 2",
    "teardown_request 1",
    "teardown_appcontext 3",
    "teardown_appcontext 2",
    "teardown_appcontext 1",
]


def outcomes(phase, error):
    """Give what the client may see: a status, or the error where the server gets to know of it."""
    if phase == "closing" and error in COROUTINE_ENDS:
        return {200, error}  # the usual ends of a stream that nobody wants any more
    if issubclass(error, Exception):
        return {answer_to(phase, error)}
    # To a coroutine these mean something else: a side may pass them on, or say what happened.
    instead = answer_to(phase, RuntimeError) if error in COROUTINE_ENDS else error
    return {error, instead}


def answer_to(phase, error):
    if phase in ("call_on_close", "chunk 2", "closing"):
        return error
    if phase.startswith("teardown"):
        return 200  # the answer is on its way, and stays as it is
    if error is NotFound and phase in ("url_value_preprocessor", "before_request", "view"):
        return 404
    return 500


class CountingClient(FlaskClient):
    """Counts how often the application starts a response, apart from replacing one not yet sent."""

    starts = 0

    def call_application(self, environ, buffered):
        app = self.application
        if self.side == "wsgi":
            app.wsgi_app = self._counting_wsgi(type(app).wsgi_app.__get__(app))
        else:
            app.asgi_app = self._counting_asgi(type(app).asgi_app.__get__(app))
        return super().call_application(environ, buffered)

    def _counting_wsgi(self, inner):
        def count(environ, start_response):
            def start(status, headers, exc_info=None):
                self.starts += exc_info is None
                return start_response(status, headers, exc_info)

            return inner(environ, start)

        return count

    def _counting_asgi(self, inner):
        async def count(scope, receive, send):
            async def count_and_send(event):
                self.starts += event["type"] == "http.response.start"
                await send(event)

            await inner(scope, receive, count_and_send)

        return count


class Sessions(SecureCookieSessionInterface):
    """Opened when the request begins, as every interface but the default one."""


class Failing:
    """An application that raises an error in one phase, while ``armed``."""

    def __init__(self, app, paint, phase, error, colour, view_colour):
        self.app = app
        self.phase, self.error = phase, error
        self.colour = colour
        self.armed = True
        self.log = []

        def hook(name, function):
            return paint(function, colour if name == phase else view_colour)

        def raising(name, result=None):
            return hook(name, lambda *args: self.fail(name) or (result and result(*args)))

        cookie = SecureCookieSessionInterface()
        app.session_interface = Sessions()
        app.session_interface.open_session = raising("open_session", cookie.open_session)
        app.session_interface.save_session = raising("save_session", cookie.save_session)
        app.url_value_preprocessor(raising("url_value_preprocessor"))
        app.before_request(raising("before_request"))
        app.after_request(raising("after_request", lambda response: response))
        app.errorhandler(LookupError)(raising("errorhandler", lambda error: "handled"))
        for kind in ("teardown_request", "teardown_appcontext"):
            for number in (1, 2, 3):
                getattr(app, kind)(hook(kind, self._teardown(kind, number)))
        app.add_url_rule("/", "view", paint(self._view, view_colour))

    def fail(self, phase):
        if self.armed and phase == self.phase:
            raise self.error("raised by the test")

    def _teardown(self, kind, number):
        def tear_down(error):
            self.log.append(f"{kind} {number}")
            assert request.path == "/"
            if number == 2:
                self.fail(kind)

        return tear_down

    def _view(self):
        assert "seen" not in g
        g.seen = session["seen"] = True
        self.fail("view")
        if self.armed and self.phase == "errorhandler":
            raise LookupError
        if self.phase.startswith(("chunk", "closing")):
            return self._stream() if self.colour == "sync" else self._async_stream()
        response = Response("whole")
        response.call_on_close(lambda: self.fail("call_on_close"))
        return response

    def _stream(self):
        try:
            for number in self._numbers():
                time.sleep(0.001)
                self.fail(f"chunk {number}")
                yield f"{number} "
        finally:
            self.log.append("stream closed")
            self.fail("closing")

    async def _async_stream(self):
        try:
            for number in self._numbers():
                await asyncio.sleep(0.001)
                self.fail(f"chunk {number}")
                yield f"{number} "
        finally:
            self.log.append("stream closed")
            self.fail("closing")

    def _numbers(self):
        # Without an end, where the client is to leave before it.
        return range(10_000 if self.armed and self.phase == "closing" else 3)


def talk(client, leave_early):
    """Make a request and read its answer; give the status or the class of what was raised."""
    try:
        response = client.get("/")
        if leave_early:
            next(response.iter_encoded())
        else:
            response.get_data()
        response.close()
    except BaseException as error:
        return type(error)
    return response.status_code


@pytest.mark.parametrize("view_colour", COLOURS)
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("phase", PHASES)
def test_the_request_ends_once(app, side, paint, caplog, phase, error, colour, view_colour):
    app.testing = False
    failing = Failing(app, paint, phase, error, colour, view_colour)
    client = CountingClient(app, app.response_class, side=side)

    assert talk(client, leave_early=phase == "closing") in outcomes(phase, error)
    streams = phase.startswith(("chunk", "closing"))
    assert failing.log == (["stream closed"] if streams else []) + TEARDOWN
    assert client.starts <= 1
    # The answer to an error goes through these two as well, and fails again.
    assert len(caplog.records) <= (2 if phase in ("after_request", "save_session") else 1)

    failing.armed, failing.log, client.starts = False, [], 0
    response = client.get("/")
    assert (response.status_code, response.text) == (200, "0 1 2 " if streams else "whole")
    response.close()
    assert failing.log == (["stream closed"] if streams else []) + TEARDOWN
    assert client.starts == 1


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("phase", ["chunk 0", "chunk 2", "closing"])
def test_asyncio_has_nothing_left_to_tell(app, side, paint, caplog, phase, colour):
    """It logs errors of tasks that nobody asked for, at some later time."""
    failing = Failing(app, paint, phase, SystemExit, colour, colour)
    client = CountingClient(app, app.response_class, side=side)
    assert talk(client, leave_early=phase == "closing") is SystemExit
    del failing, client
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []
