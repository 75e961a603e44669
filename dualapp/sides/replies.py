"""How a worker thread tells an event loop that something is done.

``call_soon_threadsafe`` of asyncio's own loop goes through a pair of sockets, with a handle and a
copied context for each call. Where the system has event counters (Linux) a loop is woken by one
instead, and told of all that is done meanwhile at once. Benchmark:
``tests/benchmarks/inprocess.py``, "sync view" on ASGI.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import typing as t
from collections import deque
from collections.abc import Callable
from contextvars import Context

#: Calls a function with arguments on the loop; may be called in any thread.
Tell = Callable[..., t.Any]


class Replies:
    """What threads have to tell one loop.

    Args:
        loop: The loop, which runs in this thread.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._told: deque[tuple[Callable[..., object], tuple[t.Any, ...]]] = deque()
        self._counter = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        # In a context of its own, which would otherwise keep that of the first request alive.
        Context().run(loop.add_reader, self._counter, self._call_all)

    def __del__(self) -> None:
        # No thread has it any more, and the loop has let it go, or is gone.
        os.close(self._counter)

    def tell(self, function: Callable[..., object], *args: t.Any) -> None:
        """Let the loop call a function soon; from any thread, also when the loop is closed."""
        self._told.append((function, args))
        os.eventfd_write(self._counter, 1)

    def _call_all(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._counter)
        told = self._told
        while told:
            function, args = told.popleft()
            function(*args)


_thread = threading.local()


def way_to_tell(loop: asyncio.AbstractEventLoop) -> Tell:
    """Give the way to tell the loop that runs in this thread."""
    if getattr(_thread, "loop", None) is not loop:
        _thread.tell = _new_way(loop)
        _thread.loop = loop
    return t.cast(Tell, _thread.tell)


def _new_way(loop: asyncio.AbstractEventLoop) -> Tell:
    if hasattr(os, "eventfd"):
        with contextlib.suppress(NotImplementedError):  # a loop that watches no files
            return Replies(loop).tell

    def tell(function: Callable[..., object], *args: t.Any) -> None:
        with contextlib.suppress(RuntimeError):  # a loop that was closed: nobody waits any more
            loop.call_soon_threadsafe(function, *args)

    return tell
