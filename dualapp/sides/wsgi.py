"""The WSGI side: one request of a server that calls ``app(environ, start_response)``."""

from __future__ import annotations

import logging
import sys
import threading
import typing as t
from collections.abc import Awaitable, Coroutine, Iterable, Iterator
from contextvars import copy_context

from werkzeug.exceptions import HTTPException

from ..core import lifecycle
from ..core.answer import Answer, TakenOver
from ..core.calls import call_in_place
from ..ctx import RequestContext
from .bridges import Bridge, OwnLoop, is_under_gevent
from .drivers import continued, drive
from .stream import Stream

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from ..app import DualApp
    from ..core.plan import Plan
    from .loops import ServerLoop

T = t.TypeVar("T")

#: Set where an ASGI server is behind this call: the way to its loop, see :mod:`.wrapped`.
SERVER_LOOP = "dualapp.server_loop"

logger = logging.getLogger("dualapp")


def respond(
    app: DualApp, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Answer one request (:pep:`3333`).

    Args:
        app: The application.
        environ: The request.
        start_response: Takes status and headers.

    Returns:
        The body. Where it is streamed, or something waits for its end, it has ``close``.
    """
    plan = app._plans.current or app._plans.make(app)
    if not plan.is_settled:
        _settle(app, plan, environ)
    if "HTTP_UPGRADE" in environ and _is_unwanted_websocket(app, environ):
        return _refuse_websocket(environ, start_response)
    if "uwsgi.version" in environ or "gevent.monkey" in sys.modules:
        _make_readable(environ)
    exchange = Exchange(plan.keeps_loop, environ.get(SERVER_LOOP))
    try:
        answer = exchange.context.run(exchange.begin, app, environ, start_response)
        if not isinstance(answer, Answer):
            answer = exchange.drive(answer)
        if not answer.in_memory:
            if isinstance(answer, TakenOver):
                exchange.end(None)
                return answer.hand_back()
            return Stream(exchange, answer).start(start_response)
        if answer.close is not None and answer.close != getattr(answer.body, "close", None):
            return Closing(exchange, answer)  # more than servers close by themselves
        exchange.close()
        body: Iterable[bytes] = answer.body
        return body
    except BaseException as error:
        exchange.end(error)
        raise


def _settle(app: DualApp, plan: Plan, environ: WSGIEnvironment) -> None:
    """Do what comes before the first request of this process."""
    if app.lifespan.is_due:
        app.lifespan.start_in_this_process(plan.keeps_loop)
    if not app._got_first_request and "asgi_app" in app.__dict__:
        _warn_of_asgi_wrapper(app, environ)


def _make_readable(environ: WSGIEnvironment) -> None:
    """Make up for servers whose ``wsgi.input`` cannot be read as :pep:`3333` has it."""
    if "uwsgi.version" in environ:
        from . import uwsgi

        uwsgi.offer_chunked_body(environ)
    if is_under_gevent():
        from . import greenlets

        greenlets.guard_input(environ)


class Exchange(OwnLoop):
    """One request, with the context that its code runs in; it is its own way to wait, see there.

    Args:
        keep_loop: As for the class before.
        server: The loop to wait by instead, where an ASGI server is behind this.

    Attributes:
        ctx: The request's own context; None before it was made.
        answer: What is being sent, until its body was closed.
    """

    __slots__ = ("_has_left", "answer", "context", "ctx", "server")

    def __init__(self, keep_loop: bool, server: ServerLoop | None = None) -> None:
        # As in the class before, without the call.
        self._keep = keep_loop
        self._thread = threading.get_ident()  # not imported by name: gevent replaces it
        self._open = None
        self.server = server
        self.context = copy_context()
        self.ctx: RequestContext | None = None
        self.answer: Answer | None = None
        self._has_left = False

    def begin(
        self, app: DualApp, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Answer | Coroutine[t.Any, t.Any, Answer]:
        """Answer the request and end it, unless there is a stream to be sent first.

        To be called in the request's context. Gives a coroutine if there is something to wait for.
        """
        ctx = self.ctx = enter(app, environ, self.server or self)
        begun = lifecycle.answer(ctx, call_in_place)
        if not isinstance(begun, Answer):
            try:
                asked = begun.send(None)
            except StopIteration as stop:
                answer: Answer = stop.value
            else:
                return self._go_on(continued(begun, asked), start_response)
        else:
            answer = begun
        self.answer = answer
        if not answer.in_memory:
            return answer
        # A middleware's function may look at the request, as Flask lets it.
        start_response(answer.status, answer.headers)
        if lifecycle.leave_quietly(ctx, None):
            self._has_left = True
            return answer
        return self._end_request(answer)

    async def _go_on(self, begun: Awaitable[Answer], start_response: StartResponse) -> Answer:
        answer = self.answer = await begun
        if answer.in_memory:
            start_response(answer.status, answer.headers)
            await self._end_request(answer)
        return answer

    async def _end_request(self, answer: Answer) -> Answer:
        ctx = t.cast("RequestContext", self.ctx)
        self._has_left = self._has_left or lifecycle.leave_quietly(ctx, None)
        if not self._has_left:
            await self._leave(ctx, ctx.error)
        return answer

    def drive(self, coroutine: Coroutine[t.Any, t.Any, T]) -> T:
        """Run a coroutine of the core in the request's context."""
        return drive(coroutine, self.context.run, self.wait_for)

    def wait_for(self, awaitable: Awaitable[T]) -> T:
        """Wait for an awaitable, in the request's loop and context."""
        return (self.server or self).block(awaitable, self.context)

    def end(self, error: BaseException | None) -> None:
        """End what has not ended yet: the body, the request, its loop."""
        try:
            self.close_body()
        except BaseException as raised:
            error = error or raised
            raise
        finally:
            try:
                ctx = self.ctx
                if ctx is not None and not self._has_left:
                    self.drive(self._leave(ctx, error or ctx.error))
            finally:
                self.close()

    def close_body(self) -> None:
        """Close what the body comes from, once."""
        answer, self.answer = self.answer, None
        if answer is not None:
            self.drive(lifecycle.close_answer(answer, call_in_place))

    async def _leave(self, ctx: RequestContext, error: BaseException | None) -> None:
        """Run the teardown; ``error`` is what teardown functions are told of."""
        self._has_left = True
        try:
            if error is not None and ctx.app.should_ignore_error(error):
                error = None
            await lifecycle.leave(ctx, call_in_place, error)
        except Exception:
            report_teardown_error(ctx, error)
        finally:
            ctx.let_go(None)


class Closing:
    """A body in memory whose end something waits for, such as ``call_on_close`` functions."""

    def __init__(self, exchange: Exchange, answer: Answer) -> None:
        self._exchange = exchange
        self._body = t.cast("Iterable[bytes]", answer.body)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        """Called by the server when the body was sent, or not."""
        self._exchange.end(None)


def enter(app: DualApp, environ: WSGIEnvironment, bridge: Bridge) -> RequestContext:
    """Make the request's context the current one and match its URL; both sides begin with it."""
    own = app._has_own_contexts
    ctx = app.request_context(environ) if own else RequestContext(app, environ)
    ctx.serve(bridge)
    try:
        ctx.match_request()
    except Exception as error:  # such as one of a URL converter
        ctx.error = error
    return ctx


def report_teardown_error(ctx: RequestContext, error: BaseException | None) -> None:
    """Tell of what a teardown function raised; the answer is on its way and stays as it is."""
    if ctx.app.propagates_exceptions and error is None:
        raise
    ctx.app.logger.exception(
        "A teardown function failed on %s [%s]", ctx.request.path, ctx.request.method
    )


def _warn_of_asgi_wrapper(app: DualApp, environ: WSGIEnvironment) -> None:
    """Say once that an ASGI middleware does nothing here; on an ASGI server it has been applied."""
    if SERVER_LOOP not in environ and "_warned_of_asgi_wrapper" not in app.__dict__:
        app.__dict__["_warned_of_asgi_wrapper"] = True
        logger.warning(
            "app.asgi_app is replaced by %r, which is not applied under this WSGI server. If it"
            " protects the application, run that under an ASGI server, or put a WSGI middleware"
            " into app.wsgi_app, which both sides honour.",
            app.asgi_app,
        )


def _is_unwanted_websocket(app: DualApp, environ: WSGIEnvironment) -> bool:
    """Tell whether this is a WebSocket handshake, and no extension can take it.

    One needs a route for it, and a WSGI server's connection.
    """
    return "websocket" in environ["HTTP_UPGRADE"].lower() and (
        SERVER_LOOP in environ or not any(rule.websocket for rule in app.url_map.iter_rules())
    )


def _refuse_websocket(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answer a WebSocket handshake, which WSGI has no way to go on with (RFC 9110, 15.5.22)."""
    path = environ.get("PATH_INFO", "")
    logger.warning(
        "A WebSocket handshake for %r reached a WSGI server, which cannot speak WebSocket;"
        " answered with 426. Run the application under an ASGI server such as uvicorn.",
        path,
    )
    error = HTTPException(
        "This server speaks HTTP only. WebSocket needs the application to run under an ASGI"
        " server, such as uvicorn."
    )
    error.code = 426
    answer = Answer.plain(error)
    start_response(answer.status, answer.headers)
    return t.cast("list[bytes]", answer.body)
