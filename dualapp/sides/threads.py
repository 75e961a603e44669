"""The worker threads that run sync code on the ASGI side.

A lean pool: jobs go through one queue, threads are made on demand up to ``SYNC_THREADS`` and stay
as long as the application. A job of a request that already holds a thread never waits for the
limit, since the thread that it would wait for may be its own. Benchmark:
``tests/benchmarks/inprocess.py``, column "sync on ASGI".
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
import typing as t
import weakref
from collections.abc import Callable
from queue import SimpleQueue

from anyio._backends._asyncio import AsyncIOBackend
from anyio._core import _eventloop as anyio_threads
from anyio.lowlevel import EventLoopToken
from asgiref.sync import SyncToAsync

from .replies import way_to_tell

T = t.TypeVar("T")
#: A result, or None and an error.
Outcome = tuple[t.Any, BaseException | None]


class HopFuture(asyncio.Future[t.Any]):
    """The result of a job for a worker thread.

    A job that no thread has taken yet can be cancelled, unless it must run. Later it cannot, since
    a thread cannot be stopped: the task that waits goes on when the thread is done, and is told of
    its cancellation then. So whoever awaits this knows that the thread has left the request's
    context.
    """

    #: Called, on the loop, when the task that waits for a running job is cancelled.
    on_cancel: Callable[[], object] | None = None
    #: Holds one item until the job is taken or cancelled; ``pop`` is atomic.
    claims: list[None]
    must_run: bool
    has_refused = False

    def claim(self) -> bool:
        """Take the job, for running or for cancelling it; true for the first who asks."""
        try:
            self.claims.pop()
        except IndexError:
            return False
        return True

    def cancel(self, msg: t.Any | None = None) -> bool:
        if not self.must_run and self.claim():
            return super().cancel(msg)
        self.has_refused = True
        on_cancel = self.on_cancel  # a thread that is done takes it away
        if on_cancel is not None and not self.done():
            on_cancel()
        return False


class Job:
    """What a worker thread gets: a function, and where to tell its result.

    Args:
        function: What to run.
        on_cancel: See :meth:`Workers.submit`.
        must_run: Likewise.
    """

    __slots__ = ("_function", "_loop", "_tell", "future", "since")

    def __init__(
        self,
        function: Callable[[], t.Any],
        on_cancel: Callable[[], object] | None = None,
        must_run: bool = False,
    ) -> None:
        self._function: Callable[[], t.Any] | None = function
        self._loop = asyncio.get_running_loop()
        self._tell = way_to_tell(self._loop)
        self.future = HopFuture(loop=self._loop)
        self.future.claims = [None]
        self.future.on_cancel = on_cancel
        self.future.must_run = must_run
        self.since = time.perf_counter()

    def run(self) -> Outcome:
        """Run the function in this thread, once, and let it go."""
        function, self._function = self._function, None
        assert function is not None
        try:
            _know_loop(self._loop)
            return function(), None
        except BaseException as error:
            return None, _storable(error)
        finally:
            self.future.on_cancel = None  # this thread may hold the future for a while yet

    def tell(self, outcome: Outcome) -> None:
        """Let the future have the outcome, on its loop."""
        self._tell(_settle, self.future, *outcome)


class Workers:
    """A pool of threads for blocking code.

    Args:
        limit: How many threads there may be at a time.
        queue_limit: How many jobs may wait for a thread before the pool counts as full.

    Attributes:
        jobs_done: How many jobs threads have run.
        seconds_waited: How long all of these waited for a thread, together.
        longest_queue: How many jobs have waited at the same time at most.
    """

    def __init__(self, limit: int, queue_limit: int) -> None:
        self.limit = limit
        self.queue_limit = queue_limit
        self.jobs_done = 0
        self.seconds_waited = 0.0
        self.longest_queue = 0
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._free = 0  # threads that wait for a job, less jobs that wait for a thread

    def __del__(self) -> None:
        for _ in range(self._threads):
            self._queue.put(None)

    @property
    def threads(self) -> int:
        """How many threads there are now."""
        return self._threads

    @property
    def busy(self) -> int:
        """How many of them have a job now."""
        return self._threads - max(0, self._free)

    @property
    def queued(self) -> int:
        """How many jobs wait for a thread now."""
        return max(0, -self._free)

    @property
    def is_full(self) -> bool:
        """Whether all threads are busy and as many jobs wait as may."""
        return -self._free >= self.queue_limit and self._threads >= self.limit

    def submit(
        self,
        function: Callable[[], t.Any],
        nested: bool = False,
        on_cancel: Callable[[], object] | None = None,
        must_run: bool = False,
    ) -> HopFuture:
        """Run a function in a worker thread; to be called, and awaited, on the event loop.

        Args:
            function: Its result or its error becomes the future's.
            nested: The request holds a thread already: one more is made rather than waited for.
            on_cancel: Called on the loop if the task that waits is cancelled while this runs.
            must_run: Not to be cancelled while it waits for a thread either.
        """
        job = Job(function, on_cancel, must_run)
        with self._lock:
            if self._free <= 0 and (self._threads < self.limit or nested):
                self._start_thread(job)
                return job.future
            self._free -= 1
            self.longest_queue = max(self.longest_queue, -self._free)
        self._queue.put(job)
        return job.future

    def _start_thread(self, first: Job) -> None:
        """Start a thread with a job of its own, which others in the queue do not come before."""
        threading.Thread(
            target=_work,
            args=(weakref.ref(self), self._queue, [first]),  # a thread keeps its arguments
            name=f"dualapp-worker-{self._threads + 1}",
            daemon=True,
        ).start()
        self._threads += 1

    def _is_free_again(self, seconds_waited: float | None) -> bool:
        """Count a job, and say whether its thread stays.

        Args:
            seconds_waited: How long the job waited; None if it was cancelled meanwhile.
        """
        with self._lock:
            if seconds_waited is not None:
                self.jobs_done += 1
                self.seconds_waited += seconds_waited
            if self._threads > self.limit:  # it was made for a nested job
                self._threads -= 1
                return False
            self._free += 1
            return True


def _work(pool: weakref.ref[Workers], queue: SimpleQueue[Job | None], first: list[Job]) -> None:
    """Run jobs until the pool is gone; what a worker thread does."""
    job: Job | None = first.pop()
    while job is not None:
        waited = outcome = None
        if job.future.claim():
            waited = time.perf_counter() - job.since
            outcome = job.run()
        workers = pool()
        stays = workers is not None and workers._is_free_again(waited)
        del workers  # nothing is kept alive by a thread that has nothing to do
        if outcome is not None:
            job.tell(outcome)
        del job, outcome
        job = queue.get() if stays else None


def in_executor(function: Callable[..., t.Any], *args: t.Any) -> HopFuture:
    """Run a function of our own in the loop's default executor, which no request can fill.

    Like a job of :class:`Workers` it is waited for, whatever happens to the task that awaits it.
    """
    job = Job(lambda: function(*args), must_run=True)
    asyncio.get_running_loop().run_in_executor(None, lambda: job.tell(job.run()))
    return job.future


_thread = threading.local()


def _know_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Let asgiref and anyio find the server's loop from this thread.

    Then ``async_to_sync`` and ``anyio.from_thread`` in a sync view reach it.
    """
    if getattr(_thread, "loop", None) is loop:
        return
    _thread.loop = loop
    SyncToAsync.threadlocal.main_event_loop = loop
    SyncToAsync.threadlocal.main_event_loop_pid = os.getpid()
    anyio_threads.threadlocals.current_token = EventLoopToken(AsyncIOBackend, loop)


def _storable(error: BaseException) -> BaseException:
    """A future cannot hold StopIteration, which would end the awaiting coroutine."""
    if isinstance(error, StopIteration):
        wrapped = RuntimeError("A sync function raised StopIteration.")
        wrapped.__cause__ = error
        return wrapped
    return error


def _settle(future: HopFuture, result: t.Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    elif future.has_refused and isinstance(error, asyncio.CancelledError):
        future.set_result(None)  # the task that waits is told by its own error, with its message
    else:
        future.set_exception(error)
