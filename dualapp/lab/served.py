"""The user's application with stopwatches in it: what servers load to take a request's time apart.

``app`` here is the application that the environment names. Its views, hooks and streams are
wrapped so that their colour stays, and so are the making of event loops and the hops to threads.
Only one request at a time is measured this way; the loads run on the application as it is.
"""

from __future__ import annotations

import functools
import json
import os
import types
import typing as t
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from ..cli.discovery import app_in
from ..cli.importing import import_required
from ..core.calls import is_awaitable
from ..sides.colour import colour_of, nonblocking
from ..sides.loops import OpenLoop, ServerLoop
from ..sides.threads import HopFuture, Workers
from .sampler import Sampler
from .stopwatch import Stopwatch, now

if t.TYPE_CHECKING:
    from ..app import DualApp

#: ``module:app``, and the side whose entrance gets a stopwatch.
TARGET_VARIABLE = "DUALAPP_LAB_TARGET"
SIDE_VARIABLE = "DUALAPP_LAB_SIDE"
#: Where the sums are read, and where looking for the line that waits begins and ends.
SUMS = "/.dualapp-lab/sums"
WHERE = "/.dualapp-lab/where"

View = Callable[..., t.Any]

watch = Stopwatch()
sampler = Sampler(watch)
_TOLD: dict[str, Callable[[], object]] = {SUMS: watch.read, WHERE: sampler.toggle}


def load() -> DualApp:
    """Load the application that the environment names, and put stopwatches into it."""
    module, _, name = os.environ[TARGET_VARIABLE].partition(":")
    app = app_in(import_required(module), name)
    _wrap_user_code(app)
    _wrap_loops()
    _wrap_hops()
    if os.environ[SIDE_VARIABLE] == "wsgi":
        app.wsgi_app = _wsgi_entrance(app.wsgi_app)  # type: ignore[method-assign]
    else:
        app.asgi_app = _asgi_entrance(app.asgi_app)  # type: ignore[method-assign]
    return app


# -- views, hooks, streams -------------------------------------------------------------------------


def _wrap_user_code(app: DualApp) -> None:
    app.view_functions.update({name: timed(view) for name, view in app.view_functions.items()})
    for hooks in (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs):
        for functions in hooks.values():
            functions[:] = map(timed, functions)


def timed(function: View) -> View:
    """Wrap a view or a hook of either colour."""
    is_async, never_blocks = colour_of(function)
    if is_async:

        @functools.wraps(function)
        async def timed_async(*args: t.Any, **kwargs: t.Any) -> t.Any:
            with watch.user_code(is_async=True):
                result = await function(*args, **kwargs)
            return _with_timed_stream(result)

        return timed_async

    @functools.wraps(function)
    def timed_sync(*args: t.Any, **kwargs: t.Any) -> t.Any:
        with watch.user_code(is_async=False):
            result = function(*args, **kwargs)
        return _timed_await(result) if is_awaitable(result) else _with_timed_stream(result)

    return nonblocking(timed_sync) if never_blocks else timed_sync


async def _timed_await(awaitable: Awaitable[t.Any]) -> t.Any:
    with watch.user_code(is_async=True):
        result = await awaitable
    return _with_timed_stream(result)


def _with_timed_stream(result: t.Any) -> t.Any:
    """Wrap a generator that a view returned, also one with a status or inside a response."""
    if isinstance(result, tuple):
        return (_with_timed_stream(result[0]), *result[1:])
    if isinstance(result, types.GeneratorType):
        return _timed_steps(result)
    if isinstance(result, types.AsyncGeneratorType):
        return _timed_async_steps(result)
    stream = getattr(result, "response", None)
    if isinstance(stream, types.GeneratorType | types.AsyncGeneratorType):
        result.response = _with_timed_stream(stream)
    return result


def _timed_steps(chunks: types.GeneratorType[t.Any, t.Any, t.Any]) -> Iterator[t.Any]:
    try:
        while True:
            with watch.user_code(is_async=False):
                try:
                    chunk = next(chunks)
                except StopIteration:
                    return
            yield chunk
    finally:
        chunks.close()


async def _timed_async_steps(
    chunks: types.AsyncGeneratorType[t.Any, t.Any],
) -> AsyncIterator[t.Any]:
    try:
        while True:
            with watch.user_code(is_async=True):
                try:
                    chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
            yield chunk
    finally:
        await chunks.aclose()


# -- event loops and hops --------------------------------------------------------------------------


def _wrap_loops() -> None:
    for name in ("__init__", "block", "close"):
        setattr(OpenLoop, name, _around(getattr(OpenLoop, name), "loop"))


def _wrap_hops() -> None:
    ServerLoop.block = _around(ServerLoop.block, "hops")  # type: ignore[method-assign]
    Workers.submit = _timed_submit(Workers.submit)  # type: ignore[method-assign]


def _around(method: View, name: str) -> View:
    @functools.wraps(method)
    def timed_method(*args: t.Any, **kwargs: t.Any) -> t.Any:
        with watch.around_user_code(name):
            return method(*args, **kwargs)

    return timed_method


def _timed_submit(submit: Callable[..., HopFuture]) -> Callable[..., HopFuture]:
    @functools.wraps(submit)
    def timed_submit(
        self: Workers, function: Callable[[], t.Any], *args: t.Any, **kwargs: t.Any
    ) -> HopFuture:
        asked, ended = now(), 0.0

        def in_thread() -> t.Any:
            nonlocal ended
            watch.hops += now() - asked
            try:
                return function()
            finally:
                ended = now()

        def back(_: object) -> None:
            if ended:  # else it was cancelled before a thread took it
                watch.hops += now() - ended

        future = submit(self, in_thread, *args, **kwargs)
        future.add_done_callback(back)
        return future

    return timed_submit


# -- the entrance ----------------------------------------------------------------------------------


def _wsgi_entrance(inner: View) -> View:
    def entrance(environ: dict[str, t.Any], start_response: View) -> t.Any:
        tell = _TOLD.get(environ["PATH_INFO"])
        if tell is not None:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(tell()).encode()]
        with watch.application():
            return _TimedBody(inner(environ, start_response))

    return entrance


class _TimedBody:
    """A WSGI body; what the server does between the chunks is not the application's time."""

    def __init__(self, body: t.Any) -> None:
        self._body = body
        self._chunks = iter(body)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with watch.application():
            return t.cast(bytes, next(self._chunks))

    def close(self) -> None:
        with watch.application():
            getattr(self._body, "close", lambda: None)()
        watch.requests += 1


def _asgi_entrance(inner: View) -> View:
    async def entrance(scope: t.Any, receive: View, send: View) -> None:
        if scope["type"] != "http":
            await inner(scope, receive, send)
        elif scope["path"] in _TOLD:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            body = json.dumps(_TOLD[scope["path"]]()).encode()
            await send({"type": "http.response.body", "body": body})
        else:
            with watch.application():
                await inner(scope, receive, _timed_send(send))
            watch.requests += 1

    return entrance


def _timed_send(send: View) -> View:
    async def timed_send(message: t.Any) -> None:
        began = now()
        try:
            await send(message)
        finally:
            watch.inside -= now() - began  # it is the server's time

    return timed_send


if TARGET_VARIABLE in os.environ:
    app = load()
