"""Where a thread waits for coroutines: in a loop of its own, or by the server's loop.

What can be said without one is in :mod:`.bridges`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import os
import sys
import threading
import typing as t
from collections.abc import Awaitable, Callable
from contextvars import Context

from . import foreign
from .bridges import is_under_gevent
from .drivers import CANCELLED_INSIDE, as_coroutine, throwable
from .exits import at_end_of_child, at_the_very_end
from .lazyloop import LazyLoop

T = t.TypeVar("T")


class OpenLoop:
    """The event loop of an :class:`.bridges.OwnLoop` from its first awaitable on.

    Args:
        keep: As there.
    """

    __slots__ = ("_loop", "_owner")

    def __init__(self, keep: bool | None) -> None:
        self._owner = _owner_of(keep)
        self._loop = _loop_of_this_thread() if self._owner == "thread" else LazyLoop()

    def block(self, awaitable: Awaitable[T], context: Context) -> T:
        """Run the awaitable, see :meth:`.bridges.OwnLoop.block`."""
        if must_run_apart():
            result: T = _run_apart(self._run, self._loop, awaitable, context)
            return result
        return self._run(self._loop, awaitable, context)

    def is_running(self) -> bool:
        """Tell whether the loop runs just now, in any thread."""
        return self._loop.is_running()

    def close(self) -> None:
        """End what still runs in the loop and close it, unless it is kept."""
        if self._owner == "thread":
            return
        if must_run_apart():
            _run_apart(_close, self._loop)
        else:
            _close(self._loop)

    def _run(self, loop: LazyLoop, awaitable: Awaitable[T], context: Context) -> T:
        task = loop.task_of_owner(as_coroutine(awaitable), context)
        try:
            return loop.run_task(task)
        except asyncio.CancelledError as error:
            raise RuntimeError(CANCELLED_INSIDE) from error
        except GeneratorExit as error:
            raise throwable(error) from error
        except RuntimeError as error:
            foreign.explain(error, self._owner)
            raise
        finally:
            if not task.done():  # a signal handler raised
                task.cancel()
                loop.run_until_complete(asyncio.wait([task]))


def _owner_of(keep: bool | None) -> foreign.Owner:
    if keep is None:
        return "call"
    if not keep:
        return "request"
    return "greenlet" if must_run_apart() else "thread"  # there no thread lasts


class ServerLoop:
    """The loop that an ASGI server runs, as seen from a worker thread."""

    _is_cancelled = False
    _tasks: set[asyncio.Task[t.Any]] | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def block(self, awaitable: Awaitable[T], context: Context, to_the_end: bool = True) -> T:
        """Send the awaitable to the server's loop, and wait in this thread until it is done.

        Args:
            awaitable: What to wait for.
            context: Where it runs.
            to_the_end: It may still run when the request was cancelled, as teardown must.
        """
        result: concurrent.futures.Future[T] = concurrent.futures.Future()
        start = functools.partial(self._start, awaitable, context, result, to_the_end)
        try:
            self.loop.call_soon_threadsafe(start)
        except RuntimeError:  # the server has closed its loop
            _discard(awaitable)
            raise
        return result.result()

    def without_request(self) -> ServerLoop:
        """Give the same loop for what outlives the request, which this may be."""
        return ServerLoop(self.loop)

    def usable_here(self) -> bool:
        """Tell whether this code may block on it: not from the loop's own thread."""
        return asyncio._get_running_loop() is not self.loop

    def close(self) -> None:
        """Nothing: the loop is the server's."""

    def cancel(self) -> None:
        """Cancel what threads wait for now; to be called on the loop.

        Not before the loop has started all that they sent so far: none of it is missed.
        """
        self._is_cancelled = True
        self.loop.call_soon(self._cancel)

    def _cancel(self) -> None:
        for task in self._tasks or ():
            task.cancel()

    def _start(
        self,
        awaitable: Awaitable[T],
        context: Context,
        result: concurrent.futures.Future[T],
        to_the_end: bool,
    ) -> None:
        task = in_task(self.loop, awaitable, context)
        if self._tasks is None:
            self._tasks = set()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda done: _hand_over(done, result))
        if self._is_cancelled and not to_the_end:
            task.cancel()


def in_task(
    loop: asyncio.AbstractEventLoop, awaitable: Awaitable[T], context: Context
) -> asyncio.Task[T]:
    """Start an awaitable as a task whose steps run in the given context."""
    return loop.create_task(as_coroutine(awaitable), context=context)


_thread = threading.local()


def must_run_apart() -> bool:
    """Tell whether an event loop cannot be run by this thread.

    It cannot where a loop runs already (a test, a notebook), nor in a greenlet: there all
    greenlets of the worker would stand still, and share one running loop.
    """
    if asyncio._get_running_loop() is not None:
        return True
    return "gevent.monkey" in sys.modules and is_under_gevent()


def _run_apart(function: Callable[..., T], loop: LazyLoop, *args: t.Any) -> T:
    """Run something that runs an event loop in a real thread, as this one cannot."""
    if is_under_gevent():
        from . import greenlets

        return greenlets.run_in_thread_of(loop, function, *args)
    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="dualapp-loop") as executor:
        return executor.submit(function, loop, *args).result()


class KeptLoop:
    """The loop of a worker thread, closed when the thread ends, or the process."""

    def __init__(self) -> None:
        self.loop = LazyLoop()
        self._made_in = os.getpid()

    @property
    def is_usable(self) -> bool:
        """Whether it is open, and not one that a parent process goes on with."""
        return not self.loop.is_closed() and self._made_in == os.getpid()

    def close(self, threads_may_start: bool = True) -> None:
        """Close the loop, with what is bound to it unless that is a parent process's.

        Args:
            threads_may_start: See :func:`_close`.
        """
        if self.is_usable:
            _close(self.loop, threads_may_start)
        elif not self.loop.is_closed():
            self.loop.abandon()

    def __del__(self) -> None:
        if not sys.is_finalizing():
            self.close()


def _loop_of_this_thread() -> LazyLoop:
    kept: KeptLoop | None = getattr(_thread, "kept", None)
    if kept is None or not kept.is_usable:
        kept = _thread.kept = KeptLoop()
        if threading.current_thread() is threading.main_thread():
            at_end_of_child(kept.close, priority=-1)
    return kept.loop


def _close_kept_loop() -> None:
    """Close the loop of the main thread, which ends no earlier than the process."""
    kept: KeptLoop | None = getattr(_thread, "kept", None)
    if kept is not None:
        kept.close(threads_may_start=False)


at_the_very_end(_close_kept_loop)  # shutdown hooks may need it


def _close(loop: LazyLoop, threads_may_start: bool = True) -> None:
    """Do what :func:`asyncio.run` does at its end, as far as there is something to do.

    Args:
        loop: The loop.
        threads_may_start: False at exit, where those of the loop's executor have ended as well.
    """
    try:
        if loop.has_callbacks:
            loop.run_once()
        if loop.tasks_made:
            _cancel_all(loop)
        if loop.has_asyncgens:
            loop.run_until_complete(loop.shutdown_asyncgens())
        if loop._default_executor is not None and threads_may_start:
            loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        if not _is_closing_a_generator(task):
            task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks))
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            message = "A task that a request left behind failed when it was cancelled"
            loop.call_exception_handler({"message": message, "exception": error, "task": task})


def _is_closing_a_generator(task: asyncio.Task[t.Any]) -> bool:
    """Tell whether asyncio made this task for an async generator that nobody holds any more."""
    return type(task.get_coro()).__name__ == "async_generator_athrow"


def _hand_over(task: asyncio.Task[T], result: concurrent.futures.Future[T]) -> None:
    if task.cancelled():
        from_outside = task.cancelling() > 0
        result.set_exception(
            asyncio.CancelledError() if from_outside else RuntimeError(CANCELLED_INSIDE)
        )
    elif (error := task.exception()) is not None:
        result.set_exception(throwable(error))
    else:
        result.set_result(task.result())


def _discard(awaitable: Awaitable[t.Any]) -> None:
    close = getattr(awaitable, "close", None)
    if close is not None:  # a coroutine that never ran would warn
        close()
