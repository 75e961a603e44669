"""Where sync code waits for coroutines, and ``WSGI_EVENT_LOOP``."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from asyncio import get_running_loop as running
from contextvars import copy_context

import pytest

from dualapp import g
from dualapp.sides.blocking import finish
from dualapp.sides.drivers import as_coroutine


@pytest.fixture
def app(app):
    app.testing = False
    return app


# sync code that waits


def test_sync_code_waits_in_the_requests_loop(app, serve, loops):
    seen = []

    async def fetch():
        seen.append(running())
        return "x"

    @app.get("/")
    def view():
        app.ensure_sync(fetch)()
        return app.ensure_sync(fetch)()

    assert serve().data == b"x"
    assert seen == [loops[0]] * 2
    assert loops[0].is_closed()


def test_a_thread_of_a_request_does_not_touch_its_loop(app, serve, loops, log):
    """Two threads must not run one loop: a thread that waits gets one for itself."""
    meet = threading.Barrier(2, timeout=5)

    async def fetch():
        await asyncio.to_thread(meet.wait)  # both wait at the same time
        return id(running())

    @app.get("/")
    def view():
        g.found = []

        def work():
            g.found.append(app.ensure_sync(fetch)())

        g.thread = threading.Thread(target=copy_context().run, args=(work,))
        g.thread.start()
        return "x"

    @app.teardown_request
    async def teardown(error):
        g.found.append(await fetch())
        g.thread.join()
        log.append(len(set(g.found)))

    assert serve().data == b"x"
    assert log == [2]
    assert all(loop.is_closed() for loop in loops)


def test_sync_code_below_an_async_view_waits_elsewhere(app, serve, loops):
    async def fetch():
        await asyncio.sleep(0)
        return "x"

    @app.get("/")
    async def view():
        def blocking():
            return app.ensure_sync(fetch)()

        return await asyncio.to_thread(blocking) + await app.ensure_sync(fetch)()

    assert serve().data == b"xx"
    assert all(loop.is_closed() for loop in loops)


# WSGI_EVENT_LOOP = "worker"


@pytest.fixture
def kept(app):
    """Every worker thread keeps its loop; this test's requests are made by threads that end."""
    app.config["WSGI_EVENT_LOOP"] = "worker"
    return app


def in_thread(function, *args):
    result = []
    thread = threading.Thread(target=lambda: result.append(function(*args)))
    thread.start()
    thread.join()
    return result[0]


def test_worker_loop_is_kept_for_the_thread(kept, serve, loops):
    seen = []

    @kept.get("/")
    async def view():
        seen.append(running())
        return "x"

    def two_requests():
        return [serve().data, serve().data]

    for _ in range(2):
        assert in_thread(two_requests) == [b"x", b"x"]
    assert seen == [loops[0], loops[0], loops[1], loops[1]]


def test_worker_loop_is_closed_when_its_thread_ends(kept, serve, loops, log):
    async def background():
        try:
            await asyncio.sleep(9)
        finally:
            log.append("cancelled")

    @kept.get("/")
    async def view():
        kept.extensions["task"] = asyncio.create_task(background())
        await asyncio.sleep(0)
        return "x"

    def request():
        assert serve().data == b"x"
        return loops[0].is_closed(), list(log)

    assert in_thread(request) == (False, [])
    assert (loops[0].is_closed(), log) == (True, ["cancelled"])


def test_worker_loop_keeps_what_is_bound_to_it(kept, serve):
    """Such as the queue of a connection pool, and the task that looks after it."""
    queue = asyncio.Queue(1)

    async def produce():
        for number in range(100):
            await queue.put(number)

    @kept.get("/")
    async def view():
        if "producer" not in kept.extensions:
            kept.extensions["producer"] = asyncio.create_task(produce())
        return str(await queue.get())

    assert in_thread(lambda: [serve().text for _ in range(3)]) == ["0", "1", "2"]


@pytest.mark.parametrize("how", ["closed", "lock"])
def test_use_in_the_loop_of_another_request_is_explained(app, serve, caplog, how):
    lock = asyncio.Lock()
    kept_loops = []

    @app.get("/")
    async def view():
        kept_loops.append(running())
        if how == "closed":
            kept_loops[0].call_soon(print)
        else:
            async with lock:
                waiting = asyncio.create_task(lock.acquire())
                await asyncio.sleep(0)
            await waiting
            lock.release()
        return "x"

    assert serve().code == 200
    assert serve().code == 500
    assert "WSGI_EVENT_LOOP" in caplog.text


# where a loop runs already


@pytest.mark.parametrize("mode", ["request", "worker"])
async def test_called_under_a_running_loop(app, serve, loops, log, mode):
    app.config["WSGI_EVENT_LOOP"] = mode

    @app.before_request
    async def before():
        g.loop = running()
        g.task = asyncio.create_task(leftover())

    async def leftover():
        try:
            await asyncio.sleep(9)
        finally:
            log.append("cancelled")

    @app.get("/")
    async def view():
        assert running() is g.loop
        yield "a"
        await asyncio.sleep(0.001)
        assert running() is g.loop
        yield "b"

    assert serve().data == b"ab"
    assert log == ["cancelled"]
    assert [loop.is_closed() for loop in loops] == [True]
    assert running() not in loops


async def test_sync_public_functions_under_a_running_loop_give_awaitables(app):
    async def fetch():
        return "x"

    async def work():
        return await as_coroutine(fetch())

    assert await app.ensure_sync(fetch)() == "x"
    assert finish(work()) == "x"


def test_gevent_waits_for_many_views_at_once():
    """The loops run in real threads, and the greenlets of the worker go on meanwhile."""
    pytest.importorskip("gevent")
    script = textwrap.dedent(
        """
        from gevent import monkey
        monkey.patch_all()
        import asyncio, sys, time
        import gevent
        from dualapp import DualApp, g

        app = DualApp("gevent_app")
        app.config["WSGI_EVENT_LOOP"] = sys.argv[1]

        @app.before_request
        async def before():
            g.loop = asyncio.get_running_loop()

        @app.get("/")
        async def view():
            same = asyncio.get_running_loop() is g.loop
            await asyncio.sleep(0.3)
            return str(same)

        def ask():
            return app.test_client(side="wsgi").get("/").text

        since = time.monotonic()
        greenlets = [gevent.spawn(ask) for _ in range(20)]
        gevent.joinall(greenlets, raise_error=True)
        print({greenlet.value for greenlet in greenlets}, time.monotonic() - since < 3)
        """
    )
    for mode in ("request", "worker"):
        command = [sys.executable, "-W", "error::ResourceWarning", "-c", script, mode]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (done.stdout, done.stderr) == ("{'True'} True\n", "")
