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
from ..ctx import PRESERVE
from . import watchdog, wrapped
from .body import ReceivedBody, declared_length, expects_body, passes
from .client import Client, NextChunk, Send, send_whole, whole_body
from .drivers import begin_on_loop, call_on_loop, drive, on_loop, throwable
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
    plan = app._plans.current or app._plans.make(app)
    if app._is_wrapped or not plan.is_settled:
        return _respond_first_or_wrapped(app, scope, receive, send)
    environ = head_of(scope) if plan.head_is_enough else environ_of(scope)
    return Exchange(app, environ, receive, send).respond()


async def _respond_first_or_wrapped(
    app: DualApp, scope: t.Any, receive: Receive, send: Send
) -> None:
    """Answer a request that waits for start-up hooks, or that a WSGI middleware may change."""
    if app.lifespan.is_due:
        await app.lifespan.start_on_this_loop()
    if not app._got_first_request:
        watchdog.watch(app)  # where no lifespan has told of the loop
    wrapper = wrapped.wrapper_of(app)
    plan = app._plans.current or app._plans.make(app)
    is_enough = wrapper is None and plan.head_is_enough
    environ = head_of(scope) if is_enough else environ_of(scope)
    exchange = Exchange(app, environ, receive, send)
    if wrapper is None or wrapped.apply_natively(app, wrapper, environ):
        await exchange.respond()
        return
    try:
        server = ServerLoop(get_running_loop())  # for the environ, which the exchange holds
        if expects_body(environ):
            await exchange.receive_body(environ, server)
        await wrapped.respond(app, wrapper, environ, exchange.client, server)
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


class Exchange(ServerLoop):
    """One HTTP request; sync code of it waits for the server's loop by this, see there.

    It runs on the server's loop where the view is async, and wholly in one worker thread where the
    view is sync. User code runs in a copy of the server's context, ``receive`` and ``send`` in the
    server's own.

    Attributes:
        answer: What is being sent, until its body was closed.
        body: What comes from the client, if it is more than one piece in memory.
        environ: The request, or the head of it.
    """

    answer: Answer | None = None
    _has_whole_body = False
    _is_ending = False

    def __init__(
        self, app: DualApp, environ: WSGIEnvironment, receive: Receive, send: Send
    ) -> None:
        self.app = app
        self.environ = environ
        self._receive = receive
        self._send = send
        # Read for each request, and found sooner here than in the class.
        self.body: ReceivedBody | None = None
        self._client: Client | None = None
        self._has_left = False

    @property
    def client(self) -> Client:
        """The other end, for what takes more than one event each way."""
        if self._client is None:
            self._client = Client(self._receive, self._send, self._has_whole_body)
        return self._client

    async def respond(self) -> None:
        """Answer the request and end it."""
        # Not earlier: whoever has called the application may yet give this to another loop.
        self.loop = get_running_loop()
        app, context = self.app, copy_context()
        self.context = context
        ctx = self.ctx = context.run(enter, app, self.environ, self)
        plan = app._plans.current or app._plans.make(app)
        try:
            if expects_body(self.environ):
                await self.receive_body(ctx.request._head, self, self._streams_body())
            is_sync = takes_thread(ctx, plan)
            if app._workers is not None and self._is_too_much(is_sync):
                await self._refuse()
            elif is_sync:
                await self._answer_in_worker()
            elif plan.cancels_when_left:
                async with self.client.watch():
                    begun = context.run(begin_on_loop, lifecycle.answer, ctx, context, self._hop)
                    self.answer = begun if isinstance(begun, Answer) else await begun
            else:
                begun = context.run(begin_on_loop, lifecycle.answer, ctx, context, self._hop)
                self.answer = begun if isinstance(begun, Answer) else await begun
            answer = self.answer
            if answer is not None and answer.in_memory and isinstance(answer.body, list):
                await send_whole(self._send, answer)
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
            is_sent = answer is not None and answer.in_memory and answer.close is None
            if not (is_sent and (self._has_left or lifecycle.leave_quietly(ctx, self))):
                await self._end(None)
        finally:
            if self._client is not None or self.body is not None:
                await self.let_go()

    async def let_go(self) -> None:
        """Let go of what was received, and leave no task behind."""
        if self.body is not None and PRESERVE not in self.environ:
            self.body.close()
        if self._client is not None and self._client.watcher is not None:
            await self._client.watcher.stop()

    def _is_too_much(self, is_sync: bool) -> bool:
        """Tell whether the request needs a thread, and more wait for one than may."""
        if not self.workers.is_full or is_nested():
            return False
        return is_sync or hops_for_hooks(self.ctx)

    @property
    def workers(self) -> Workers:
        """The threads for sync code."""
        return workers_of(self.app)

    async def receive_body(
        self, head: WSGIEnvironment, server: ServerLoop, streams: bool = False
    ) -> None:
        """Receive the body, and put it into the environ.

        Args:
            head: The environ, or the head of it.
            server: By which threads wait for what comes later; told when they are to give up.
            streams: The view reads the body as it comes.
        """
        config, declared = self.app.config, declared_length(head)
        limit = config["MAX_CONTENT_LENGTH"]
        is_read_ahead = not (streams or passes(declared, limit))
        if is_read_ahead:
            event = await self._receive()
            whole = whole_body(event, declared)
            if whole is not None:
                self._has_whole_body = True
                head["wsgi.input"] = io.BytesIO(whole)
                head["wsgi.input_terminated"] = True
                return
            self.client.inbox.take(event)
        body = self.body = ReceivedBody(self.client.inbox, server, declared)
        if is_read_ahead:
            await body.receive_all(limit, config["BODY_SPOOL_SIZE"])
        head["wsgi.input"] = body.as_input()
        head["wsgi.input_terminated"] = True

    def _streams_body(self) -> bool:
        return getattr(self.ctx.request.url_rule, "stream_body", False)

    async def _refuse(self) -> None:
        """Answer that there is no thread; the request has not begun, so there is no teardown."""
        self._has_left = True
        self.ctx.let_go(self)
        await send_whole(self._send, busy())

    # -- the answer ----------------------------------------------------------------------------

    async def _answer_in_worker(self) -> None:
        error = await self.workers.submit(self._work, is_nested(), self.cancel)
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
            begun = self.context.run(lifecycle.answer, self.ctx, call_in_place)
            self.answer = begun if isinstance(begun, Answer) else self._drive(begun)
        except BaseException as error:
            self._leave_in_thread(error)
            raise
        if self.answer.in_memory:
            self._has_left = lifecycle.leave_quietly(self.ctx, self)
            if not self._has_left:
                self._leave_in_thread(self.ctx.error)

    def _drive(self, coroutine: Coroutine[t.Any, t.Any, T]) -> T:
        """Run a coroutine of the core in this thread, in the request's context."""
        return drive(
            coroutine,
            self.context.run,
            lambda awaitable: self.block(awaitable, self.context),
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
            self.cancel,
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
                await send_whole(self._send, instead)
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
            self.ctx.let_go(self)


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
