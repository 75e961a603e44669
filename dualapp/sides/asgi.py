"""The ASGI side: one connection of a server that calls ``await app(scope, receive, send)``."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import logging
import typing as t
from asyncio import get_running_loop
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextvars import Context, copy_context

import anyio

from ..core import lifecycle
from ..core.answer import Answer, EncodedChunks
from ..core.calls import call_in_place
from ..core.late import LateRequest
from ..ctx import PRESERVE
from . import watchdog, wrapped
from .body import ReceivedBody, declared_length, expects_body, passes
from .client import Client, NextChunk, Send
from .drivers import call_on_loop, drive, on_loop, throwable
from .environ import environ_of, head_of
from .inbox import Receive
from .loops import ServerLoop
from .placement import busy, hops_for_hooks, is_nested, takes_thread, workers_of
from .threads import HopFuture, Workers
from .wsgi import enter, report_teardown_error

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ..app import DualApp

T = t.TypeVar("T")

logger = logging.getLogger("dualapp")


def respond(
    app: DualApp, scope: t.Any, receive: Receive, send: Send
) -> Coroutine[t.Any, t.Any, None]:
    """Answer one connection (ASGI 3).

    Args:
        app: The application.
        scope: The connection; it stays as it is.
        receive: The client's events.
        send: What goes to the client.

    Raises:
        ValueError: The connection is of a type that the specification does not know.
    """
    if scope["type"] != "http":
        return _respond_otherwise(app, scope, receive, send)
    if app._is_wrapped or app.lifespan.is_due:
        return _respond_first_or_wrapped(app, scope, receive, send)
    # Contexts and requests that are made in a way of their own may ask for more than the head.
    is_enough = not app._has_own_contexts and app.request_class.__init__ is _make_late_request
    environ = head_of(scope) if is_enough else environ_of(scope)
    return Exchange(app, environ, receive, send).respond()


_make_late_request = LateRequest.__init__


async def _respond_first_or_wrapped(
    app: DualApp, scope: t.Any, receive: Receive, send: Send
) -> None:
    """Answer a request that waits for start-up hooks, or that a WSGI middleware may change."""
    if app.lifespan.is_due:
        await app.lifespan.start_on_this_loop()
    environ = environ_of(scope)
    exchange = Exchange(app, environ, receive, send)
    wrapper = wrapped.wrapper_of(app)
    if wrapper is None or wrapped.apply_natively(app, wrapper, environ):
        await exchange.respond()
        return
    try:
        exchange.server = ServerLoop(get_running_loop())
        if expects_body(environ):
            await exchange.receive_body(environ)
        await wrapped.respond(app, wrapper, environ, exchange.client, exchange.server)
    finally:
        await exchange.let_go()


async def _respond_otherwise(app: DualApp, scope: t.Any, receive: Receive, send: Send) -> None:
    kind = scope["type"]
    if kind == "lifespan":
        with watchdog.watching(app):
            await app.lifespan.serve(app, scope, receive, send)
    elif kind == "websocket":
        await _refuse_websocket(scope, receive, send)
    else:
        raise ValueError(
            f"Unknown ASGI scope type {kind!r}: dualapp answers 'http', 'websocket' and"
            " 'lifespan'. The server, or a middleware in front, speaks an extension."
        )


class Exchange:
    """One HTTP request.

    It runs on the server's loop where the view is async, and wholly in one worker thread where the
    view is sync. User code runs in a copy of the server's context, ``receive`` and ``send`` in the
    server's own.

    Attributes:
        answer: What is being sent, until its body was closed.
        body: What comes from the client, if it is more than one piece in memory.
        environ: The request, or the head of it.
        server: The server's loop.
    """

    server: ServerLoop
    answer: Answer | None = None
    body: ReceivedBody | None = None
    _is_ending = False
    _has_left = False

    def __init__(
        self, app: DualApp, environ: WSGIEnvironment, receive: Receive, send: Send
    ) -> None:
        self.app = app
        self.environ = environ
        self.client = Client(receive, send)

    async def respond(self) -> None:
        """Answer the request and end it."""
        # Not earlier: whoever has called the application may yet give this to another loop.
        self.server = ServerLoop(get_running_loop())
        if not self.app._got_first_request:
            watchdog.watch(self.app)  # where no lifespan has told of the loop
        context = self.context = copy_context()
        ctx = self.ctx = context.run(enter, self.app, self.environ, self.server)
        try:
            if expects_body(self.environ):
                await self.receive_body(ctx.request._head, self._streams_body())
            is_sync = takes_thread(ctx)
            if self.app._workers is not None and self._is_too_much(is_sync):
                await self._refuse()
            elif is_sync:
                await self._answer_in_worker()
            elif self.app.config["CANCEL_ON_DISCONNECT"]:
                async with self.client.watch():
                    self.answer = await self._run(lifecycle.answer(ctx, call_on_loop))
            else:
                self.answer = await on_loop(lifecycle.answer(ctx, call_on_loop), context, self._hop)
            answer = self.answer
            if answer is not None and answer.in_memory and isinstance(answer.body, list):
                await self.client.send_whole(answer)
            elif answer is not None:  # else the client left while it was made, or was refused
                await self._send_stream(answer)
        except asyncio.CancelledError as error:
            with anyio.CancelScope(shield=True):  # a scope around us cancels every await anew
                await self._end(error)
            raise
        except BaseException as error:
            await self._end(error)
            raise
        else:
            if not self._ends_quietly():
                await self._end(None)
        finally:
            if self.client.watcher is not None or self.body is not None:
                await self.let_go()

    async def let_go(self) -> None:
        """Let go of what was received, and leave no task behind."""
        if self.body is not None and PRESERVE not in self.environ:
            self.body.close()
        if self.client.watcher is not None:
            await self.client.watcher.stop()

    def _is_too_much(self, is_sync: bool) -> bool:
        """Tell whether the request needs a thread, and more wait for one than may."""
        if not self.workers.is_full or is_nested():
            return False
        return is_sync or hops_for_hooks(self.ctx)

    @property
    def workers(self) -> Workers:
        """The threads for sync code."""
        return workers_of(self.app)

    async def receive_body(self, head: WSGIEnvironment, streams: bool = False) -> None:
        """Receive the body, and put it into the environ.

        Args:
            head: The environ, or the head of it.
            streams: The view reads the body as it comes.
        """
        config, declared = self.app.config, declared_length(head)
        limit = config["MAX_CONTENT_LENGTH"]
        is_read_ahead = not (streams or passes(declared, limit))
        whole = await self.client.receive_whole(declared) if is_read_ahead else None
        if whole is not None:
            head["wsgi.input"] = io.BytesIO(whole)
        else:
            body = self.body = ReceivedBody(self.client.inbox, self.server, declared)
            if is_read_ahead:
                await body.receive_all(limit, config["BODY_SPOOL_SIZE"])
            head["wsgi.input"] = body.as_input()
        head["wsgi.input_terminated"] = True

    def _streams_body(self) -> bool:
        return getattr(self.ctx.request.url_rule, "stream_body", False)

    async def _refuse(self) -> None:
        """Answer that there is no thread; the request has not begun, so there is no teardown."""
        self._has_left = True
        self.ctx.let_go(self.server)
        await self.client.send_whole(busy())

    # -- the answer ----------------------------------------------------------------------------

    async def _answer_in_worker(self) -> None:
        error = await self.workers.submit(self._work, is_nested(), self.server.cancel)
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback holds this frame

    def _work(self) -> BaseException | None:
        """Answer in this worker thread.

        Returns:
            What was raised; a GeneratorExit, for one, could not be told in any other way.
        """
        try:
            self._answer_in_thread()
        except BaseException as error:
            return error
        return None

    def _answer_in_thread(self) -> None:
        """Run the whole lifecycle here; its end too, unless there is a stream to be sent first."""
        try:
            self.answer = self._drive(lifecycle.answer(self.ctx, call_in_place))
        except BaseException as error:
            self._leave_in_thread(error)
            raise
        if self.answer.in_memory:
            self._has_left = lifecycle.leave_quietly(self.ctx, self.server)
            if not self._has_left:
                self._leave_in_thread(self.ctx.error)

    def _drive(self, coroutine: Coroutine[t.Any, t.Any, T]) -> T:
        """Run a coroutine of the core in this thread, in the request's context."""
        return drive(
            coroutine,
            self.context.run,
            lambda awaitable: self.server.block(awaitable, self.context),
        )

    def _run(self, coroutine: Coroutine[t.Any, t.Any, T]) -> Awaitable[T]:
        """Run a coroutine of the core on this loop, in the request's context."""
        return on_loop(coroutine, self.context, self._hop)

    def _hop(
        self,
        context: Context,
        function: Callable[..., t.Any],
        args: tuple[t.Any, ...],
        kwargs: dict[str, t.Any],
    ) -> HopFuture:
        """Run a sync function in a worker thread; what belongs to the end is run in any case."""
        return self.workers.submit(
            functools.partial(_run_in, context, function, args, kwargs),
            is_nested(),
            self.server.cancel,
            must_run=self._is_ending,
        )

    # -- sending -------------------------------------------------------------------------------

    async def _send_stream(self, answer: Answer) -> None:
        if not self._streams_body():
            self.client.inbox.discard()
        try:
            await self.client.send_stream(answer, self._chunks_of(answer))
        except Exception as error:
            if self.client.has_start or self.client.has_left:
                raise
            await self._close()
            instead = await self._run(lifecycle.answer_error(self.ctx, call_on_loop, error))
            self.answer = instead
            if instead.in_memory and isinstance(instead.body, list):
                await self.client.send_whole(instead)
            else:
                await self._send_stream(instead)

    def _chunks_of(self, answer: Answer) -> NextChunk:
        """Give what gives the chunks: an async body's here, a sync one's with a hop for each."""
        body = answer.body
        if isinstance(body, EncodedChunks):
            return lambda: self._run(_next_of(body))
        args = (iter(body), None)
        return lambda: self._hop(self.context, next, args, {})

    # -- the end -------------------------------------------------------------------------------

    async def _end(self, error: BaseException | None) -> None:
        """End what has not ended yet: the body, the request."""
        self._is_ending = True
        try:
            await self._close()
        except BaseException as raised:
            await self._leave(error or raised)
            raise
        await self._leave(error)

    def _ends_quietly(self) -> bool:
        """End a request if there is nothing to be closed and nobody waits; tell whether so."""
        answer = self.answer
        if answer is None or answer.close is not None or not answer.in_memory:
            return False
        self._has_left = self._has_left or lifecycle.leave_quietly(self.ctx, self.server)
        return self._has_left

    async def _leave(self, error: BaseException | None) -> None:
        if not self._has_left:
            with self._leaving(error) as seen:
                await self._run(lifecycle.leave(self.ctx, call_on_loop, seen))

    async def _close(self) -> None:
        """Close what the answer's body comes from, once."""
        answer, self.answer = self.answer, None
        if answer is not None and (answer.close is not None or not answer.in_memory):
            await self._run(lifecycle.close_answer(answer, call_on_loop))

    def _leave_in_thread(self, error: BaseException | None) -> None:
        with self._leaving(error) as seen:
            self._drive(lifecycle.leave(self.ctx, call_in_place, seen))

    @contextlib.contextmanager
    def _leaving(self, error: BaseException | None) -> Iterator[BaseException | None]:
        """Wrap the teardown, once; gives the error that teardown functions are told of."""
        self._has_left = True
        error = error or self.ctx.error
        if error is not None and self.app.should_ignore_error(error):
            error = None
        try:
            yield error
        except Exception:
            report_teardown_error(self.ctx, error)
        finally:
            self.ctx.let_go(self.server)


def _run_in(
    context: Context,
    function: Callable[..., t.Any],
    args: tuple[t.Any, ...],
    kwargs: dict[str, t.Any],
) -> t.Any:
    """Run a function in a context, its errors such that they can be raised in a coroutine."""
    try:
        return context.run(function, *args, **kwargs)
    except GeneratorExit as error:
        raise throwable(error) from error


async def _next_of(body: EncodedChunks) -> bytes | None:
    try:
        return await anext(body)
    except StopAsyncIteration:
        return None


async def _refuse_websocket(scope: t.Any, receive: Receive, send: Send) -> None:
    """Close a WebSocket before it is accepted, which servers answer with 403."""
    await receive()
    logger.warning(
        "A WebSocket handshake for %r was refused: this version of dualapp has no WebSocket views.",
        scope.get("path"),
    )
    await send({"type": "websocket.close", "code": 1000})
