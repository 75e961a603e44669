"""A13, A14: start-up and shutdown hooks, once in each serving process, on either side."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from .asgi_recorder import Connection
from .lifespan_server import (
    STARTED,
    STOPPED,
    LifespanServer,
    generator,
    hook,
    register,
    share_state,
)


@pytest.fixture
async def serve(app):
    """Start a lifespan server; it is ended, if need be, with the test."""
    servers = []

    def start(**scope):
        servers.append(LifespanServer(app, **scope))
        return servers[-1]

    yield start
    for server in servers:
        server._task.cancel()
        await asyncio.wait([server._task])


@pytest.fixture(params=["sync", "async"])
def colour(request):
    return request.param


# -- the server tells ------------------------------------------------------------------------------


async def test_a13_hooks_run_in_order_before_complete_and_in_reverse_at_the_end(
    app, log, serve, colour
):
    register(app, log, colour)
    server = serve()
    assert await server.tell("startup") == {"type": "lifespan.startup.complete"}
    assert log == STARTED
    for _ in range(2):
        assert (await Connection(app).run()).text == "x"
    assert log == STARTED
    assert await server.tell("shutdown") == {"type": "lifespan.shutdown.complete"}
    assert log == STARTED + STOPPED
    await server.over()
    assert server.sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a13_an_application_without_hooks_answers_too(app, serve):
    server = serve()
    assert (await server.tell("startup"))["type"] == "lifespan.startup.complete"
    assert (await server.tell("shutdown"))["type"] == "lifespan.shutdown.complete"
    await server.over()


async def test_a13_a_hook_that_raises_at_startup(app, log, serve, colour, caplog):
    app.while_serving(generator(log, "b", colour))
    app.before_serving(hook(log, "bad", colour, OSError("no database")))
    app.before_serving(hook(log, "never", colour))
    app.after_serving(hook(log, "never", colour))
    server = serve()
    answer = await server.tell("startup")
    assert answer == {"type": "lifespan.startup.failed", "message": "OSError: no database"}
    await server.over()
    assert log == ["b starts", "bad", "b stops"]  # what has started is given back
    assert "OSError: no database" in caplog.text


async def test_a13_a_hook_that_raises_at_shutdown(app, log, serve, colour, caplog):
    app.after_serving(hook(log, "d", colour))
    app.after_serving(hook(log, "bad", colour, OSError("gone")))
    app.while_serving(generator(log, "b", colour))
    server = serve()
    await server.tell("startup")
    answer = await server.tell("shutdown")
    assert answer == {"type": "lifespan.shutdown.failed", "message": "OSError: gone"}
    await server.over()
    assert log == ["b starts", "b stops", "bad", "d"]  # the others all the same


@pytest.mark.parametrize("yields", [0, 2])
async def test_a13_while_serving_must_yield_once(app, log, serve, colour, yields, caplog):
    app.while_serving(generator(log, "b", colour, yields=yields))
    server = serve()
    started = await server.tell("startup")
    if yields == 0:
        assert started["type"] == "lifespan.startup.failed"
        assert "did not yield" in started["message"]
    else:
        stopped = await server.tell("shutdown")
        assert stopped["type"] == "lifespan.shutdown.failed"
        assert "yielded twice" in stopped["message"]


async def test_a13_an_unknown_event_is_named(app, serve):
    server = serve()
    server._events.put_nowait({"type": "lifespan.nonsense"})
    with pytest.raises(ValueError, match=r"lifespan\.nonsense"):
        await server.over()


async def test_a13_an_application_can_be_started_again(app, log, serve, colour):
    register(app, log, colour)
    for _ in range(2):
        server = serve()
        await server.tell("startup")
        await server.tell("shutdown")
        await server.over()
    assert log == (STARTED + STOPPED) * 2


async def test_a13_where_hooks_run(app, serve):
    """Async ones in the server's task, so that a task group may stay open; sync ones in threads."""
    seen = {}

    def note(name):
        seen[name] = threading.get_ident()

    app.before_serving(lambda: note("sync"))

    @app.before_serving
    async def start():
        note("async")

    @app.while_serving
    async def group():
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(asyncio.Event().wait())
            note("group")
            yield
            task.cancel()

    server = serve()
    await server.tell("startup")
    assert (await server.tell("shutdown"))["type"] == "lifespan.shutdown.complete"
    assert seen["async"] == seen["group"] == threading.get_ident() != seen["sync"]


async def test_a13_a_context_variable_lasts_from_start_to_stop(app, log, serve, colour):
    variable = contextvars.ContextVar("variable")

    def run():
        token = variable.set("set at startup")
        yield
        log.append(variable.get())
        variable.reset(token)

    async def run_async():
        token = variable.set("set at startup")
        yield
        log.append(variable.get())
        variable.reset(token)

    app.while_serving(run if colour == "sync" else run_async)
    server = serve()
    await server.tell("startup")
    assert (await server.tell("shutdown"))["type"] == "lifespan.shutdown.complete"
    assert log == ["set at startup"]
    assert variable.get(None) is None


async def test_a13_a_cancelled_startup_waits_for_its_thread(app, log, serve):
    started, release = threading.Event(), threading.Event()

    @app.before_serving
    def slow():
        started.set()
        release.wait(5)
        log.append("done")

    server = serve()
    server._events.put_nowait({"type": "lifespan.startup"})
    await asyncio.to_thread(started.wait, 5)
    server._task.cancel()
    await asyncio.sleep(0.02)
    assert not server._task.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await server.over()
    assert log == ["done"]


async def test_a13_a_sync_hook_reaches_the_servers_loop(app, log, serve):
    from asgiref.sync import async_to_sync

    async def where():
        log.append(asyncio.get_running_loop())

    app.before_serving(lambda: async_to_sync(where)())
    await serve().tell("startup")
    assert log == [asyncio.get_running_loop()]


async def test_a13_a_wrapper_is_warned_of_at_startup_and_only_then(app, serve, caplog):
    inner = app.wsgi_app
    app.wsgi_app = lambda *args: inner(*args)
    app.add_url_rule("/", "view", lambda: "x")
    await serve().tell("startup")
    assert len(caplog.records) == 1
    assert "app.wsgi_app is wrapped" in caplog.text
    await Connection(app).run()
    assert len(caplog.records) == 1


# -- state -----------------------------------------------------------------------------------------


async def test_a14_state_of_startup_is_seen_by_each_request(app, serve):
    share_state(app)
    server = serve(state={"from the server": True})
    await server.tell("startup")
    state = server.scope["state"]
    assert state == {"from the server": True, "pool": ["shared"], "kept": 1}
    for number in (2, 3):
        connection = Connection(app, state=state)
        connection.app = lambda scope, *channels: app({**scope, "state": state.copy()}, *channels)
        connection.scope["state"] = None
        sent = await connection.run()
        assert sent.text == f'[["from the server","kept","pool"],{number}]\n'
