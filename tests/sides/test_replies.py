"""How a worker thread tells the loop that something is done."""

from __future__ import annotations

import asyncio
import gc
import os
import threading

import pytest

from dualapp.sides import replies
from dualapp.sides.replies import way_to_tell


@pytest.fixture(params=["counter", "call_soon_threadsafe"], autouse=True)
def way(request, monkeypatch):
    """Both ways, where the system has event counters."""
    monkeypatch.setattr(replies, "_ways", replies._Ways())
    if request.param == "counter":
        if not hasattr(os, "eventfd"):
            pytest.skip("this system has no event counters")
    else:
        monkeypatch.delattr(os, "eventfd", raising=False)
    return request.param


async def test_what_threads_tell_is_called_on_the_loop_in_order():
    told, done = [], asyncio.Event()
    tell = way_to_tell(asyncio.get_running_loop())

    def call(number):
        told.append((number, threading.get_ident()))
        if number == 99:
            done.set()

    thread = threading.Thread(target=lambda: [tell(call, number) for number in range(100)])
    thread.start()
    async with asyncio.timeout(10):
        await done.wait()
    thread.join()
    assert told == [(number, threading.get_ident()) for number in range(100)]


async def test_a_loop_has_one_counter(way):
    loop = asyncio.get_running_loop()
    assert (way_to_tell(loop) == way_to_tell(loop)) is (way == "counter")


def test_each_loop_of_a_thread_has_its_own():
    async def tell_itself():
        told = asyncio.Event()
        way_to_tell(asyncio.get_running_loop())(told.set)
        async with asyncio.timeout(10):
            await told.wait()

    for _ in range(3):
        asyncio.run(tell_itself())


def test_a_closed_loop_may_be_told():
    async def ask():
        return way_to_tell(asyncio.get_running_loop())

    tell = asyncio.run(ask())
    tell(pytest.fail, "called without a loop")


def test_nothing_stays_open(way):
    async def tell_itself():
        told = asyncio.Event()
        way_to_tell(asyncio.get_running_loop())(told.set)
        await told.wait()

    loops = [asyncio.new_event_loop() for _ in range(10)]  # still there when they are closed
    gc.collect()
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else None
    for loop in loops:
        loop.run_until_complete(tell_itself())
        loop.close()
    if before is not None:
        assert len(os.listdir("/proc/self/fd")) == len(before) - 3 * len(loops)


async def test_a_loop_that_watches_no_files(monkeypatch):
    def add_reader(*args):
        raise NotImplementedError

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "add_reader", add_reader, raising=False)
    told = asyncio.Event()
    way_to_tell(loop)(told.set)
    async with asyncio.timeout(10):
        await told.wait()


def test_loops_that_take_turns_keep_their_ways(way):
    loops = [asyncio.new_event_loop() for _ in range(2)]

    async def tell_itself():
        told = asyncio.Event()
        way_to_tell(asyncio.get_running_loop())(told.set)
        await told.wait()

    for loop in loops:
        loop.run_until_complete(tell_itself())
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else None
    for loop in loops * 20:
        loop.run_until_complete(tell_itself())
    if before is not None:
        assert len(os.listdir("/proc/self/fd")) <= len(before)
    for loop in loops:
        loop.close()


async def test_no_counter_is_to_be_had(way, monkeypatch):
    def refuse(*args):
        raise OSError

    if way == "counter":
        monkeypatch.setattr(os, "eventfd", refuse)
    told = asyncio.Event()
    way_to_tell(asyncio.get_running_loop())(told.set)
    async with asyncio.timeout(10):
        await told.wait()


async def test_a_function_that_raises_holds_nobody_up(way):
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    raised = []
    loop.set_exception_handler(lambda loop, context: raised.append(context["exception"]))

    def fail():
        raise ValueError

    tell = way_to_tell(loop)
    tell(fail)
    tell(told.set)
    async with asyncio.timeout(10):
        await told.wait()
    assert [type(error) for error in raised] == [ValueError]
