"""Under gevent: what a greenlet and a real thread do for each other.

All greenlets of a worker share one thread, and an event loop in it would stop them all. So each
loop runs in a thread of its own, and only the greenlet that it belongs to waits for it. A socket or
a selector of gevent, however, works only in the thread that it was made in. So a loop stays with
its thread, and where async code reads the request's body, the greenlet's thread does that.
"""

from __future__ import annotations

import functools
import importlib
import typing as t
from collections.abc import Callable, Iterator
from weakref import WeakKeyDictionary

if t.TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from _typeshed.wsgi import WSGIEnvironment

T = t.TypeVar("T")

#: Threads kept for later loops; more are made where more requests wait at once.
MAX_FREE_THREADS = 100

#: Pools of gevent with one thread each. Only greenlets of one thread use them: no lock is needed.
_free_threads: list[t.Any] = []
_thread_of: WeakKeyDictionary[AbstractEventLoop, t.Any] = WeakKeyDictionary()


def run_in_thread_of(loop: AbstractEventLoop, function: Callable[..., T], *args: t.Any) -> T:
    """Call ``function(loop, *args)`` in the loop's thread; only this greenlet waits."""
    thread = _thread_of.get(loop)
    if thread is None:
        thread = _thread_of[loop] = _free_threads.pop() if _free_threads else _new_thread()
    try:
        return t.cast(T, _result_of(thread.apply(_outcome, (function, (loop, *args)))))
    finally:
        if loop.is_closed():
            del _thread_of[loop]
            _set_free(thread)


def _new_thread() -> t.Any:
    return _module("gevent.threadpool").ThreadPool(1)


def _set_free(thread: t.Any) -> None:
    if len(_free_threads) < MAX_FREE_THREADS:
        _free_threads.append(thread)
    else:
        thread.kill()


def guard_input(environ: WSGIEnvironment) -> None:
    """Let the request's body be read from any thread."""
    environ["wsgi.input"] = GreenletInput(environ["wsgi.input"])


class GreenletInput:
    """A body (``wsgi.input``) that is read in the thread that it belongs to, whichever asks.

    Args:
        body: The server's own.
    """

    def __init__(self, body: t.Any) -> None:
        self._body = body
        self._hub = _module("gevent").get_hub()

    def read(self, *size: t.Any) -> bytes:
        return t.cast(bytes, self._call(self._body.read, *size))

    def readline(self, *size: t.Any) -> bytes:
        return t.cast(bytes, self._call(self._body.readline, *size))

    def readlines(self, *hint: t.Any) -> list[bytes]:
        return t.cast("list[bytes]", self._call(self._body.readlines, *hint))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _call(self, function: Callable[..., T], *args: t.Any) -> T:
        if _original("get_ident")() == self._hub.thread_ident:
            return function(*args)
        return _run_in_greenlet(self._hub, function, *args)


def _run_in_greenlet(hub: t.Any, function: Callable[..., T], *args: t.Any) -> T:
    """Run a function in a new greenlet of another thread, and block this one meanwhile."""
    outcome: list[tuple[T | None, BaseException | None]] = []
    is_done = _original("allocate_lock")()
    is_done.acquire()

    def work() -> None:
        outcome.append(_outcome(function, args))
        is_done.release()

    hub.loop.run_callback_threadsafe(_module("gevent").spawn, work)
    is_done.acquire()
    return _result_of(outcome.pop())


def _outcome(
    function: Callable[..., T], args: tuple[t.Any, ...]
) -> tuple[T | None, BaseException | None]:
    """Hand an error over as a value: gevent prints what is raised, even if it is caught."""
    try:
        return function(*args), None
    except BaseException as error:
        return None, error


def _result_of(outcome: tuple[T | None, BaseException | None]) -> T:
    result, error = outcome
    del outcome
    try:
        if error is not None:
            raise error
        return t.cast(T, result)
    finally:
        del error  # its traceback holds this frame, which would hold it


@functools.cache
def _original(name: str) -> t.Any:
    """Give a function of threads that gevent has put another one in the place of."""
    return _module("gevent.monkey").get_original("_thread", name)


def _module(name: str) -> t.Any:
    """Import a part of gevent, which has no types and need not be there to check them."""
    return importlib.import_module(name)
