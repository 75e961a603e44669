"""Where a thread waits for coroutines: in a loop of its own, or by the server's loop.

Both classes have ``block(awaitable, context)``: run it to its end, with the tasks it is made of in
the given context, while the calling thread waits.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import os
import sys
import threading
import typing as t
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context

from . import foreign
from .drivers import CANCELLED_INSIDE, as_coroutine, throwable
from .exits import at_end_of_child
from .lazyloop import LazyLoop

T = t.TypeVar("T")


class OwnLoop:
    """The event loop of one WSGI request.

    Made when the first awaitable is met, shared by all async callables of the request, closed with
    the response: leftover tasks are cancelled and awaited, async generators closed.

    Args:
        keep: True to keep the loop for the worker thread instead (``WSGI_EVENT_LOOP = "worker"``),
            so that what is bound to a loop, such as a connection pool, outlives the request. None
            for the loop of one call that has no request, or must not touch the request's loop.
    """

    __slots__ = ("_asked_to_keep", "_keep", "_loop", "_ours", "_thread")

    def __init__(self, keep: bool | None = None) -> None:
        self._asked_to_keep = keep
        self._keep = keep is True
        self._thread = threading.get_ident()
        self._loop: LazyLoop | None = None
        self._ours = 0

    def block(self, awaitable: Awaitable[T], context: Context) -> T:
        """Run the awaitable in this loop, in the given context, until it is done.

        Raises:
            RuntimeError: Code of the application cancelled it. Nobody else does on WSGI, where
                servers do not expect a CancelledError.
        """
        if self._loop is None:
            self._loop = self._make()
        result: T = run_apart_if_needed(self._run, self._loop, awaitable, context)
        return result

    def usable_here(self) -> bool:
        """Tell whether this code may block on it: not in other threads, nor inside the loop."""
        return self._thread == threading.get_ident() and not (
            self._loop is not None and self._loop.is_running()
        )

    def close(self) -> None:
        """End what still runs in the loop and close it; nothing to do if none was made."""
        if self._loop is not None and not self._keep:
            loop, self._loop = self._loop, None
            run_apart_if_needed(_close, loop, self._ours)

    def _make(self) -> LazyLoop:
        if self._keep and must_run_apart():
            self._keep = False  # there is no thread that lasts
        return _loop_of_this_thread() if self._keep else LazyLoop()

    def _owner(self) -> foreign.Owner:
        if self._asked_to_keep is None:
            return "call"
        if self._keep:
            return "thread"
        return "greenlet" if self._asked_to_keep else "request"

    def _run(self, loop: LazyLoop, awaitable: Awaitable[T], context: Context) -> T:
        task = in_task(loop, awaitable, context)
        try:
            return loop.run_until_complete(task)
        except asyncio.CancelledError as error:
            raise RuntimeError(CANCELLED_INSIDE) from error
        except GeneratorExit as error:
            raise throwable(error) from error
        except RuntimeError as error:
            foreign.explain(error, self._owner())
            raise
        finally:
            if not task.done():  # a signal handler raised
                task.cancel()
                loop.run_until_complete(asyncio.wait([task]))
            self._ours += 1


class ServerLoop:
    """The loop that an ASGI server runs, as seen from a worker thread."""

    __slots__ = ("_tasks", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._tasks: set[asyncio.Task[t.Any]] = set()

    def block(self, awaitable: Awaitable[T], context: Context) -> T:
        """Send the awaitable to the server's loop, and wait in this thread until it is done."""
        result: concurrent.futures.Future[T] = concurrent.futures.Future()
        try:
            self.loop.call_soon_threadsafe(self._start, awaitable, context, result)
        except RuntimeError:  # the server has closed its loop
            _discard(awaitable)
            raise
        return result.result()

    def usable_here(self) -> bool:
        """Tell whether this code may block on it: not from the loop's own thread."""
        return asyncio._get_running_loop() is not self.loop

    def close(self) -> None:
        """Nothing: the loop is the server's."""

    def cancel(self) -> None:
        """Cancel what threads wait for now; to be called on the loop.

        Not before the loop has started all that they sent so far: none of it is missed.
        """
        self.loop.call_soon(self._cancel)

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _start(
        self,
        awaitable: Awaitable[T],
        context: Context,
        result: concurrent.futures.Future[T],
    ) -> None:
        task = in_task(self.loop, awaitable, context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda done: _hand_over(done, result))


Bridge = OwnLoop | ServerLoop


def in_task(
    loop: asyncio.AbstractEventLoop, awaitable: Awaitable[T], context: Context
) -> asyncio.Task[T]:
    """Start an awaitable as a task whose steps run in the given context."""
    return loop.create_task(as_coroutine(awaitable), context=context)


def block_here(bridge: Bridge, awaitable: Awaitable[T]) -> T:
    """Wait for an awaitable from inside user code, whose context is in use by this thread.

    The awaitable runs in a copy; what it set is then set here too, as if it had run in place.
    """
    context = copy_context()
    try:
        return bridge.block(awaitable, context)
    finally:
        for variable, value in context.items():
            if variable.get(_UNSET) is not value:
                variable.set(value)


_UNSET: t.Any = object()
_thread = threading.local()


def loop_runs_here() -> bool:
    """Tell whether this thread is inside a running event loop, and so must not block on one."""
    return asyncio._get_running_loop() is not None


def must_run_apart() -> bool:
    """Tell whether an event loop cannot be run by this thread.

    It cannot where a loop runs already (a test, a notebook), nor in a greenlet: there all
    greenlets of the worker would stand still, and share one running loop.
    """
    return loop_runs_here() or is_under_gevent()


def run_apart_if_needed(function: Callable[..., T], loop: LazyLoop, *args: t.Any) -> T:
    """Run something that runs an event loop, in a real thread where this one cannot."""
    if not must_run_apart():
        return function(loop, *args)
    if is_under_gevent():
        from . import greenlets

        return greenlets.run_in_thread_of(loop, function, *args)
    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="dualapp-loop") as executor:
        return executor.submit(function, loop, *args).result()


def is_under_gevent() -> bool:
    """Tell whether gevent has put greenlets in the place of this worker's threads."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("threading")


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
            _close(self.loop, 0, threads_may_start)
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


# Now, not when a loop is made: shutdown hooks, which may need it, register later and run earlier.
atexit.register(_close_kept_loop)


def _close(loop: LazyLoop, known_tasks: int, threads_may_start: bool = True) -> None:
    """Do what :func:`asyncio.run` does at its end, as far as there is something to do.

    Args:
        loop: The loop.
        known_tasks: How many of the tasks made on it are known to be done.
        threads_may_start: False at exit, where those of the loop's executor have ended as well.
    """
    try:
        if loop.has_callbacks:
            loop.run_once()
        if loop.tasks_made > known_tasks:
            _cancel_all(loop)
        if loop._asyncgens:  # type: ignore[attr-defined]
            loop.run_until_complete(loop.shutdown_asyncgens())
        if loop._default_executor is not None and threads_may_start:  # type: ignore[attr-defined]
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
