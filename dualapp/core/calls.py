"""How the core calls what the application's author wrote, be it sync or async.

The lifecycle is ``async def`` code that awaits ``call(function, ...)``. When a call needs something
that only a side can give, it yields a request for it, one of the two classes below, to whatever
steps the lifecycle (:mod:`dualapp.sides.drivers`). A call that needs nothing never suspends, so a
request whose callables are all sync is answered by one ``send(None)``, without an event loop.
"""

from __future__ import annotations

import typing as t
from collections.abc import Awaitable, Callable, Coroutine, Generator

from .memo import Memo

#: ``await call(function, *args, **kwargs)``: the result of a user's callable, awaited if need be.
Call = Callable[..., Coroutine[t.Any, t.Any, t.Any]]


class Wait:
    """A request to the side: wait for this awaitable and send its result back."""

    __slots__ = ("awaitable",)

    def __init__(self, awaitable: Awaitable[t.Any]) -> None:
        self.awaitable = awaitable

    def __await__(self) -> Generator[t.Any, t.Any, t.Any]:
        return (yield self)


class Hop:
    """A request to the side: run this blocking function off the event loop."""

    __slots__ = ("args", "function", "kwargs")

    def __init__(
        self, function: Callable[..., t.Any], args: tuple[t.Any, ...], kwargs: dict[str, t.Any]
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs

    def __await__(self) -> Generator[t.Any, t.Any, t.Any]:
        return (yield self)


def is_awaitable(value: object) -> bool:
    """Tell whether a returned value is something to wait for.

    The type is asked, not the value: a proxy or a mock must not pass for a coroutine.
    """
    return awaits[type(value)]


#: Whether instances of a class are awaitable.
awaits: Memo[type, bool] = Memo(lambda cls: hasattr(cls, "__await__"))


async def awaited(awaitable: Awaitable[t.Any]) -> t.Any:
    """Await a value through ``call``: ``await call(awaited, value)`` waits where the side says."""
    return await awaitable


async def call_in_place(function: Callable[..., t.Any], /, *args: t.Any, **kwargs: t.Any) -> t.Any:
    """Call in this very thread; what turns out to be awaitable is waited for by the side.

    The way of the WSGI side and of worker threads on the ASGI side.
    """
    result = function(*args, **kwargs)
    if awaits[type(result)]:
        return await Wait(result)
    return result
