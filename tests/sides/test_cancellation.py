"""A8: the server cancels a request, in whatever phase it is; everything is given back, once."""

from __future__ import annotations

import asyncio
import threading
import time

import anyio
import pytest

from dualapp import Response, after_this_request, request
from dualapp.sessions import SecureCookieSessionInterface

from .asgi_parts import Gate, endless_sync, free_threads, waiting_async
from .asgi_recorder import Connection


@pytest.fixture(params=["sync", "async"])
def colour(request):
    return request.param


@pytest.fixture
def app(app, log):
    app.testing = False

    @app.teardown_request
    async def teardown(exc):
        await asyncio.sleep(0.01)
        log.append("teardown")

    return app


PHASES = [
    "url_value_preprocessor",
    "before_request",
    "open_session",
    "view",
    "errorhandler",
    "after_this_request",
    "after_request",
    "save_session",
    "stream",
    "teardown_request",
    "teardown_appcontext",
]


class Stage:
    """An application all of whose parts are async and tell when they run; one never ends."""

    def __init__(self, app, phase, log):
        self.phase, self.log = phase, log
        self.reached = asyncio.Event()
        app.url_value_preprocessor(self.part("url_value_preprocessor"))
        app.before_request(self.part("before_request"))
        app.after_request(self.part("after_request", lambda response: response))
        app.teardown_appcontext(self.part("teardown_appcontext"))
        app.teardown_request(self.part("teardown_request"))
        app.register_error_handler(KeyError, self.part("errorhandler", lambda error: "handled"))
        app.session_interface = self.session_interface()

    def part(self, name, result=lambda *args: None):
        async def run(*args):
            self.log.append(name)
            if name == self.phase:
                self.reached.set()
                await asyncio.Event().wait()
            await asyncio.sleep(0)
            return result(*args)

        return run

    async def async_view(self):
        await self.part("view")()
        return self.answer()

    def sync_view(self):
        return self.part("view", lambda: self.answer())()

    def answer(self):
        after_this_request(self.part("after_this_request", lambda response: response))
        if self.phase == "errorhandler":
            raise KeyError
        return Response(self.chunks())

    async def chunks(self):
        yield b"x"
        await self.part("stream")()

    def session_interface(self):
        stage = self

        class Interface(SecureCookieSessionInterface):
            async def open_session(self, app, request):
                await stage.part("open_session")()
                return super().open_session(app, request)

            async def save_session(self, app, session, response):
                await stage.part("save_session")()

        return Interface()


@pytest.mark.parametrize("phase", PHASES)
async def test_a08_a_cancellation_from_outside_propagates(app, colour, log, phase):
    stage = Stage(app, phase, log)
    app.add_url_rule("/", "view", getattr(stage, f"{colour}_view"))
    connection = Connection(app)
    connection.start()
    async with asyncio.timeout(1):
        await stage.reached.wait()
    await connection.cancelled_within(1)
    for name in ("teardown", "teardown_request", "teardown_appcontext", phase):
        assert log.count(name) == 1, log
    await free_threads(app)


async def test_a08_while_the_body_is_received(app, log):
    app.post("/")(lambda: "never")
    events = [{"type": "http.request", "body": b"x", "more_body": True}]
    connection = Connection(app, "/", "POST", events=events)
    connection.start()
    await asyncio.sleep(0.02)
    await connection.cancelled_within(1)
    assert log == ["teardown"]


async def test_a08_while_a_thread_waits_for_the_body(app, log):
    app.post("/", stream=True)(lambda: request.get_data())
    events = [{"type": "http.request", "body": b"x", "more_body": True}]
    connection = Connection(app, "/", "POST", events=events)
    connection.start()
    await asyncio.sleep(0.02)
    await connection.cancelled_within(1)
    assert log == ["teardown"]
    await free_threads(app)


@pytest.mark.parametrize("milliseconds", range(8))
async def test_a08_before_a_thread_asks_for_the_body(app, log, milliseconds):
    """A read that begins when the request was cancelled already must not wait for the client."""
    app.post("/", stream=True)(lambda: time.sleep(0.004) or request.get_data())
    events = [{"type": "http.request", "body": b"x", "more_body": True}]
    connection = Connection(app, "/", "POST", events=events)
    connection.start()
    await asyncio.sleep(milliseconds / 1000)
    await connection.cancelled_within(1)
    await free_threads(app)


async def test_a08_while_a_thread_is_waited_for(app, log):
    app.config["SYNC_THREADS"] = 1
    release = threading.Event()
    app.add_url_rule("/block", "block", lambda: str(release.wait(5)))
    app.add_url_rule("/", "view", lambda: log.append("view") or "x")
    first, second = Connection(app, "/block"), Connection(app)
    first.start()
    second.start()
    await asyncio.sleep(0.02)
    cancelling = asyncio.ensure_future(second.cancelled_within(1))
    await asyncio.sleep(0.02)
    release.set()
    await cancelling
    await first.over_within(1)
    assert log.count("view") == 0
    assert log.count("teardown") == 2


@pytest.mark.parametrize("event", ["http.response.start", "http.response.body"])
@pytest.mark.parametrize("kind", ["whole", "stream"])
async def test_a08_while_the_server_takes_nothing(app, paint, colour, log, event, kind):
    def view():
        response = Response("x" if kind == "whole" else endless_sync([]))
        response.call_on_close(lambda: log.append("close"))
        return response

    app.add_url_rule("/", "view", paint(view, colour))
    connection = Connection(app)
    send, stuck = connection._send, asyncio.Event()

    async def stall(sent):
        if sent["type"] == event:
            stuck.set()
            await asyncio.Event().wait()
        await send(sent)

    connection._send = stall
    connection.start()
    await stuck.wait()
    await connection.cancelled_within(1)
    assert sorted(log) == ["close", "teardown"]


async def test_a08_a_thread_that_made_a_stream_nobody_will_get_closes_it(app, log):
    def view():
        time.sleep(0.1)
        response = Response(endless_sync([]))
        response.call_on_close(lambda: log.append("close"))
        return response

    app.add_url_rule("/", "view", view)
    connection = Connection(app)
    connection.start()
    await asyncio.sleep(0.02)
    await connection.cancelled_within(1)
    assert sorted(log) == ["close", "teardown"]


@pytest.mark.parametrize("where", ["view", "hook"])
async def test_a08_what_cancels_itself_is_an_error_and_no_cancellation(
    app, paint, colour, log, where, caplog
):
    """A server would take it for its own, and not answer."""
    app.config["CANCEL_ON_DISCONNECT"] = True

    async def fail():
        task = asyncio.create_task(asyncio.sleep(5))
        task.cancel()
        await task

    if where == "hook":
        app.before_request(fail)
        app.add_url_rule("/", "view", paint(lambda: "x", colour))
    else:
        app.add_url_rule("/", "view", fail if colour == "async" else lambda: fail())
    sent = await Connection(app).run()
    assert sent.status == 500
    assert "was cancelled, and not from outside" in caplog.text
    assert log == ["teardown"]


@pytest.mark.parametrize("first", ["leave", "cancel"])
async def test_a08_leaving_and_cancelling_at_once_is_a_cancellation(app, log, first):
    app.add_url_rule("/", "view", lambda: waiting_async(log))
    connection = Connection(app)
    task = connection.start()
    await connection.sent_bodies(1)
    for step in ("leave", "cancel") if first == "leave" else ("cancel", "leave"):
        connection.leave() if step == "leave" else task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connection.over_within(1)
    assert log == ["closed", "teardown"]


async def test_a08_a_second_cancellation_does_not_keep_the_teardown_from_running(app, log):
    """It waits for a thread when the second one comes, as at a forced shutdown."""
    app.config["SYNC_THREADS"] = 1
    gate = Gate()
    app.add_url_rule("/block", "block", gate)
    app.add_url_rule("/", "view", endless_async_view)
    app.teardown_request(lambda exc: log.append("sync teardown"))
    blocked, connection = Connection(app, "/block"), Connection(app)
    task = connection.start()
    await asyncio.sleep(0.02)
    blocked.start()
    await gate.holds(1)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.01)
    assert not task.done()
    gate.open()
    await connection.cancelled_within(1)
    await blocked.over_within(1)
    assert sorted(log) == ["sync teardown", "sync teardown", "teardown", "teardown"]


async def endless_async_view():
    await asyncio.Event().wait()


@pytest.mark.parametrize("wrapped", [False, True])
async def test_a08_a_cancel_scope_of_anyio_around_the_application(app, colour, log, wrapped):
    """It cancels every await again and again; the teardown is to be spared."""
    if wrapped:
        app.wsgi_app = (lambda inner: lambda *args: inner(*args))(app.wsgi_app)

    async def view():
        async with asyncio.timeout(5):
            await asyncio.Event().wait()

    app.add_url_rule("/", "view", view if colour == "async" else lambda: view())
    inner = app.asgi_app

    async def middleware(scope, receive, send):
        with anyio.move_on_after(0.3):
            await inner(scope, receive, send)
        log.append("moved on")
        await send({"type": "http.response.start", "status": 504, "headers": []})
        await send({"type": "http.response.body"})

    app.asgi_app = middleware
    assert (await Connection(app).run()).status == 504
    assert log == ["teardown", "moved on"]
    assert asyncio.current_task().cancelling() == 0
