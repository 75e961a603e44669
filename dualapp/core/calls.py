"""How the core calls what the application's author wrote, be it sync or async.

The lifecycle is ``async def`` code. ``call(function)`` gives the function's result, or what is
to be awaited for it; ``await done(call(function))`` is the result in any case. When something
is needed that only a side can give, awaiting yields a request for it, one of the two classes below,
to whatever steps the lifecycle (:mod:`dualapp.sides.drivers`). A request whose callables are all
sync never suspends: it is answered by one ``send(None)``, without an event loop.
"""

from __future__ import annotations

import typing as t
from collections.abc import Awaitable, Callable, Generator

from .memo import Memo

#: ``call(function, args=(), kwargs=None)``: the result of a user's callable, or an awaitable of it.
#: Not with ``*args, **kwargs``, of which each call would make a tuple and a dictionary.
Call = Callable[..., t.Any]


Args = tuple[t.Any, ...]
Kwargs = dict[str, t.Any] | None


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
        self, function: Callable[..., t.Any], args: Args = (), kwargs: Kwargs = None
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs or {}

    def __await__(self) -> Generator[t.Any, t.Any, t.Any]:
        return (yield self)


def is_awaitable(value: object) -> bool:
    """Tell whether a returned value is something to wait for.

    The type is asked, not the value: a proxy or a mock must not pass for a coroutine.
    """
    return awaits[type(value)]


#: Whether instances of a class are awaitable.
awaits: Memo[type, bool] = Memo(lambda cls: hasattr(cls, "__await__"))


async def done(begun: t.Any) -> t.Any:
    """Give the result of a call, awaited if need be.

    Where this is done for each request it is written out, without a coroutine for what needs none.
    """
    return await begun if awaits[type(begun)] else begun


async def awaited(awaitable: Awaitable[t.Any]) -> t.Any:
    """Await a value through ``call``: ``call(awaited, (value,))`` waits where the side says."""
    return await awaitable


def call_in_place(function: Callable[..., t.Any], args: Args = (), kwargs: Kwargs = None) -> t.Any:
    """Call in this very thread; what turns out to be awaitable is waited for by the side.

    The way of the WSGI side and of worker threads on the ASGI side.
    """
    result = function(*args, **kwargs) if kwargs else function(*args)
    return Wait(result) if awaits[type(result)] else result
