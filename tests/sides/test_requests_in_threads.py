"""Requests that share the worker threads of the ASGI side, and their ways back to the loop."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading

import anyio.from_thread
import pytest
from asgiref.sync import async_to_sync, sync_to_async

import dualapp
from dualapp import current_app, g, request
from dualapp.sides.placement import workers_of

from .asgi_parts import Gate
from .asgi_recorder import Connection


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def loop_thread():
    return threading.get_ident()


# -- requests --------------------------------------------------------------------------------------


async def test_as_many_sync_views_run_at_once_as_there_may_be_threads(app, gate):
    app.config["SYNC_THREADS"] = 3
    app.add_url_rule("/", "view", gate)
    connections = [Connection(app) for _ in range(8)]
    for connection in connections:
        connection.start()
    await gate.holds(3)
    await asyncio.sleep(0.02)
    assert gate.held == 3
    assert workers_of(app).queued == 5
    gate.open()
    for connection in connections:
        await connection.over_within(2)
        assert connection.text == "through"
    assert workers_of(app).jobs_done == 8


@pytest.mark.parametrize("kind", ["view", "hook", "wrapper"])
async def test_one_request_too_many_is_told_to_come_again(app, gate, kind):
    app.config.update(SYNC_THREADS=1, SYNC_QUEUE=1)
    teardowns = []
    app.teardown_request(lambda exc: teardowns.append(exc))

    async def async_view():
        return "async"

    if kind == "hook":
        app.before_request(gate)
    elif kind == "wrapper":
        app.wsgi_app = (lambda inner: lambda *args: gate() and inner(*args))(app.wsgi_app)
    app.add_url_rule("/", "view", gate if kind == "view" else async_view)
    taken = [Connection(app) for _ in range(2)]
    for connection in taken:
        connection.start()
    await gate.holds(1)
    refused = await Connection(app).run()
    assert refused.status == 503
    assert refused.header(b"retry-after") == b"1"
    assert b"SYNC_QUEUE" in refused.data
    assert not teardowns  # it never began
    gate.open()
    for connection in taken:
        await connection.over_within(2)
        assert connection.status == 200
    assert len(teardowns) == 2


async def test_a_full_queue_does_not_touch_what_needs_no_thread(app, gate):
    app.config.update(SYNC_THREADS=1, SYNC_QUEUE=0)

    async def async_view():
        return "async"

    app.add_url_rule("/", "view", gate)
    app.add_url_rule("/async", "async_view", async_view)
    blocked = Connection(app)
    blocked.start()
    await gate.holds(1)
    assert (await Connection(app, "/async").run()).text == "async"
    gate.open()
    await blocked.over_within(1)


@pytest.mark.parametrize("inner", ["sync", "async with a sync hook"])
async def test_requests_inside_requests_never_wait_for_each_other(app, inner):
    """L9: each outer request holds a thread and waits for one more."""
    app.config.update(SYNC_THREADS=2, SYNC_QUEUE=2)
    outer_is_in = threading.Barrier(2)

    def call_itself():
        outer_is_in.wait(5)
        return async_to_sync(ask_inside)()

    async def ask_inside():
        return (await Connection(app, "/inner").run()).text

    if inner == "sync":
        app.add_url_rule("/inner", "inner", lambda: "inner")
    else:
        app.before_request(lambda: None)

        async def inner_view():
            return "inner"

        app.add_url_rule("/inner", "inner", inner_view)
    app.add_url_rule("/", "outer", call_itself)
    connections = [Connection(app) for _ in range(2)]
    for connection in connections:
        connection.start()
    for connection in connections:
        await connection.over_within(2)
        assert connection.text == "inner"
    assert workers_of(app).threads <= 2


# -- other libraries' ways back to the loop --------------------------------------------------------


async def where_am_i():
    await asyncio.sleep(0)
    return threading.get_ident(), request.path, current_app.name, g.mark


def by_asgiref():
    return async_to_sync(where_am_i)()


def by_anyio():
    return anyio.from_thread.run(where_am_i)


def by_anyio_sync():
    return anyio.from_thread.run_sync(lambda: (threading.get_ident(), request.path, "", ""))


def by_ensure_sync():
    return current_app.ensure_sync(where_am_i)()


@pytest.mark.parametrize("way", [by_asgiref, by_anyio, by_anyio_sync, by_ensure_sync])
async def test_a_sync_view_reaches_the_servers_loop(app, way, loop_thread):
    seen = []

    @app.get("/there")
    def view():
        g.mark = "m"
        seen.append((threading.get_ident(), *way()))
        return "x"

    assert (await Connection(app, "/there").run()).text == "x"
    [(thread, loops, path, *_)] = seen
    assert thread != loop_thread == loops
    assert path == "/there"


async def test_thread_sensitive_code_below_async_to_sync_comes_back_to_the_views_thread(app):
    async def there_and_back():
        return await sync_to_async(threading.get_ident)()

    app.add_url_rule(
        "/", "view", lambda: str(async_to_sync(there_and_back)() == threading.get_ident())
    )
    assert (await Connection(app).run()).text == "True"


async def test_a_context_variable_goes_there_and_back(app):
    variable = contextvars.ContextVar("variable")

    async def change():
        variable.set(variable.get() + 1)

    def view():
        variable.set(1)
        async_to_sync(change)()
        app.ensure_sync(change)()
        return str(variable.get())

    app.add_url_rule("/", "view", view)
    assert (await Connection(app).run()).text == "3"
    assert variable.get(None) is None


@pytest.mark.parametrize("side", ["sync", "async"])
async def test_requests_leave_no_cycles(app, side, paint, monkeypatch):
    """What must wait for the garbage collector piles up under load."""
    app.testing = False

    def view():
        raise ZeroDivisionError

    app.add_url_rule("/", "view", paint(lambda: "x", side))
    app.add_url_rule("/fail", "fail", paint(view, side))
    monkeypatch.setattr(app.logger, "disabled", True)
    for path in ("/", "/fail"):
        await Connection(app, path).run()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(100):
            for path in ("/", "/fail"):
                await Connection(app, path).run()
        await asyncio.sleep(0)
        assert len(gc.get_objects()) - before < 300
    finally:
        gc.enable()


def test_every_application_has_its_own_pool(app):
    other = dualapp.DualApp("other")
    assert workers_of(app) is workers_of(app)
    assert workers_of(app) is not workers_of(other)
