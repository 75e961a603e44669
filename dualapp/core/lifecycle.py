"""What happens to a request, in order; both sides run this very code.

::

    enter        the context becomes the current one, the URL is matched
    answer       session opened ─ full_dispatch_request ─ an Answer, also of what was raised
      full_dispatch_request
        preprocess_request     url_value_preprocessors, before_request
        dispatch_request       the view
        handle_user_exception  error handlers
        finalize_request       return value → Response, after_request, session saved
    (the side sends the answer)
    leave        teardown_request, teardown_appcontext; always, exactly once

Every function named like a public method of the application is one of its replaceable steps,
called through ``app._phases`` (:mod:`dualapp.core.phases`). User code is called through ``call``.
"""

from __future__ import annotations

import typing as t

from werkzeug.exceptions import BadRequestKeyError, HTTPException, InternalServerError
from werkzeug.routing import RoutingException
from werkzeug.wrappers import Request as BaseRequest

from .. import signals
from .answer import Answer, EncodedChunks, closes_nothing
from .calls import Call, awaited, awaits, is_awaitable
from .returns import answer_of_text
from .returns import make_response as build_response
from .signalling import emit

if t.TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from blinker import Signal

    from ..app import DualApp
    from ..ctx import AppContext, RequestContext
    from ..sides.bridges import Bridge
    from ..wrappers import Request, Response
    from .application import Application


#: What werkzeug's requests do at their end, which is nothing without uploaded files.
_CLOSE = BaseRequest.close


async def open_context(ctx: AppContext, call: Call) -> None:
    """Tell that a context is there, and open the session if it belongs to a request."""
    if ctx.owns_app_context and signals.appcontext_pushed.receivers:
        await emit(call, signals.appcontext_pushed, ctx.app)
    if ctx.needs_preparing:
        await ctx.prepare(call)


async def answer(ctx: RequestContext, call: Call) -> Answer:
    """Answer the request, whatever happens on the way.

    An error that no handler took becomes a 500, or is raised where the app's configuration wants
    it to reach the server (``PROPAGATE_EXCEPTIONS``, testing, debugging).
    """
    app = ctx.app
    try:
        if ctx.error is not None:  # matching the URL failed
            raise ctx.error
        if signals.appcontext_pushed.receivers or not opens_sessions_late(app):
            await open_context(ctx, call)
        if app._phases.replaced:
            response = await app._phases.full_dispatch_request(ctx, call)
        else:
            result = await result_of_request(ctx, call)
            if type(result) is str and not is_response_seen(ctx):
                text = answer_of_text(app.response_class, result)
                if text is not None:
                    return text
            response = await finalize_request(ctx, call, result)
        return Answer.of(response, ctx.request)
    except Exception as error:
        return await answer_error(ctx, call, error)


async def answer_error(ctx: RequestContext, call: Call, error: Exception) -> Answer:
    """Answer a request whose handling, or whose response on its way out, has failed."""
    ctx.error = error
    response = await ctx.app._phases.handle_exception(ctx, call, error)
    try:
        return Answer.of(response, ctx.request)
    except Exception:
        ctx.app.logger.exception("The response to an error cannot be sent; a plain 500 is instead")
        return Answer.plain(InternalServerError())


async def close_answer(answer: Answer, call: Call) -> None:
    """Close what the answer's body came from, once it was sent or given up."""
    try:
        if isinstance(answer.body, EncodedChunks):
            await call(awaited, answer.body.aclose())
    finally:
        if answer.close is not None and not closes_nothing(answer.close):
            await call(answer.close)


def opens_sessions_late(app: DualApp) -> bool:
    """Tell whether opening a session waits until it is used, see :mod:`dualapp.sessions`."""
    return getattr(app.session_interface, "opens_late", False)


def is_response_seen(ctx: RequestContext) -> bool:
    """Tell whether anything looks at the response before it is sent, or it is one to HEAD.

    A response that nobody sees need not be made. Benchmark: ``tests/benchmarks/inprocess.py``.
    """
    return bool(
        ctx.app.after_request_funcs
        or ctx._after_request_functions
        or signals.request_finished.receivers
        or ctx.request.method == "HEAD"
        or ctx.session_may_be_saved()
    )


async def full_dispatch_request(ctx: RequestContext, call: Call) -> Response:
    """Run hooks and view, turn errors into responses, and finish the response."""
    result = await result_of_request(ctx, call)
    response: Response = await ctx.app._phases.finalize_request(ctx, call, result)
    return response


async def result_of_request(ctx: RequestContext, call: Call) -> t.Any:
    """Run hooks and view; give what answers, be it of a hook, the view or an error handler."""
    app = ctx.app
    phases = app._phases
    if not app._got_first_request:
        app._got_first_request = True
    try:
        if signals.request_started.receivers:
            await emit(call, signals.request_started, app)
        result = None
        if app.before_request_funcs or app.url_value_preprocessors or phases.replaced:
            result = await phases.preprocess_request(ctx, call)
        if result is None:
            result = await phases.dispatch_request(ctx, call)
    except Exception as error:
        result = await phases.handle_user_exception(ctx, call, error)
    return result


async def preprocess_request(ctx: RequestContext, call: Call) -> t.Any:
    """Run what comes before the view; the first result that is not None is the answer."""
    app, request = ctx.app, ctx.request
    if app.url_value_preprocessors:
        for function in _from_outside_in(app.url_value_preprocessors, request):
            await call(function, request.endpoint, request.view_args)
    if app.before_request_funcs:
        for function in _from_outside_in(app.before_request_funcs, request):
            result = await call(function)
            if result is not None:
                return result
    return None


def dispatch_request(ctx: RequestContext, call: Call) -> Coroutine[t.Any, t.Any, t.Any]:
    """Call the view that the URL leads to."""
    app, request = ctx.app, ctx.request
    if request.routing_exception is not None:
        app.raise_routing_exception(request)
    rule = request.url_rule
    assert rule is not None
    if request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
        return call(app.make_default_options_response)
    return call(app.view_functions[rule.endpoint], **(request.view_args or {}))


async def make_response(ctx: RequestContext, call: Call, result: t.Any) -> Response:
    """Turn what a view returned into a response; an awaitable inside is awaited first."""
    if is_awaitable(result):
        result = await call(awaited, result)
    return build_response(ctx.app, ctx.request, result)


async def finalize_request(
    ctx: RequestContext, call: Call, result: t.Any, from_error_handler: bool = False
) -> Response:
    """Make the response and let after_request functions, session and signal see it.

    Args:
        ctx: The request's context.
        call: How to call user code.
        result: What the view or an error handler returned.
        from_error_handler: The result answers an error already: a further one is only logged.
    """
    app = ctx.app
    phases = app._phases
    response: Response
    if phases.replaced or awaits[type(result)]:
        response = await phases.make_response(ctx, call, result)
    else:
        response = build_response(app, ctx.request, result)
    try:
        response = await phases.process_response(ctx, call, response)
        if signals.request_finished.receivers:
            await emit(call, signals.request_finished, app, response=response)
    except Exception:
        if not from_error_handler:
            raise
        app.logger.exception("Request finalizing failed with an error while handling an error")
    return response


async def process_response(ctx: RequestContext, call: Call, response: Response) -> Response:
    """Run after_this_request, then after_request functions in reverse, and save the session."""
    app = ctx.app
    for function in ctx._after_request_functions:
        response = await call(function, response)
    if app.after_request_funcs:
        for function in _from_inside_out(app.after_request_funcs, ctx.request):
            response = await call(function, response)
    if ctx.session_may_be_saved():
        interface = app.session_interface
        if not interface.is_null_session(ctx.session):
            await call(interface.save_session, app, ctx.session, response)
    return response


async def handle_user_exception(ctx: RequestContext, call: Call, error: Exception) -> t.Any:
    """Let the error handler that fits answer; raise the error again if there is none."""
    app = ctx.app
    if isinstance(error, BadRequestKeyError) and (
        app.debug or app.config["TRAP_BAD_REQUEST_ERRORS"]
    ):
        error.show_exception = True
    if isinstance(error, HTTPException) and not app.trap_http_exception(error):
        return await ctx.app._phases.handle_http_exception(ctx, call, error)
    handler = app._find_error_handler(error, ctx.request.blueprints)
    if handler is None:
        try:
            raise error
        finally:
            del error  # its traceback holds this frame, which must not hold it
    return await call(handler, error)


async def handle_http_exception(ctx: RequestContext, call: Call, error: HTTPException) -> t.Any:
    """Let a handler for this HTTP error answer, or the error itself be the answer.

    A redirect that routing made, and an ``abort(response)``, are answers and not errors.
    """
    if error.code is None or isinstance(error, RoutingException):
        return error
    handler = ctx.app._find_error_handler(error, ctx.request.blueprints)
    return error if handler is None else await call(handler, error)


async def handle_exception(ctx: RequestContext, call: Call, error: Exception) -> Response:
    """Answer an error that nobody took with a 500, after the log and the signal know of it."""
    app = ctx.app
    await emit(call, signals.got_request_exception, app, exception=error)
    if app.propagates_exceptions:
        raise error
    app.log_exception((type(error), error, error.__traceback__))
    result: t.Any = InternalServerError(original_exception=error)
    handler = app._find_error_handler(result, ctx.request.blueprints)
    if handler is not None:
        result = await call(handler, result)
    response: Response = await app._phases.finalize_request(
        ctx, call, result, from_error_handler=True
    )
    return response


async def leave(ctx: AppContext, call: Call, error: BaseException | None) -> None:
    """End a context: every teardown function runs, also after one that raised.

    Raises:
        BaseException: What a teardown function raised; a group of them if there are several.
    """
    failures = Failures()
    if ctx.is_request_context:
        with failures:
            await ctx.app._phases.do_teardown_request(ctx, call, error)
        with failures:
            close_request(t.cast("RequestContext", ctx).request)
    if ctx.owns_app_context:
        with failures:
            await ctx.app._phases.do_teardown_appcontext(ctx, call, error)
        if signals.appcontext_popped.receivers:
            with failures:
                await emit(call, signals.appcontext_popped, ctx.app)
    failures.raise_them()


def leave_quietly(ctx: RequestContext, bridge: Bridge | None) -> bool:
    """End a request's context if nobody waits for the end; tell whether that was so.

    Args:
        ctx: The context.
        bridge: See :meth:`RequestContext.let_go`.

    Benchmark: ``tests/benchmarks/inprocess.py``.
    """
    app, request = ctx.app, ctx.request
    if (
        app.teardown_request_funcs
        or app.teardown_appcontext_funcs
        or app._phases.replaced
        or signals.request_tearing_down.receivers
        or signals.appcontext_tearing_down.receivers
        or signals.appcontext_popped.receivers
        or getattr(request, "may_have_files", True)
        or type(request).close is not _CLOSE
    ):
        return False
    request._head.pop("werkzeug.request", None)
    ctx.let_go(bridge)
    return True


def close_request(request: Request) -> None:
    """Close uploaded files, and let the server's environ go."""
    request.close()
    request._head.pop("werkzeug.request", None)


async def do_teardown_request(ctx: RequestContext, call: Call, error: BaseException | None) -> None:
    """Run teardown_request functions in reverse, blueprints before the application."""
    registered = ctx.app.teardown_request_funcs
    functions = _from_inside_out(registered, ctx.request) if registered else ()
    if functions or signals.request_tearing_down.receivers:
        await _tear_down(ctx.app, call, functions, signals.request_tearing_down, error)


async def do_teardown_appcontext(ctx: AppContext, call: Call, error: BaseException | None) -> None:
    """Run teardown_appcontext functions in reverse."""
    functions = ctx.app.teardown_appcontext_funcs[::-1]
    if functions or signals.appcontext_tearing_down.receivers:
        await _tear_down(ctx.app, call, functions, signals.appcontext_tearing_down, error)


async def _tear_down(
    app: Application,
    call: Call,
    functions: Iterable[Callable[..., t.Any]],
    signal: Signal,
    error: BaseException | None,
) -> None:
    """Call every function, and send the signal, whatever the others raise."""
    failures = Failures()
    for function in functions:
        with failures:
            await call(function, error)
    with failures:
        await emit(call, signal, app, exc=error)
    failures.raise_them()


class Failures:
    """Lets one step after the other run, whatever they raise: ``with failures: step()``."""

    __slots__ = ("_raised",)

    def __init__(self) -> None:
        self._raised: list[BaseException] = []

    def __enter__(self) -> None:
        pass

    def __exit__(self, exc_type: object, error: BaseException | None, traceback: object) -> bool:
        if error is not None:
            self._raised.append(error)
        return True

    def raise_them(self) -> None:
        """Raise what was raised; several as a group."""
        if len(self._raised) == 1:
            raise self._raised[0]
        if self._raised:
            raise BaseExceptionGroup("Several teardown functions failed.", self._raised)


# Both give copies: a hook may register or remove others while it runs.


def _from_outside_in(registered: t.Mapping[t.Any, list[t.Any]], request: Request) -> list[t.Any]:
    """List what holds for a request: the application's, then its blueprints' from the outside."""
    functions = [*registered.get(None, ())]
    if len(registered) > 1 or not functions:
        for name in request.blueprints[::-1]:
            functions += registered.get(name, ())
    return functions


def _from_inside_out(registered: t.Mapping[t.Any, list[t.Any]], request: Request) -> list[t.Any]:
    """List what holds for a request in the reverse order, each list reversed too."""
    return _from_outside_in(registered, request)[::-1]
