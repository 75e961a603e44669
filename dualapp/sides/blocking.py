"""Sync functions of the public API over work that may meet async callables.

Such work is written once, as a coroutine of the core, and finished here. Outside ``async def``
code the caller waits. Inside, waiting would stop the very loop that must do the work, so there the
caller gets an awaitable, and only if something awaitable was met at all.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Awaitable, Callable, Coroutine

from ..core.calls import Wait, awaits
from ..globals import _cv_context
from .bridges import Bridge, OwnLoop, block_here, loop_runs_here
from .colour import is_async
from .drivers import continued, drive

T = t.TypeVar("T")


def finish(work: Coroutine[t.Any, t.Any, T]) -> T:
    """Run work of the core from a sync function, at once.

    Returns:
        Its result. If an awaitable was met while an event loop runs in this thread, an awaitable
        of the result instead.
    """
    try:
        asked = work.send(None)
    except StopIteration as stop:
        return t.cast(T, stop.value)
    if loop_runs_here():
        return t.cast(T, _resume(work, asked))
    return _drive_on(work, asked)


def complete(work: Coroutine[t.Any, t.Any, T]) -> T:
    """Run work of the core from a sync function and wait for it, whatever thread this is.

    For what has no other moment, such as the end of a ``with`` block: inside a running loop the
    async part runs in a loop and a thread of its own.
    """
    try:
        asked = work.send(None)
    except StopIteration as stop:
        return t.cast(T, stop.value)
    return _drive_on(work, asked)


def ensure_sync(function: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """Make an async callable one that sync code can call; a sync one is returned as it is."""
    if not is_async(function):
        return function

    @functools.wraps(function)
    def call_and_maybe_wait(*args: t.Any, **kwargs: t.Any) -> t.Any:
        result = function(*args, **kwargs)
        if loop_runs_here() or not isinstance(result, Awaitable):
            return result
        return wait_for(result)

    return call_and_maybe_wait


def call_and_wait(function: Callable[..., t.Any], /, *args: t.Any, **kwargs: t.Any) -> t.Any:
    """Call a function, sync or async, from sync code; give its result."""
    result = function(*args, **kwargs)
    return wait_for(result) if awaits[type(result)] else result


def wait_for(awaitable: Awaitable[T]) -> T:
    """Wait for an awaitable from sync code: in the request's loop, or by the server's."""
    bridge, ours = _bridge_of_this_code()
    try:
        return block_here(bridge, awaitable)
    finally:
        if ours:
            bridge.close()


def _drive_on(work: Coroutine[t.Any, t.Any, T], asked: object) -> T:
    bridge, ours = _bridge_of_this_code()
    try:
        return drive(
            continued(work, asked), lambda step, value: step(value), lambda a: block_here(bridge, a)
        )
    finally:
        if ours:
            bridge.close()


def _bridge_of_this_code() -> tuple[Bridge, bool]:
    """Give the way to wait that belongs to the current request, or one made for now."""
    context = _cv_context.get(None)
    bridge = None if context is None else context.bridge
    if bridge is not None and bridge.usable_here():
        return bridge, False
    return OwnLoop(), True


async def _resume(work: Coroutine[t.Any, t.Any, T], asked: object) -> T:
    """Go on with such a coroutine inside ``async def`` code."""
    try:
        while True:
            assert isinstance(asked, Wait)
            try:
                value = await asked.awaitable
            except BaseException as error:
                asked = work.throw(error)
            else:
                asked = work.send(value)
    except StopIteration as stop:
        return t.cast(T, stop.value)
