"""Sync or async: the one place that decides what colour a callable has.

The answer is only used to choose *where* a callable runs. What it returns is checked as well
(:func:`dualapp.core.calls.is_awaitable`), so a plain decorator around an async view costs a worker
thread at the worst and never a wrong answer.
"""

from __future__ import annotations

import functools
import inspect
import typing as t
from collections.abc import Callable
from types import CodeType, FunctionType
from weakref import WeakKeyDictionary

from ..core.plan import drop_all

F = t.TypeVar("F", bound=Callable[..., t.Any])

#: What inspect.markcoroutinefunction sets.
_MARK_OF_INSPECT = "_is_coroutine_mark"
_ASYNC, _SYNC = (True, False), (False, False)
_ASYNC_FLAGS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

#: (is async, is marked nonblocking). Marks are kept here and not on the functions, since
#: functools.wraps would copy them to a wrapper that they do not hold for.
_known: WeakKeyDictionary[Callable[..., t.Any], tuple[bool, bool]] = WeakKeyDictionary()
#: The code of marked functions, by identity; other closures over the same code are looked up too.
_marked_code: dict[int, CodeType] = {}


def nonblocking(function: F) -> F:
    """Promise that a sync function never waits, so that it may run on the event loop itself.

    On ASGI a sync view costs a hop to a worker thread, since it could block every other request.
    A view that only computes for some microseconds does not need that: mark it, and when all sync
    hooks around it are marked too, the request never leaves the loop. On WSGI it changes nothing.

    Args:
        function: The view, hook or error handler. It must not wait for anything: no network, no
            file, no lock, no ``time.sleep``.

    Returns:
        The same function, marked.
    """
    return _mark(function, is_async(function), True)


def declare_async(function: F, is_async: bool) -> F:
    """Say what a function returns that cannot be told from itself, such as a class's view.

    Args:
        function: The function.
        is_async: Whether what it returns is to be awaited on the event loop.
    """
    return _mark(function, is_async, False)


def is_async(function: Callable[..., t.Any]) -> bool:
    """Tell whether calling this gives a coroutine or an async generator."""
    return colour_of(function)[0]


def runs_on_loop(function: Callable[..., t.Any]) -> bool:
    """Tell whether this may be called on an event loop: it is async, or marked nonblocking."""
    colour = colour_of(function)
    return colour[0] or colour[1]


def _mark(function: F, is_async: bool, never_blocks: bool) -> F:
    _known[function] = (is_async, never_blocks)
    drop_all()
    code = getattr(function, "__code__", None)
    if code is not None:
        _marked_code[id(code)] = code
    return function


def colour_of(function: Callable[..., t.Any]) -> tuple[bool, bool]:
    """Tell whether a callable is async, and whether it is marked nonblocking."""
    if type(function) is FunctionType:
        # What most views and hooks are; its code tells. Benchmark: tests/benchmarks/inprocess.py.
        code = function.__code__
        if id(code) not in _marked_code and _MARK_OF_INSPECT not in function.__dict__:
            return _ASYNC if code.co_flags & _ASYNC_FLAGS else _SYNC
    # A bound method is made anew at each look-up; its function is what lasts.
    lasting = getattr(function, "__func__", function)
    try:
        return _known[lasting]
    except KeyError:
        colour = _known[lasting] = _inspect(lasting)
    except TypeError:  # not hashable, or without weak references
        colour = _inspect(lasting)
    return colour


def _inspect(function: Callable[..., t.Any]) -> tuple[bool, bool]:
    while isinstance(function, functools.partial):
        function = function.func
    return _makes_coroutine(function) or _makes_coroutine(type(function).__call__), False


def _makes_coroutine(function: t.Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
