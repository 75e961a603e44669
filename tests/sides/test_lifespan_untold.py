"""A13, A14: start-up and shutdown hooks where no server tells when."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap

import pytest

from dualapp import request

from .asgi_recorder import Connection
from .lifespan_server import (
    STARTED,
    STOPPED,
    generator,
    hook,
    register,
    share_state,
)


def printed_by(code):
    """Run code in a process of its own; give the words that it prints, and hold it to no errors."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True, text=True, timeout=20, check=True,
    )  # fmt: skip
    assert run.stderr == ""
    return run.stdout.split()


@pytest.fixture(params=["sync", "async"])
def colour(request):
    return request.param


@pytest.fixture
def at_exit(monkeypatch):
    """Collect what is to be called when the process ends, instead of registering it."""
    registered = []
    monkeypatch.setattr(
        "dualapp.sides.lifespan.at_exit",
        lambda function, *args: registered.append(lambda: function(*args)),
    )

    def run():
        for function in registered:
            function()

    run.registered = registered
    yield run
    run()  # what was left open is closed


async def ask(app, side):
    if side == "asgi":
        return (await Connection(app).run()).text
    return await asyncio.to_thread(lambda: app.test_client(side="wsgi").get("/").text)


async def test_a13_without_lifespan_hooks_run_once_before_the_first_request(
    app, log, side, colour, at_exit
):
    register(app, log, colour)
    app.before_request(lambda: log.append("request"))
    for _ in range(2):
        assert await ask(app, side) == "x"
    assert log == [*STARTED, "request", "request"]
    await asyncio.to_thread(at_exit)
    await asyncio.to_thread(at_exit)
    assert log == [*STARTED, "request", "request", *STOPPED]


async def test_a13_requests_at_once_wait_for_one_start(app, log, side, at_exit):
    @app.before_serving
    async def slow():
        await asyncio.sleep(0.05)
        log.append("started")

    app.add_url_rule("/", "view", lambda: log.append("view") or "x")
    await asyncio.gather(*[ask(app, side) for _ in range(5)])
    assert log == ["started"] + ["view"] * 5
    assert len(at_exit.registered) == 1


async def test_a13_a_failed_start_is_told_and_tried_again(app, log, side, at_exit, colour):
    app.while_serving(generator(log, "b", colour))
    errors = [OSError("not yet"), OSError("not yet")]

    @app.before_serving
    def start():
        log.append("tried")
        if errors:
            raise errors.pop()

    app.add_url_rule("/", "view", lambda: "x")
    for _ in range(2):
        with pytest.raises(OSError, match="not yet"):
            await ask(app, side)
    assert await ask(app, side) == "x"
    assert log == ["b starts", "tried", "b stops"] * 2 + ["b starts", "tried"]
    assert len(at_exit.registered) == 1
    await asyncio.to_thread(at_exit)


async def test_a13_a_request_that_is_cancelled_does_not_stop_the_start(app, log, at_exit):
    @app.before_serving
    async def slow():
        await asyncio.sleep(0.05)
        log.append("started")

    app.add_url_rule("/", "view", lambda: "x")
    first, second = Connection(app), Connection(app)
    task = first.start()
    second.start()
    await asyncio.sleep(0.01)
    task.cancel()
    await second.over_within(1)
    assert (log, second.text) == (["started"], "x")


async def test_a13_an_error_at_exit_does_not_keep_the_others(app, log, side, at_exit):
    app.after_serving(hook(log, "d", "sync"))
    app.after_serving(hook(log, "bad", "async", OSError()))
    app.add_url_rule("/", "view", lambda: "x")
    await ask(app, side)
    with pytest.raises(OSError):  # noqa: PT011
        await asyncio.to_thread(at_exit)
    assert log == ["bad", "d"]


@pytest.mark.parametrize("keep", ["request", "worker"])
def test_a13_an_async_generator_stays_open_while_wsgi_serves(app, log, at_exit, keep):
    app.config["WSGI_EVENT_LOOP"] = keep

    @app.while_serving
    async def pool():
        try:
            yield {"pool": log}
        finally:
            log.append("closed")

    app.add_url_rule("/", "view", lambda: str(request.state["pool"]))
    assert app.test_client(side="wsgi").get("/").text == "[]"
    assert log == []
    at_exit()
    assert log == ["closed"]


def test_a13_hooks_run_at_the_exit_of_a_process():
    code = """
        import dualapp
        app = dualapp.DualApp("app", root_path=".")
        app.before_serving(lambda: print("start"))
        @app.while_serving
        async def pool():
            yield
            print("stop")
        app.add_url_rule("/", "view", lambda: "x")
        print(app.test_client(side="wsgi").get("/").text)
    """
    assert printed_by(code) == ["start", "x", "stop"]


@pytest.mark.parametrize("keep", ["request", "worker"])
def test_a13_what_is_async_may_come_at_the_exit_for_the_first_time(keep):
    code = f"""
        import dualapp
        app = dualapp.DualApp("app", root_path=".")
        app.config["WSGI_EVENT_LOOP"] = "{keep}"
        @app.after_serving
        async def stop():
            import asyncio
            await asyncio.sleep(0.001)
            print("stop")
        app.add_url_rule("/", "view", lambda: "x")
        print(app.test_client(side="wsgi").get("/").text)
    """
    assert printed_by(code) == ["x", "stop"]


async def test_a14_state_is_there_without_lifespan_or_state(app, side, at_exit):
    share_state(app)
    for number in (2, 3):
        assert await ask(app, side) == f'[["kept","pool"],{number}]\n'
