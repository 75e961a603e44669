"""W13: async code on the WSGI side, in one event loop per request."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from asyncio import get_running_loop as running

import pytest

from dualapp import Response, g, render_template_string, signals
from dualapp.sessions import SessionInterface
from dualapp.sides.blocking import wait_for

from .wsgi_recorder import environ_of


@pytest.fixture
def app(app):
    app.testing = False
    return app


# one loop, made when needed


def test_w13_a_sync_request_makes_no_loop(app, serve, loops):
    app.before_request(lambda: None)
    app.after_request(lambda response: response)
    app.teardown_request(lambda error: None)
    app.add_url_rule("/", view_func=lambda: render_template_string("x"), endpoint="view")
    app.add_url_rule("/stream", view_func=lambda: iter("abc"), endpoint="stream")
    app.add_url_rule("/error", view_func=lambda: 1 / 0, endpoint="error")
    for path in ("/", "/stream", "/error", "/nowhere"):
        assert serve(path).error is None
    assert loops == []


class AsyncSessions(SessionInterface):
    def __init__(self, seen):
        self.seen = seen

    async def open_session(self, app, request):
        self.seen.append(("open_session", running()))

    async def save_session(self, app, session, response):
        self.seen.append(("save_session", running()))


def test_w13_all_async_callables_of_a_request_share_one_loop(app, serve, loops):
    seen = []

    def note(name, result=None):
        async def noting(*args, **kwargs):
            await asyncio.sleep(0)
            seen.append((name, running()))
            return args[0] if name == "after" else result

        return noting

    app.url_value_preprocessor(note("url value"))
    app.before_request(note("before"))
    app.context_processor(note("context processor", {}))
    app.after_request(note("after"))
    app.teardown_request(note("teardown"))
    app.teardown_appcontext(note("teardown of the application"))
    app.register_error_handler(KeyError, note("handler", "handled"))
    receiver = note("signal")
    signals.request_started.connect(receiver, app)

    @app.get("/")
    async def view():
        seen.append(("view", running()))
        assert await render_template_string("x") == "x"

        async def chunks():
            seen.append(("chunk", running()))
            yield "a"
            seen.append(("next chunk", running()))

        response = Response(chunks())
        response.call_on_close(lambda: wait_for(note("close")()))
        return response

    @app.get("/error")
    async def error():
        raise KeyError

    assert serve().data == b"a"
    assert serve("/error").data == b"handled"
    names = [name for name, _ in seen]
    assert [names.count(name) for name in ("view", "chunk", "next chunk", "handler")] == [1] * 4
    assert [names.count(name) for name in ("before", "after", "signal", "teardown")] == [2] * 4
    assert len(loops) == len({loop for _, loop in seen}) == 2
    assert all(loop.is_closed() for loop in loops)


def test_w13_an_async_session_interface_shares_the_loop(app, serve, loops):
    seen = []
    app.session_interface = AsyncSessions(seen)

    @app.get("/")
    async def view():
        seen.append(("view", running()))
        return "x"

    assert serve().data == b"x"
    assert {name for name, _ in seen} >= {"open_session", "view"}
    assert len({loop for _, loop in seen}) == len(loops) == 1


def test_w13_the_loop_of_a_body_in_memory_lives_until_its_close(app, serve_bare, loops):
    seen = []

    async def on_close():
        seen.append(running())

    @app.get("/")
    async def view():
        seen.append(running())
        response = Response("x")
        response.call_on_close(lambda: wait_for(on_close()))
        return response

    body = serve_bare.app(environ_of(), lambda *args: None)
    assert not loops[0].is_closed()
    body.close()
    assert all(loop.is_closed() for loop in loops)
    assert seen[0] is loops[0]


def test_w13_the_loop_is_closed_with_the_response(app, serve_bare, loops):
    @app.get("/text")
    async def text():
        return "x"

    @app.get("/stream")
    async def stream():
        yield "a"
        yield "b"

    serve_bare.app(environ_of("/text"), lambda *args: None)
    assert [loop.is_closed() for loop in loops] == [True]
    body = serve_bare.app(environ_of("/stream"), lambda *args: None)
    assert next(body) == b"a"
    assert [loop.is_closed() for loop in loops] == [True, False]
    body.close()
    assert [loop.is_closed() for loop in loops] == [True, True]
    list(serve_bare.app(environ_of("/stream"), lambda *args: None))
    assert [loop.is_closed() for loop in loops] == [True, True, True]


@pytest.mark.parametrize("where", ["before", "view", "after", "teardown", "chunk", "end", "start"])
def test_w13_the_loop_is_closed_after_an_error(app, serve, loops, where):
    async def fail_in(place):
        await asyncio.sleep(0.001)
        if where == place:
            raise ValueError(place)

    app.before_request(lambda: fail_in("before"))
    app.teardown_request(lambda error: fail_in("teardown"))

    @app.after_request
    async def after(response):
        await fail_in("after")
        return response

    @app.get("/")
    async def view():
        await fail_in("view")

        async def chunks():
            try:
                await fail_in("chunk")
                yield "a"
            finally:
                await fail_in("end")

        return Response(chunks(), headers={"X-A": "a\0"} if where == "start" else None)

    serve()
    assert [loop.is_closed() for loop in loops] == [True]


# what is left in it


def test_w13_leftover_tasks_are_cancelled_and_awaited(app, serve, log):
    async def background(seconds):
        try:
            await asyncio.sleep(seconds)
        finally:
            await asyncio.sleep(0.001)
            log.append("cleaned up")

    @app.get("/")
    async def view():
        g.tasks = [asyncio.create_task(background(seconds)) for seconds in (8, 9)]
        return "x"

    assert serve().data == b"x"
    assert log == ["cleaned up"] * 2


def test_w13_a_leftover_task_sees_its_request_to_the_end(app, serve, log):
    async def background():
        try:
            await asyncio.sleep(9)
        finally:
            log.append(g.name)

    @app.get("/")
    async def view():
        g.name = "ann"
        g.task = asyncio.create_task(background())
        await asyncio.sleep(0)
        return "x"

    serve()
    assert log == ["ann"]


def test_w13_a_leftover_task_that_fails_is_reported(app, serve, caplog):
    async def background():
        try:
            await asyncio.sleep(9)
        finally:
            raise ValueError("in the end")

    @app.get("/")
    async def view():
        g.task = asyncio.create_task(background())
        await asyncio.sleep(0)
        return "x"

    assert serve().data == b"x"
    assert [str(record.exc_info[1]) for record in caplog.records] == ["in the end"]


@pytest.mark.parametrize("when", ["at once", "in a sync hook", "never"])
def test_w13_async_generators_are_closed(app, serve, log, when):
    async def numbers():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            log.append("closed")

    @app.get("/")
    async def view():
        if when == "at once":
            async for number in numbers():
                return str(number)
        g.numbers = numbers()
        return str(await anext(g.numbers))

    @app.teardown_request
    def drop(error):
        if when == "in a sync hook":
            del g.numbers

    assert serve().data == b"1"
    assert log == ["closed"]


def test_w13_threads_of_the_loop_are_joined(app, serve, log):
    def blocking():
        threading.Event().wait(0.05)
        log.append("done")

    @app.get("/")
    async def view():
        running().run_in_executor(None, blocking)
        return "x"

    assert serve().data == b"x"
    assert log == ["done"]


def test_w13_a_cancelled_coroutine_is_an_error_like_others(app, serve, log, caplog):
    @app.get("/raised")
    async def raised():
        raise asyncio.CancelledError

    @app.get("/closed")
    async def closed():
        raise GeneratorExit

    @app.get("/awaited")
    async def awaited():
        task = asyncio.create_task(asyncio.sleep(9))
        task.cancel()
        await task

    @app.get("/stream")
    async def stream():
        raise asyncio.CancelledError
        yield

    app.teardown_request(lambda error: log.append(type(error).__name__))
    for path in ("/raised", "/closed", "/awaited", "/stream"):
        sent = serve(path)
        assert (sent.error, sent.code) == (None, 500)
    assert log == ["RuntimeError"] * 4
    assert "awaited a task that was cancelled" in caplog.text


def test_w13_a_coroutine_of_another_library_is_an_error(app, serve, caplog):
    class Foreign:
        def __await__(self):
            yield "what asyncio does not know"

    app.add_url_rule("/", view_func=Foreign, endpoint="view")
    sent = serve()
    assert (sent.error, sent.code) == (None, 500)
    assert "what asyncio does not know" in caplog.text


def test_w13_nothing_is_left_open_by_many_requests(app, serve_bare, loops):
    @app.before_request
    async def before():
        await asyncio.sleep(0)

    @app.get("/")
    async def view():
        await asyncio.sleep(0.00001)
        g.task = asyncio.create_task(asyncio.sleep(9))
        return "x"

    @app.get("/stream")
    async def stream():
        yield "a"
        await asyncio.sleep(0.00001)
        yield "b"

    def ask(times):
        for _ in range(times):
            assert serve_bare("/").data == b"x"
            assert serve_bare("/stream", stop_at=1).data == b"a"

    ask(1)
    gc.collect()  # what other tests have left
    files = os.listdir("/proc/self/fd")
    ask(400)
    assert len(os.listdir("/proc/self/fd")) == len(files)
    assert len(loops) == 802
    assert all(loop.is_closed() for loop in loops)
