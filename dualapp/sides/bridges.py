"""How sync code waits for coroutines, as far as it needs no event loop.

A request that meets no awaitable costs nothing of :mod:`asyncio` here, not even its import: what
does, :mod:`.loops`, is imported for the first awaitable. Benchmark:
``tests/benchmarks/startup.py``.

Both bridges have ``block(awaitable, context)``: run it to its end, with the tasks it is made of in
the given context, while the calling thread waits.
"""

from __future__ import annotations

import functools
import sys
import threading
import typing as t
from collections.abc import Awaitable
from contextvars import Context, copy_context

if t.TYPE_CHECKING:
    from .loops import OpenLoop, ServerLoop

T = t.TypeVar("T")


class OwnLoop:
    """The event loop of one WSGI request, or what will be one.

    Made when the first awaitable is met, shared by all async callables of the request, closed with
    the response: leftover tasks are cancelled and awaited, async generators closed.

    Args:
        keep: True to keep the loop for the worker thread instead (``WSGI_EVENT_LOOP = "worker"``),
            so that what is bound to a loop, such as a connection pool, outlives the request. None
            for the loop of one call that has no request, or must not touch the request's loop.
    """

    __slots__ = ("_keep", "_open", "_thread")

    def __init__(self, keep: bool | None = None) -> None:
        self._keep = keep
        self._thread = threading.get_ident()
        self._open: OpenLoop | None = None

    def block(self, awaitable: Awaitable[T], context: Context) -> T:
        """Run the awaitable in this loop, in the given context, until it is done.

        Raises:
            RuntimeError: Code of the application cancelled it. Nobody else does on WSGI, where
                servers do not expect a CancelledError.
        """
        if self._open is None:
            self._open = _open_loop()(self._keep)
        return self._open.block(awaitable, context)

    def usable_here(self) -> bool:
        """Tell whether this code may block on it: not in other threads, nor inside the loop."""
        return self._thread == threading.get_ident() and not (
            self._open is not None and self._open.is_running()
        )

    def close(self) -> None:
        """End what still runs in the loop and close it; nothing to do if none was made."""
        if self._open is not None:
            opened, self._open = self._open, None
            opened.close()


@functools.cache
def _open_loop() -> type[OpenLoop]:
    from .loops import OpenLoop

    return OpenLoop


Bridge: t.TypeAlias = "OwnLoop | ServerLoop"


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


def loop_runs_here() -> bool:
    """Tell whether this thread is inside a running event loop, and so must not block on one."""
    # Another thread may be importing asyncio just now; no loop runs before it has done so.
    running = getattr(sys.modules.get("asyncio.events"), "_get_running_loop", None)
    return running is not None and running() is not None


def is_under_gevent() -> bool:
    """Tell whether gevent has put greenlets in the place of this worker's threads."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("threading")
