"""How a worker thread tells an event loop that something is done.

``call_soon_threadsafe`` of asyncio's own loop goes through a pair of sockets, with a handle and a
copied context for each call. Where the system has event counters (Linux) a loop is woken by one
instead, and told of all that is done meanwhile at once. Benchmark:
``tests/benchmarks/inprocess.py``, "sync view" on ASGI.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import threading
import typing as t
import weakref
from collections import deque
from collections.abc import Callable
from contextvars import Context

#: Calls a function with arguments on the loop; may be called in any thread.
Tell = Callable[..., t.Any]


class Replies:
    """What threads have to tell one loop.

    Args:
        loop: The loop, which runs in this thread.
        counter: The event counter to wake it by; it is closed with this object.

    Raises:
        NotImplementedError: The loop watches no files.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, counter: int) -> None:
        self._told: deque[tuple[Callable[..., object], tuple[t.Any, ...]]] = deque()
        self._counter = counter
        # In a context of its own, which would otherwise keep that of the first request alive.
        Context().run(loop.add_reader, counter, self._call_all)

    def __del__(self) -> None:
        # The loop is closed, so it watches the counter no more; and no thread has this any more.
        os.close(self._counter)

    def tell(self, function: Callable[..., object], *args: t.Any) -> None:
        """Let the loop call a function soon; from any thread, also when the loop is closed."""
        self._told.append((function, args))
        os.eventfd_write(self._counter, 1)

    def _call_all(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._counter)
        told = self._told
        try:
            while told:
                function, args = told.popleft()
                function(*args)
        finally:
            if told:  # a function raised
                os.eventfd_write(self._counter, 1)


class _Ways(threading.local):
    """How to tell the loops that have run in this thread; a loop keeps its own until it closes."""

    def __init__(self) -> None:
        self.known: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, weakref.ref[Replies]] = (
            weakref.WeakKeyDictionary()
        )


_ways = _Ways()


def way_to_tell(loop: asyncio.AbstractEventLoop) -> Tell:
    """Give the way to tell the loop that runs in this thread."""
    known = _ways.known.get(loop)
    replies = None if known is None else known()
    if replies is None:
        replies = _replies_to(loop)
        if replies is None:
            return functools.partial(_call_soon, loop)
        _ways.known[loop] = weakref.ref(replies)
    return replies.tell


def _replies_to(loop: asyncio.AbstractEventLoop) -> Replies | None:
    """Make the quick way; None where it is not to be had."""
    try:
        return Replies(loop, os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC))
    except (AttributeError, OSError, NotImplementedError):
        return None


def _call_soon(
    loop: asyncio.AbstractEventLoop, function: Callable[..., object], *args: t.Any
) -> None:
    with contextlib.suppress(RuntimeError):  # a loop that was closed: nobody waits any more
        loop.call_soon_threadsafe(function, *args)
