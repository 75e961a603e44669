"""Stepping the core's coroutines, and answering what they ask for.

There are two ways. *In place*: this thread steps the coroutine and blocks for what must be waited
for; that is a WSGI server's thread, or a worker thread on ASGI. *On the loop*: the server's task
steps it and passes every suspension on to the event loop.

Both run user code inside a context of the request's own (:pep:`567`) and leave it before anything
else is called: a ContextVar that one hook sets is seen by all that follows, also by coroutines
that run elsewhere, while the server's own context is never written to.
"""

from __future__ import annotations

import types
import typing as t
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context
from inspect import CO_COROUTINE
from types import CoroutineType, FunctionType

from ..core.calls import Args, Hop, Kwargs, Wait, awaits
from .colour import runs_on_loop

if t.TYPE_CHECKING:
    from ..ctx import RequestContext

T = t.TypeVar("T")

#: Says why a request failed that nobody cancelled; a server would take a CancelledError as its own.
CANCELLED_INSIDE = (
    "A coroutine of this request was cancelled, and not from outside: a view or a hook awaited a"
    " task that was cancelled, or raised CancelledError. Catch it there."
)

#: Runs a function inside the request's context: ``Context.run``, or a plain call.
Enter = Callable[..., t.Any]
#: Blocks until an awaitable is done.
Block = Callable[[Awaitable[t.Any]], t.Any]
#: Runs a function in a worker thread, in a given context.
HopTo = Callable[[Context, Callable[..., t.Any], tuple[t.Any, ...], dict[str, t.Any]], t.Any]


def drive(coroutine: Coroutine[t.Any, t.Any, T], enter: Enter, block: Block) -> T:
    """Step a coroutine of the core to its end in this thread.

    Args:
        coroutine: What to run.
        enter: Called as ``enter(function, *args)``; puts each step into the request's context.
        block: Called outside that context with each awaitable that must be waited for.

    Returns:
        What the coroutine returns.
    """
    try:
        asked = enter(coroutine.send, None)
        while True:
            try:
                value = block(_awaitable_of(asked))
            except BaseException as error:
                asked = enter(coroutine.throw, error)
            else:
                asked = enter(coroutine.send, value)
    except StopIteration as stop:
        result: T = stop.value
        return result


@types.coroutine
def continued(work: Coroutine[t.Any, t.Any, T], asked: object) -> Generator[t.Any, t.Any, T]:
    """Go on with a coroutine that has been stepped to its first request already."""
    try:
        while True:
            try:
                value = yield asked
            except BaseException as error:
                asked = work.throw(error)
            else:
                asked = work.send(value)
    except StopIteration as stop:
        return t.cast(T, stop.value)


def throwable(error: BaseException) -> BaseException:
    """Replace an error that would close a coroutine instead of being raised in it."""
    if not isinstance(error, GeneratorExit):
        return error
    instead = RuntimeError("A function of the application raised GeneratorExit.")
    instead.__cause__ = error
    return instead


def _awaitable_of(asked: object) -> Awaitable[t.Any]:
    if type(asked) is Wait:
        return asked.awaitable
    raise RuntimeError(
        f"The request's lifecycle suspended on {asked!r} in a thread where nothing can resume it."
        " Code of dualapp awaited something without going through call(); this is a bug in"
        " dualapp, please report it with this message."
    )


#: In the place of what a coroutine asks for, where it was not stepped yet.
_NOTHING_ASKED: t.Any = object()


@types.coroutine
def on_loop(
    coroutine: Coroutine[t.Any, t.Any, T],
    context: Context,
    hop: HopTo,
    asked: t.Any = _NOTHING_ASKED,
) -> Generator[t.Any, t.Any, T]:
    """Step a coroutine of the core as a part of the running task.

    Args:
        coroutine: What to run.
        context: Where its steps run. It must not be in use elsewhere meanwhile.
        hop: Gives an awaitable that runs a blocking function in a worker thread, in the context;
            it must not end before the thread has left the context, not even when cancelled.
        asked: What its first step has asked for, if it was stepped already.

    Returns:
        What the coroutine returns.
    """
    run, send = context.run, coroutine.send
    try:
        if asked is _NOTHING_ASKED:
            asked = run(send, None)
        while True:
            try:
                if type(asked) is Hop:
                    value = yield from hop(
                        context, asked.function, asked.args, asked.kwargs
                    ).__await__()
                else:
                    value = yield asked
            except BaseException as error:
                asked = run(coroutine.throw, error)
            else:
                asked = run(send, value)
    except StopIteration as stop:
        result: T = stop.value
        return result


def begin_on_loop(
    work: Callable[..., t.Any], ctx: RequestContext, context: Context, hop: HopTo
) -> t.Any:
    """Call a function of the core for a request, and step once the coroutine that it may give.

    To be called in the context. Most of what need not wait is done then, at a lower price.

    Args:
        work: Called as ``work(ctx, call)``.
        ctx: The request's own context.
        context: As for :func:`on_loop`.
        hop: As there.

    Returns:
        The result, or an awaitable of it.
    """
    begun = work(ctx, call_on_loop)
    if type(begun) is not CoroutineType:
        return begun
    try:
        asked = begun.send(None)
    except StopIteration as stop:
        return stop.value
    return on_loop(begun, context, hop, asked)


def call_on_loop(function: Callable[..., t.Any], args: Args = (), kwargs: Kwargs = None) -> t.Any:
    """Call from the event loop: async in place, sync in a worker thread unless it never blocks."""
    # What most are comes first. Benchmark: tests/benchmarks/inprocess.py.
    if type(function) is FunctionType and function.__code__.co_flags & CO_COROUTINE:
        return _guarded(function(*args, **kwargs) if kwargs else function(*args))
    if not runs_on_loop(function):
        return _call_elsewhere(function, args, kwargs)
    result = function(*args, **kwargs) if kwargs else function(*args)
    return _guarded(result) if awaits[type(result)] else result


async def _call_elsewhere(function: Callable[..., t.Any], args: Args, kwargs: Kwargs) -> t.Any:
    result = await Hop(function, args, kwargs)
    return await _guarded(result) if awaits[type(result)] else result


async def _guarded(awaitable: Awaitable[T]) -> T:
    """Await what code of the application gave; tell its CancelledError from the server's."""
    try:
        return await awaitable
    except BaseException as error:
        if _is_cancelled_inside(error):
            raise RuntimeError(CANCELLED_INSIDE) from error
        raise


def _is_cancelled_inside(error: BaseException) -> bool:
    """Tell whether code of this task raised CancelledError, and nobody has cancelled the task."""
    import asyncio  # runs this already; whoever is on the WSGI side may have no use for it

    if not isinstance(error, asyncio.CancelledError):
        return False
    task = asyncio.current_task()
    return task is not None and not task.cancelling()


async def awaiting(awaitable: Awaitable[T]) -> T:
    """Make a coroutine, which tasks want, of any awaitable."""
    return await awaitable


def as_coroutine(awaitable: Awaitable[T]) -> Coroutine[t.Any, t.Any, T]:
    """Give a coroutine as it is, and any other awaitable wrapped in one."""
    if isinstance(awaitable, CoroutineType):
        return awaitable
    return awaiting(awaitable)
