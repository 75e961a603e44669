"""Where sync code waits for coroutines, and ``WSGI_EVENT_LOOP``."""

from __future__ import annotations

import asyncio
import os
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


def run_as_a_process(*parts):
    command = [sys.executable, "-W", "error", "-c", "\n".join(map(textwrap.dedent, parts))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


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


def test_asyncio_is_imported_for_the_first_awaitable():
    """A process whose WSGI requests are sync never pays for it."""
    code = """
        import sys
        from werkzeug.test import create_environ
        from dualapp import DualApp, render_template_string

        app = DualApp("app", root_path=".")
        app.before_serving(lambda: None)

        @app.get("/sync")
        def sync():
            return iter([render_template_string("x")])

        @app.get("/async")
        async def view():
            return "x"

        for path in ["/sync", "/async"]:
            body = app(create_environ(path), lambda status, headers: None)
            print(path, b"".join(body), "asyncio" in sys.modules)
            getattr(body, "close", lambda: None)()
    """
    assert run_as_a_process(code) == ["/sync b'x' False", "/async b'x' True"]


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


KEPT_BY_THE_MAIN_THREAD = """
import asyncio, os, sys
from dualapp import DualApp

app = DualApp("app", root_path=".")
app.config["WSGI_EVENT_LOOP"] = "worker"
loops = []

async def pool():
    try:
        while True:
            yield "x"
    finally:
        await asyncio.sleep(0)
        print("pool closed", flush=True)

@app.get("/")
async def view():
    loops.append(asyncio.get_running_loop())
    if not hasattr(app, "pool"):
        app.pool = pool()
    return await anext(app.pool)

def ask():
    return app.test_client(side="wsgi").get("/").text
"""


def test_worker_loop_of_the_main_thread_is_closed_at_exit():
    """Such as that of gunicorn's sync worker: what is bound to it is closed in it."""
    assert run_as_a_process(KEPT_BY_THE_MAIN_THREAD, "print(ask(), ask())") == [
        "x x",
        "pool closed",
    ]


@pytest.mark.parametrize("define", ["def", "async def"])
def test_worker_loop_is_closed_after_the_shutdown_hooks(define):
    hooks = f"""
        @app.before_serving
        {define} start():
            print("start")

        @app.after_serving
        async def stop():
            print("stop", asyncio.get_running_loop() is loops[0], await anext(app.pool))

        print(ask())
    """
    assert run_as_a_process(KEPT_BY_THE_MAIN_THREAD, hooks) == [
        "start",
        "x",
        "stop True x",
        "pool closed",
    ]


def test_worker_loop_with_threads_of_its_own_is_closed_at_exit():
    """No thread can be started at exit, from Python 3.12 on."""
    used = """
        @app.get("/thread")
        async def thread():
            return await asyncio.to_thread(lambda: "t")

        print(ask(), app.test_client(side="wsgi").get("/thread").text)
    """
    assert run_as_a_process(KEPT_BY_THE_MAIN_THREAD, used) == ["x t", "pool closed"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kind", ["os.fork", "multiprocessing"])
def test_worker_loop_is_closed_in_a_forked_worker(kind):
    """multiprocessing, which granian uses, ends a process without atexit."""
    fork = {
        "os.fork": """
            if (pid := os.fork()) == 0:
                print(ask(), flush=True)
            else:
                print("worker ended with", os.waitpid(pid, 0)[1], flush=True)
        """,
        "multiprocessing": """
            import multiprocessing
            worker = multiprocessing.get_context("fork").Process(target=lambda: print(ask()))
            worker.start()
            worker.join()
            print("worker ended with", worker.exitcode)
        """,
    }[kind]
    assert run_as_a_process(KEPT_BY_THE_MAIN_THREAD, fork) == [
        "x",
        "pool closed",
        "worker ended with 0",
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_worker_loop_is_not_shared_with_a_forked_process():
    """The child makes its own, and neither uses nor closes what the parent goes on with."""
    fork = """
        def ask_for_loop():
            return app.test_client(side="wsgi").get("/loop").text

        @app.get("/loop")
        async def loop():
            await asyncio.sleep(0.001)  # opens the selector, and the pipe that wakes it
            return str(id(asyncio.get_running_loop()))

        @app.get("/woken")
        async def woken():
            return await asyncio.to_thread(lambda: "woken")  # through the pipe

        print(ask(), flush=True)  # what is buffered at a fork is printed twice
        mine = ask_for_loop()
        if (pid := os.fork()) == 0:
            print("same loop:", ask_for_loop() == mine, flush=True)
            sys.exit()
        print("worker ended with", os.waitpid(pid, 0)[1], flush=True)
        print("same loop:", ask_for_loop() == mine, app.test_client(side="wsgi").get("/woken").text)
    """
    assert run_as_a_process(KEPT_BY_THE_MAIN_THREAD, fork) == [
        "x",
        "same loop: False",
        "worker ended with 0",
        "same loop: True woken",
        "pool closed",
    ]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_worker_loop_may_be_running_when_a_process_is_forked():
    """As for the first job of a ProcessPoolExecutor that a view makes."""
    fork = """
        @app.get("/fork")
        async def fork():
            await asyncio.sleep(0.001)
            if (pid := os.fork()) == 0:
                print(ask(), flush=True)
                os._exit(0)
            await asyncio.sleep(0.001)
            return str(os.waitpid(pid, 0)[1])

        print("worker ended with", app.test_client(side="wsgi").get("/fork").text)
    """
    assert run_as_a_process(KEPT_BY_THE_MAIN_THREAD, fork) == ["x", "worker ended with 0"]


# what is bound to another loop


@pytest.fixture(params=["closed", "lock"])
def misuse(request):
    """Make a coroutine function that fails when it is used in a second loop."""
    lock = asyncio.Lock()
    used_in = []

    async def use():
        used_in.append(running())
        if request.param == "closed":
            used_in[0].call_soon(print)
        else:
            async with lock:
                waiting = asyncio.create_task(lock.acquire())
                await asyncio.sleep(0)
            await waiting
            lock.release()
        return "x"

    return use


def test_use_in_the_loop_of_another_request_is_explained(app, serve, caplog, misuse):
    app.add_url_rule("/", view_func=misuse)
    assert serve().code == 200
    assert serve().code == 500
    assert 'Set WSGI_EVENT_LOOP = "worker"' in caplog.text


def test_use_in_the_loop_of_another_worker_thread_is_explained(kept, serve, caplog, misuse):
    """The setting is made; what helps is one object for each thread."""
    kept.add_url_rule("/", view_func=misuse)
    assert in_thread(lambda: [serve().code, serve().code]) == [200, 200]
    assert in_thread(serve).code == 500
    assert "Set WSGI_EVENT_LOOP" not in caplog.text
    assert "every worker thread has one of its own" in caplog.text
    assert "a single thread" in caplog.text


async def test_use_in_the_loop_of_another_request_is_explained_where_no_thread_lasts(
    kept, serve, caplog, misuse
):
    kept.add_url_rule("/", view_func=misuse)
    assert serve().code == 200
    assert serve().code == 500
    assert "Set WSGI_EVENT_LOOP" not in caplog.text
    assert "neither under gevent nor where a loop runs already" in caplog.text


def test_use_in_the_loop_of_another_call_is_explained(kept, misuse):
    """Such as in commands; no setting would help these."""
    assert kept.ensure_sync(misuse)() == "x"
    with pytest.raises(RuntimeError, match="loop") as raised:
        kept.ensure_sync(misuse)()
    [note] = raised.value.__notes__
    assert "WSGI_EVENT_LOOP" not in note
    assert "outside of a request" in note


def test_other_errors_of_the_same_type_get_no_note(app, serve, caplog):
    @app.get("/")
    async def view():
        raise RuntimeError("x")

    assert serve().code == 500
    assert "dualapp: an object" not in caplog.text


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


def test_gevent_that_patches_after_the_import_leaves_a_request_its_loop():
    """So it is where a server imports the application first, and makes its workers then."""
    pytest.importorskip("gevent")
    script = textwrap.dedent(
        """
        from dualapp import DualApp, g, render_template_string
        from gevent import monkey
        monkey.patch_all()
        import asyncio
        import gevent

        app = DualApp("gevent_app")

        @app.before_request
        async def before():
            g.loop = asyncio.get_running_loop()

        @app.context_processor
        async def same():
            return {"same": asyncio.get_running_loop() is g.loop}

        @app.get("/")
        def view():
            return render_template_string("{{ same }}")

        def ask():
            return app.test_client(side="wsgi").get("/").text

        greenlet = gevent.spawn(ask)
        greenlet.join()
        print(greenlet.value)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "True\n", done.stderr
