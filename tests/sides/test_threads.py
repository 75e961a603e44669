"""The worker threads that run sync code on the ASGI side."""

from __future__ import annotations

import asyncio
import threading
import weakref

import pytest

from dualapp.sides.threads import HopFuture, Workers, in_executor

from .asgi_parts import Gate


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def loop_thread():
    return threading.get_ident()


# -- the pool --------------------------------------------------------------------------------------


async def test_threads_are_made_on_demand_up_to_the_limit(gate):
    workers = Workers(3, 100)
    assert workers.threads == 0
    futures = []
    for expected in (1, 2, 3, 3, 3):
        futures.append(workers.submit(gate))
        assert workers.threads == expected
    await gate.holds(3)
    assert (workers.busy, workers.queued) == (3, 2)
    gate.open()
    assert await asyncio.gather(*futures) == ["through"] * 5
    assert gate.most == 3
    assert (workers.threads, workers.busy, workers.queued) == (3, 0, 0)


async def test_a_free_thread_is_used_before_one_is_made():
    workers = Workers(3, 100)
    for _ in range(20):
        await workers.submit(int)
    assert workers.threads == 1


async def test_what_is_counted(gate):
    workers = Workers(1, 100)
    futures = [workers.submit(gate) for _ in range(4)]
    await gate.holds(1)
    await asyncio.sleep(0.02)
    gate.open()
    await asyncio.gather(*futures)
    assert workers.jobs_done == 4
    assert workers.longest_queue == 3
    assert 0.06 < workers.seconds_waited < 3


@pytest.mark.parametrize("queue_limit", [0, 1, 3])
async def test_the_pool_is_full_when_all_threads_are_busy_and_the_queue_too(gate, queue_limit):
    workers = Workers(2, queue_limit)
    futures = []
    for _ in range(2 + queue_limit):
        assert not workers.is_full
        futures.append(workers.submit(gate))
    assert workers.is_full
    gate.open()
    await asyncio.gather(*futures)
    assert not workers.is_full


async def test_a_nested_job_gets_a_thread_of_its_own_which_then_goes(gate):
    workers = Workers(1, 0)
    futures = [workers.submit(gate)] + [workers.submit(gate, nested=True) for _ in range(3)]
    await gate.holds(4)
    assert workers.threads == 4
    gate.open()
    await asyncio.gather(*futures)
    assert workers.threads == 1


async def test_a_nested_job_does_not_wait_for_those_in_the_queue(gate):
    workers = Workers(1, 100)
    waiting = [workers.submit(gate) for _ in range(3)]
    await gate.holds(1)
    assert await asyncio.wait_for(workers.submit(lambda: "nested", nested=True), 1) == "nested"
    gate.open()
    await asyncio.gather(*waiting)


async def test_a_thread_that_cannot_be_made_leaves_the_counts_right(gate, monkeypatch):
    workers = Workers(2, 100)

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            workers.submit(gate)
    assert (workers.threads, workers.queued) == (0, 0)
    gate.open()
    assert await workers.submit(gate) == "through"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit, SystemExit])
async def test_an_error_of_a_job_is_raised_where_it_is_awaited(error):
    def fail():
        raise error("in the thread")

    workers = Workers(1, 1)
    future = workers.submit(fail)
    await asyncio.wait([future])
    assert type(future.exception()) is error
    assert await workers.submit(int) == 0  # the thread goes on


async def test_stop_iteration_does_not_end_the_coroutine_that_waits():
    with pytest.raises(RuntimeError, match="StopIteration") as raised:
        await Workers(1, 1).submit(lambda: next(iter(())))
    assert isinstance(raised.value.__cause__, StopIteration)


async def test_threads_end_with_their_pool():
    before = set(threading.enumerate())
    workers = Workers(4, 10)
    together = threading.Barrier(4)
    await asyncio.gather(*[workers.submit(together.wait) for _ in range(4)])
    made = set(threading.enumerate()) - before
    assert len(made) == 4
    del workers
    for thread in made:
        thread.join(1)
        assert not thread.is_alive()


async def test_an_idle_thread_keeps_nothing_alive():
    class Thing:
        pass

    workers = Workers(1, 1)
    thing = Thing()
    ref = weakref.ref(thing)
    await workers.submit(lambda thing=thing: thing)
    del thing
    await asyncio.sleep(0.01)
    assert ref() is None


# -- cancelling ------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", [Workers(1, 1).submit, in_executor])
async def test_cancellation_waits_for_the_thread(run, gate):
    log = []

    async def wait():
        try:
            await run(gate)
        finally:
            log.append(gate.held)

    task = asyncio.create_task(wait())
    await gate.holds(1)
    task.cancel()
    await asyncio.sleep(0.02)
    assert not task.done()
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == [0]


async def test_cancellation_is_told_while_the_thread_runs(gate):
    async def wait():
        await Workers(1, 1).submit(gate, on_cancel=gate.open)

    task = asyncio.create_task(wait())
    await gate.holds(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 1)


async def test_a_job_that_no_thread_has_taken_is_taken_back(gate):
    workers = Workers(1, 10)
    first = workers.submit(gate)
    ran = []
    second = workers.submit(lambda: ran.append(True))
    assert second.cancel()
    assert not second.cancel()
    gate.open()
    await first
    assert await workers.submit(int) == 0
    assert not ran
    assert (workers.jobs_done, workers.queued, workers.busy) == (2, 0, 0)


async def test_a_result_after_the_loop_was_closed_harms_nothing():
    workers = Workers(1, 1)
    release = threading.Event()
    loop = asyncio.new_event_loop()

    def submit():
        async def start():
            return workers.submit(lambda: release.wait(5))

        loop.run_until_complete(start())
        loop.close()

    await asyncio.to_thread(submit)
    release.set()
    assert await workers.submit(lambda: "next") == "next"


async def test_a_job_is_claimed_once():
    claims: list[bool] = []
    for number in range(50):
        future = HopFuture()
        future.claims = [None]
        threads = [threading.Thread(target=claim, args=(future, claims)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert claims.count(True) == number + 1


def claim(future, claims):
    claims.append(future.claim())
