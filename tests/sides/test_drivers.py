"""Stepping the core's coroutines: in place, on a loop, and from public sync functions."""

from __future__ import annotations

import asyncio
import functools
import threading
from contextvars import ContextVar, copy_context

import pytest

from dualapp import g, nonblocking
from dualapp.core.calls import Hop, Wait, awaited, call_in_place, done
from dualapp.sides.blocking import complete, ensure_sync, finish, wait_for
from dualapp.sides.drivers import as_coroutine, call_on_loop, drive, on_loop

variable = ContextVar("variable", default="unset")


async def value(result="x"):
    await asyncio.sleep(0)
    return result


async def failing():
    await asyncio.sleep(0)
    raise KeyError("from the awaitable")


async def called(function):
    return await done(call_in_place(function))


def in_place(coroutine, block=asyncio.run):
    """Drive a coroutine in a context of its own."""
    return drive(coroutine, copy_context().run, lambda awaitable: block(as_coroutine(awaitable)))


# in place


def test_drive_needs_nothing_where_nothing_is_awaitable():
    async def work():
        return [
            await done(call_in_place(len, ("ab",))),
            await done(call_in_place(dict, (), {"a": 1})),
        ]

    def block(awaitable):
        raise AssertionError("there is nothing to wait for")

    assert in_place(work(), block) == [2, {"a": 1}]


def test_drive_waits_for_what_is_awaitable():
    async def work():
        return [
            await done(call_in_place(value)),
            await done(call_in_place(lambda: value("y"))),
            await done(call_in_place(awaited, (value("z"),))),
            await Wait(value("w")),
        ]

    assert in_place(work()) == ["x", "y", "z", "w"]


def test_drive_steps_inside_the_context_and_blocks_outside_of_it():
    context, seen = copy_context(), []

    async def work():
        variable.set("inside")
        seen.append(variable.get())
        await Wait("anything")
        seen.append(variable.get())

    def block(awaitable):
        seen.append((awaitable, variable.get()))

    drive(work(), context.run, block)
    assert seen == ["inside", ("anything", "unset"), "inside"]
    assert variable.get() == "unset"
    assert context[variable] == "inside"


def test_drive_raises_what_was_raised_where_it_can_be_caught():
    async def work(caught):
        try:
            await done(call_in_place(failing))
        except KeyError as error:
            caught.append(error)
            return await done(call_in_place(value))

    caught = []
    assert in_place(work(caught)) == "x"
    assert len(caught) == 1
    with pytest.raises(KeyError, match="from the awaitable"):
        in_place(called(failing))
    with pytest.raises(ZeroDivisionError):
        in_place(called(lambda: 1 / 0))


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_drive_lets_pass_what_is_no_exception(error):
    def block(awaitable):
        raise error

    ends = []

    async def work():
        try:
            await Wait("anything")
        finally:
            ends.append(1)

    with pytest.raises(error):
        drive(work(), copy_context().run, block)
    assert ends == [1]


def test_drive_says_what_suspends_without_call():
    async def work():
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match=r"without going through call\(\)"):
        in_place(work())


def test_drive_takes_a_stop_iteration_for_the_error_it_is():
    def stop():
        raise StopIteration("result")

    with pytest.raises(RuntimeError):
        in_place(called(stop))


# on the loop


async def hop(context, function, args, kwargs):
    """Run a function in a thread, in the context, as the ASGI side's workers do."""
    return await asyncio.to_thread(lambda: context.run(function, *args, **kwargs))


async def test_on_loop_is_a_part_of_the_running_task():
    async def work():
        await asyncio.sleep(0)
        return asyncio.current_task()

    assert await on_loop(work(), copy_context(), hop) is asyncio.current_task()


async def test_on_loop_steps_inside_the_context():
    context = copy_context()

    async def work():
        variable.set("inside")
        await asyncio.sleep(0.001)
        return variable.get()

    task = asyncio.ensure_future(on_loop(work(), context, hop))
    assert await task == "inside"
    assert (variable.get(), context[variable]) == ("unset", "inside")


async def test_on_loop_runs_blocking_functions_in_a_thread_in_the_context():
    def blocking(result, **kwargs):
        variable.set("thread")
        return threading.get_ident() != main, result, kwargs

    async def work():
        return await Hop(blocking, ("x",), {"a": 1}), variable.get()

    main = threading.get_ident()
    found = await on_loop(work(), copy_context(), hop)
    assert found == ((True, "x", {"a": 1}), "thread")


async def test_on_loop_raises_what_was_raised_where_it_can_be_caught():
    def blocking():
        raise ValueError

    async def work():
        for step in (failing, functools.partial(call_on_loop, blocking)):
            try:
                await step()
            except (KeyError, ValueError) as error:
                caught.append(type(error))
        return await value()

    caught = []
    assert await on_loop(work(), copy_context(), hop) == "x"
    assert caught == [KeyError, ValueError]


async def test_on_loop_passes_a_cancellation_on():
    async def work():
        try:
            await asyncio.sleep(9)
        finally:
            await asyncio.sleep(0)
            ends.append(variable.get())

    async def in_context():
        variable.set("inside")
        await work()

    ends = []
    task = asyncio.ensure_future(on_loop(in_context(), copy_context(), hop))
    await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ends == ["inside"]


async def test_on_loop_lets_timeouts_work():
    async def work():
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(9)
        except TimeoutError:
            return "too late"

    assert await on_loop(work(), copy_context(), hop) == "too late"


async def test_on_loop_closes_what_it_steps_when_it_is_dropped():
    ends = []

    async def work():
        try:
            await asyncio.sleep(9)
        finally:
            ends.append(1)

    stepping = on_loop(work(), copy_context(), hop)
    stepping.send(None)
    stepping.close()
    assert ends == [1]


async def test_call_on_loop_chooses_the_place():
    main = threading.get_ident()

    def blocking():
        return threading.get_ident() == main

    @nonblocking
    def quick():
        return threading.get_ident() == main

    async def asynchronous():
        return threading.get_ident() == main

    def wrapping():
        return asynchronous()

    class Callable:
        async def __call__(self):
            return threading.get_ident() == main

    async def work():
        functions = [blocking, quick, asynchronous, functools.partial(asynchronous), Callable()]
        return [await done(call_on_loop(function)) for function in [*functions, wrapping]]

    found = await on_loop(work(), copy_context(), hop)
    assert found == [False, True, True, True, True, True]


# from sync functions of the public API


async def work_with(function):
    return [await done(call_in_place(function)), await done(call_in_place(function))]


@pytest.mark.parametrize("run", [finish, complete])
@pytest.mark.parametrize("function", [lambda: "x", value])
def test_work_is_done_at_once_outside_a_loop(run, function):
    assert run(work_with(function)) == ["x", "x"]


async def test_finish_inside_a_loop_gives_an_awaitable_only_if_it_must():
    assert finish(work_with(lambda: "x")) == ["x", "x"]
    pending = finish(work_with(value))
    assert await pending == ["x", "x"]


async def test_finish_inside_a_loop_raises_from_the_awaitable():
    with pytest.raises(ZeroDivisionError):
        finish(work_with(lambda: 1 / 0))
    pending = finish(work_with(failing))
    with pytest.raises(KeyError):
        await pending


async def test_complete_inside_a_loop_waits():
    assert complete(work_with(value)) == ["x", "x"]


@pytest.mark.parametrize("run", [finish, complete])
def test_work_that_fails_raises_at_once_outside_a_loop(run):
    with pytest.raises(KeyError):
        run(work_with(failing))


def test_what_waiting_code_sets_is_seen_by_the_caller():
    async def set_it():
        variable.set("set")
        await asyncio.sleep(0)

    def caller():
        wait_for(set_it())
        return variable.get()

    assert copy_context().run(caller) == "set"
    assert variable.get() == "unset"


def test_ensure_sync_keeps_what_is_sync_and_the_names_of_what_is_not():
    def sync():
        """Sync."""

    assert ensure_sync(sync) is sync
    assert ensure_sync(value).__name__ == "value"
    assert ensure_sync(value)("y") == "y"
    assert ensure_sync(functools.partial(value, "z"))() == "z"


async def test_ensure_sync_inside_a_loop_gives_the_awaitable():
    assert await ensure_sync(value)("y") == "y"


def test_views_find_their_way_on_both_sides(app, client):
    """Whatever colours are nested: nothing waits for itself."""

    async def asynchronous():
        await asyncio.sleep(0)
        return g.name

    def sync():
        return app.ensure_sync(asynchronous)()

    @app.before_request
    async def before():
        g.name = "ann"

    @app.get("/sync")
    def sync_view():
        return sync() + finish(done(call_in_place(asynchronous)))

    @app.get("/async")
    async def async_view():
        return await asyncio.to_thread(sync) + await sync() + await asynchronous()

    @app.get("/context")
    async def context_view():
        with app.app_context():
            g.name = "bob"
            inner = await asynchronous()
        return inner + await asynchronous()

    assert client.get("/sync").text == "annann"
    assert client.get("/async").text == "annannann"
    assert client.get("/context").text == "bobann"
