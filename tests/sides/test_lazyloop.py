"""The event loop that opens a selector and a self-pipe only when it needs them."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import signal
import socket
import sys
import threading
import time
import weakref
from collections import deque
from weakref import WeakSet, WeakValueDictionary

import anyio
import pytest

from dualapp.sides.lazyloop import LazyLoop, LazySelector


@pytest.fixture
def loop():
    loop = LazyLoop()
    yield loop
    loop.close()


def open_files():
    return len(os.listdir("/proc/self/fd"))


def is_opened(loop):
    return loop._selector.real is not None or loop._ssock is not None


# what it relies on


@pytest.mark.parametrize("name", ["_make_self_pipe", "_close_self_pipe"])
def test_this_python_has_the_methods_that_are_replaced(name):
    assert callable(getattr(asyncio.SelectorEventLoop, name))


@pytest.mark.parametrize(
    "name",
    [
        *("_ssock", "_csock", "_ready", "_internal_fds", "_selector", "_asyncgens"),
        *("_default_executor", "_debug", "_thread_id", "_task_factory"),
        *("_asyncgen_firstiter_hook", "_asyncgen_finalizer_hook"),
    ],
)
def test_this_python_has_the_attributes_that_are_read(name):
    standard = asyncio.SelectorEventLoop()
    assert hasattr(standard, name)
    standard.close()


def test_this_python_opens_and_closes_a_self_pipe_through_them():
    standard = asyncio.SelectorEventLoop()
    assert isinstance(standard._ssock, socket.socket)
    standard._close_self_pipe()
    assert standard._ssock is standard._csock is None
    standard._write_to_self()  # nothing to write to is no error
    standard._make_self_pipe()
    standard.close()


# nothing is opened that is not needed


async def nothing_to_wait_for():
    async def child(number):
        await asyncio.sleep(0)
        return number

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(child(number)) for number in range(3)]
    event = asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)
    await event.wait()
    queue = asyncio.Queue()
    queue.put_nowait(4)
    async with asyncio.timeout(5):
        return [await queue.get(), *[task.result() for task in tasks]]


def test_nothing_is_opened_without_need(loop):
    before = open_files()
    assert loop.run_until_complete(nothing_to_wait_for()) == [4, 0, 1, 2]
    loop.run_until_complete(loop.shutdown_asyncgens())
    assert not is_opened(loop)
    assert open_files() == before


def test_all_that_was_opened_is_closed():
    before = open_files()
    loop = LazyLoop()
    loop.run_until_complete(asyncio.sleep(0.001))
    assert is_opened(loop)
    assert open_files() > before
    loop.close()
    loop.close()
    assert open_files() == before


def test_unused_loop_is_closed():
    loop = LazyLoop()
    loop.close()
    assert loop.is_closed()
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        loop.call_soon_threadsafe(print)


def test_selector_that_watches_nothing_reports_nothing():
    selector = LazySelector()
    assert selector.select(0) == selector.select(-1) == []
    assert selector.real is None
    selector.close()


def test_tasks_are_counted(loop):
    async def two():
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))

    loop.run_until_complete(two())
    assert loop.tasks_made == 3


def test_what_waits_to_be_called_is_called_once(loop):
    called = []
    assert not loop.has_callbacks
    loop.call_soon(called.append, 1)
    assert loop.has_callbacks
    loop.run_once()
    assert called == [1]
    assert not loop.has_callbacks


# all that a loop must be able to do


def test_timers_keep_their_time_and_order(loop):
    async def sleepers():
        order = []

        async def sleeper(seconds):
            await asyncio.sleep(seconds)
            order.append(seconds)

        await asyncio.gather(*map(sleeper, (0.03, 0.01, 0.02)))
        return order

    since = time.monotonic()
    assert loop.run_until_complete(sleepers()) == [0.01, 0.02, 0.03]
    assert 0.03 <= time.monotonic() - since < 1


def test_a_timeout_ends_the_wait(loop):
    with pytest.raises(TimeoutError):
        loop.run_until_complete(asyncio.wait_for(loop.create_future(), 0.01))


@pytest.mark.parametrize("timer", [None, 60])
def test_a_thread_wakes_the_sleeping_loop(loop, timer):
    async def wait_for_thread():
        woken = loop.create_future()
        if timer is not None:
            loop.call_later(timer, print)
        threading.Timer(0.05, lambda: loop.call_soon_threadsafe(woken.set_result, "x")).start()
        return await woken

    since = time.monotonic()
    assert loop.run_until_complete(wait_for_thread()) == "x"
    assert time.monotonic() - since < 5


def test_a_thread_is_heard_while_the_loop_falls_asleep(loop):
    """It adds its callback and finds no self-pipe to wake the loop with: that is made just now."""
    fall_asleep, woken = loop._selector.before_sleep, loop.create_future()

    def before_sleep():
        if loop._csock is None:
            thread = threading.Thread(
                target=loop.call_soon_threadsafe, args=(woken.set_result, "x")
            )
            thread.start()
            thread.join()
        return fall_asleep()

    loop._selector.before_sleep = before_sleep
    since = time.monotonic()
    assert loop.run_until_complete(asyncio.wait_for(woken, 60)) == "x"
    assert time.monotonic() - since < 5


def test_a_thread_that_races_with_falling_asleep_is_heard():
    numbers = random.Random(1)
    since = time.monotonic()
    for _ in range(300):
        loop = LazyLoop()
        woken = loop.create_future()
        spins = numbers.randrange(2000)

        def wake(loop=loop, woken=woken, spins=spins):
            for _ in range(spins):
                pass
            loop.call_soon_threadsafe(woken.set_result, None)

        thread = threading.Thread(target=wake)
        thread.start()
        loop.run_until_complete(asyncio.wait_for(woken, 10))
        thread.join()
        loop.close()
    assert time.monotonic() - since < 10


def test_threads_do_work(loop):
    async def work():
        names = await asyncio.gather(*[asyncio.to_thread(threading.get_ident) for _ in range(5)])
        return threading.get_ident() in names

    assert loop.run_until_complete(work()) is False
    loop.run_until_complete(loop.shutdown_default_executor())


def test_sockets_are_served(loop):
    async def echo(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def ask():
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"hello\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer

    assert loop.run_until_complete(ask()) == b"HELLO\n"


def test_readers_are_called(loop):
    async def read():
        ours, theirs = socket.socketpair()
        with ours, theirs:
            readable = loop.create_future()
            loop.add_reader(ours, readable.set_result, None)
            theirs.send(b"x")
            await readable
            assert loop.remove_reader(ours)
            return ours.recv(1)

    assert loop.run_until_complete(read()) == b"x"


def test_names_are_resolved(loop):
    assert loop.run_until_complete(loop.getaddrinfo("127.0.0.1", 80))
    loop.run_until_complete(loop.shutdown_default_executor())


def test_subprocesses_run(loop):
    async def run():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "print(input().upper())",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, _ = await process.communicate(b"hello\n")
        return output.strip(), process.returncode

    assert loop.run_until_complete(run()) == (b"HELLO", 0)


def test_subprocesses_run_in_a_thread():
    outputs = []

    def work():
        loop = LazyLoop()
        outputs.append(loop.run_until_complete(run()))
        loop.close()

    async def run():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "print(1)", stdout=asyncio.subprocess.PIPE
        )
        return (await process.communicate())[0].strip()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert outputs == [b"1"]


def test_signal_handlers_are_called(loop):
    async def wait_for_signal():
        received = loop.create_future()
        loop.add_signal_handler(signal.SIGUSR1, received.set_result, "SIGUSR1")
        os.kill(os.getpid(), signal.SIGUSR1)
        try:
            return await asyncio.wait_for(received, 5)
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)

    assert loop.run_until_complete(wait_for_signal()) == "SIGUSR1"


def test_debug_mode_works(loop):
    loop.set_debug(True)
    assert loop.run_until_complete(nothing_to_wait_for()) == [4, 0, 1, 2]
    loop.run_until_complete(asyncio.sleep(0.001))


@pytest.mark.skipif(not hasattr(asyncio, "eager_task_factory"), reason="since Python 3.12")
def test_eager_tasks_work(loop):
    loop.set_task_factory(asyncio.eager_task_factory)
    assert loop.run_until_complete(nothing_to_wait_for()) == [4, 0, 1, 2]


def test_anyio_works_and_leaves_no_thread(loop):
    async def work():
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep, 0.001)
        with anyio.move_on_after(0.001):
            await anyio.sleep_forever()
        return await anyio.to_thread.run_sync(threading.get_ident)

    before = threading.active_count()
    assert loop.run_until_complete(work()) != threading.get_ident()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


# made after a pattern, and run for one step


def test_a_loop_has_what_a_standard_one_has_and_shares_nothing_that_changes():
    standard, first, second = asyncio.SelectorEventLoop(), LazyLoop(), LazyLoop()
    try:
        for loop in (first, second):
            assert all(hasattr(loop, name) for name in vars(standard))
            assert vars(loop).keys() == vars(standard).keys() | {"tasks_made"}
        for name, value in vars(second).items():
            if name not in ("_selector", "_ssock", "_csock", "_internal_fds", "tasks_made"):
                assert type(value) is type(vars(standard)[name])
            if isinstance(value, deque | list | dict | WeakSet | WeakValueDictionary):
                assert value is not vars(first)[name]
    finally:
        for loop in (standard, first, second):
            loop.close()


def run(loop, coroutine):
    return loop.run_task(loop.create_task(coroutine))


def test_a_task_that_never_waits_sees_its_loop_running():
    async def look():
        return asyncio.get_running_loop(), loop.is_running(), asyncio.current_task() is not None

    loop = LazyLoop()
    assert run(loop, look()) == (loop, True, True)
    assert not loop.is_running()
    assert asyncio._get_running_loop() is None
    loop.close()


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
def test_what_a_task_raises_in_its_first_step_is_raised(error):
    async def fail():
        raise error("x")

    loop = LazyLoop()
    with pytest.raises(error):
        run(loop, fail())
    assert not loop.is_running()
    loop.close()


def test_what_a_task_that_never_waits_has_started_begins():
    begun = []

    async def background():
        begun.append(1)
        await asyncio.sleep(10)

    async def view():
        kept.append(asyncio.create_task(background()))

    kept = []
    loop = LazyLoop()
    run(loop, view())
    assert begun == [1]
    kept[0].cancel()
    loop.run_until_complete(asyncio.wait(kept))
    loop.close()


def test_async_generators_of_a_first_step_are_known_to_the_loop():
    ended = []

    async def numbers():
        try:
            yield 1
            yield 2
        finally:
            ended.append(1)

    async def view():
        kept.append(numbers())
        return await anext(kept[0])

    kept = []
    loop = LazyLoop()
    assert run(loop, view()) == 1
    loop.run_until_complete(loop.shutdown_asyncgens())
    assert ended == [1]
    loop.close()


def test_no_loop_is_kept_by_those_made_after_it(monkeypatch):
    monkeypatch.setattr(LazyLoop, "_pattern", None)
    loops = [LazyLoop() for _ in range(3)]
    for loop in loops:
        loop.close()
    alive = [weakref.ref(loop) for loop in loops]
    del loop, loops
    gc.collect()
    assert [known() for known in alive] == [None] * 3


def test_what_ends_a_process_is_not_logged_as_an_error_nobody_saw(caplog):
    async def leave():
        raise SystemExit(3)

    loop = LazyLoop()
    with pytest.raises(SystemExit):
        run(loop, leave())
    loop.close()
    gc.collect()
    assert caplog.text == ""
