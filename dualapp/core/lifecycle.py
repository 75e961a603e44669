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
called through ``app._phases`` (:mod:`dualapp.core.phases`). User code is called through ``call``
(:mod:`dualapp.core.calls`). What was decided when the application was set up is read off its plan
(:mod:`dualapp.core.plan`).
"""

from __future__ import annotations

import typing as t

from werkzeug.exceptions import BadRequestKeyError, HTTPException, InternalServerError
from werkzeug.routing import RoutingException
from werkzeug.wrappers import Request as BaseRequest

from .. import signals
from .answer import Answer, EncodedChunks, closes_nothing
from .calls import Call, awaited, awaits, done, is_awaitable
from .returns import answer_of_text
from .returns import make_response as build_response
from .signalling import emit

if t.TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from blinker import Signal

    from ..app import DualApp
    from ..ctx import AppContext, RequestContext
    from ..sides.loops import ServerLoop
    from ..wrappers import Request, Response
    from .application import Application
    from .plan import Around


#: What werkzeug's requests do at their end, which is nothing without uploaded files.
_CLOSE = BaseRequest.close


async def open_context(ctx: AppContext, call: Call) -> None:
    """Tell that a context is there, and open the session if it belongs to a request."""
    if ctx.owns_app_context and signals.appcontext_pushed.receivers:
        await emit(call, signals.appcontext_pushed, ctx.app)
    if ctx.needs_preparing:
        await ctx.prepare(call)


def answer(ctx: RequestContext, call: Call) -> Answer | Coroutine[t.Any, t.Any, Answer]:
    """Answer the request, whatever happens on the way; gives the answer, or a coroutine of it.

    An error that no handler took becomes a 500, or is raised where the app's configuration wants
    it to reach the server (``PROPAGATE_EXCEPTIONS``, testing, debugging).
    """
    app = ctx.app
    plan = app._plans.current or app._plans.make(app)
    if not plan.is_plain or ctx.error is not None:
        return _answer_step_by_step(ctx, call)
    try:
        result = dispatch_request(ctx, call)
    except Exception as error:
        return _answer_result(ctx, call, None, error)
    text = answer_at_once(ctx, result) if type(result) is str else None
    return _answer_result(ctx, call, result) if text is None else text


async def _answer_step_by_step(ctx: RequestContext, call: Call) -> Answer:
    """Answer a request where something stands around the view."""
    app = ctx.app
    try:
        if ctx.error is not None:  # matching the URL failed
            raise ctx.error
        plan = app._plans.current or app._plans.make(app)
        if plan.needs_opening:
            await open_context(ctx, call)
        if plan.is_replaced:
            response = await app._phases.full_dispatch_request(ctx, call)
        else:
            result = await result_of_request(ctx, call)
            text = answer_at_once(ctx, result) if type(result) is str else None
            if text is not None:
                return text
            response = await finalize_request(ctx, call, result)
            del result  # it may be an error, whose traceback leads to this frame
        return Answer.of(response, ctx.request)
    except Exception as error:
        return await answer_error(ctx, call, error)


async def _answer_result(
    ctx: RequestContext, call: Call, result: t.Any, failure: Exception | None = None
) -> Answer:
    """Answer with what a view gave, an awaitable maybe, or with what it raised."""
    try:
        try:
            if failure is not None:
                raise failure
            if awaits[type(result)]:
                result = await result
        except Exception as error:
            result = await ctx.app._phases.handle_user_exception(ctx, call, error)
        text = answer_at_once(ctx, result) if type(result) is str else None
        if text is not None:
            return text
        return Answer.of(await finalize_request(ctx, call, result), ctx.request)
    except Exception as error:
        return await answer_error(ctx, call, error)
    finally:
        del failure, result  # their tracebacks hold this frame


def answer_at_once(ctx: RequestContext, result: str) -> Answer | None:
    """Give the answer of a text that nobody looks at before it is sent; None if somebody does.

    A response that nobody sees need not be made. Benchmark: ``tests/benchmarks/inprocess.py``.
    """
    app, head = ctx.app, ctx.request._head
    plan = app._plans.current or app._plans.make(app)
    template = plan.template
    if (
        template is None
        or plan.response_is_seen
        or ctx._after_request_functions
        or ctx._session is not None
        or "HTTP_COOKIE" in head
        or head["REQUEST_METHOD"] not in _WITH_BODY
    ):
        return None
    return answer_of_text(template, result)


#: Methods that are answered with a body, as servers pass them on.
_WITH_BODY = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


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
            await done(call(awaited, (answer.body.aclose(),)))
    finally:
        if answer.close is not None and not closes_nothing(answer.close):
            await done(call(answer.close))


def opens_sessions_late(app: DualApp) -> bool:
    """Tell whether opening a session waits until it is used, see :mod:`dualapp.sessions`."""
    return getattr(app.session_interface, "opens_late", False)


async def full_dispatch_request(ctx: RequestContext, call: Call) -> Response:
    """Run hooks and view, turn errors into responses, and finish the response."""
    result = await result_of_request(ctx, call)
    response: Response = await ctx.app._phases.finalize_request(ctx, call, result)
    return response


async def result_of_request(ctx: RequestContext, call: Call) -> t.Any:
    """Run hooks and view; give what answers, be it of a hook, the view or an error handler."""
    app = ctx.app
    plan, phases = app._plans.current or app._plans.make(app), app._phases
    if not app._got_first_request:
        app._got_first_request = True
    try:
        if plan.tells_start:
            await emit(call, signals.request_started, app)
        result = None
        if plan.has_before:
            result = await phases.preprocess_request(ctx, call)
        if result is None:
            result = phases.dispatch_request(ctx, call)
            if awaits[type(result)]:
                result = await result
    except Exception as error:
        # Kept in no variable: an error may be its own answer, and its traceback holds this frame.
        return await phases.handle_user_exception(ctx, call, error)
    return result


async def preprocess_request(ctx: RequestContext, call: Call) -> t.Any:
    """Run what comes before the view; the first result that is not None is the answer."""
    request = ctx.request
    around = hooks_around(ctx)
    for functions in around.preprocessors:
        for function in [*functions]:  # a hook may register others, which are for later requests
            await done(call(function, (request.endpoint, request.view_args)))
    for functions in around.before:
        for function in [*functions]:
            result = call(function)
            if awaits[type(result)]:
                result = await result
            if result is not None:
                return result
    return None


def dispatch_request(ctx: RequestContext, call: Call) -> t.Any:
    """Call the view that the URL leads to; gives the result, or what is to be awaited for it."""
    app, request = ctx.app, ctx.request
    rule = request.url_rule
    if request.routing_exception is not None or rule is None:
        app.raise_routing_exception(request)
    if request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
        return call(app.make_default_options_response)
    view = app.view_functions[rule.endpoint]
    return call(view, (), request.view_args)


async def make_response(ctx: RequestContext, call: Call, result: t.Any) -> Response:
    """Turn what a view returned into a response; an awaitable inside is awaited first."""
    if is_awaitable(result):
        result = await done(call(awaited, (result,)))
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
    for function in ctx._after_request_functions:
        response = await done(call(function, (response,)))
    for functions in reversed(hooks_around(ctx).after):
        for function in [*functions][::-1]:
            result = call(function, (response,))
            response = await result if awaits[type(result)] else result
    if ctx.session_may_be_saved():
        interface = ctx.app.session_interface
        if not interface.is_null_session(ctx.session):
            await done(call(interface.save_session, (ctx.app, ctx.session, response)))
    return response


def hooks_around(ctx: RequestContext) -> Around:
    """Give the hooks that hold for the endpoint of a request."""
    app, rule = ctx.app, ctx.request.url_rule
    plan = app._plans.current or app._plans.make(app)
    return plan.around[None if rule is None else rule.endpoint]


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
    return await done(call(handler, (error,)))


async def handle_http_exception(ctx: RequestContext, call: Call, error: HTTPException) -> t.Any:
    """Let a handler for this HTTP error answer, or the error itself be the answer.

    A redirect that routing made, and an ``abort(response)``, are answers and not errors.
    """
    if error.code is None or isinstance(error, RoutingException):
        return error
    handler = ctx.app._find_error_handler(error, ctx.request.blueprints)
    return error if handler is None else await done(call(handler, (error,)))


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
        result = await done(call(handler, (result,)))
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


def leave_quietly(ctx: RequestContext, bridge: ServerLoop | None) -> bool:
    """End a request's context if nobody waits for the end; tell whether that was so.

    Args:
        ctx: The context.
        bridge: See :meth:`RequestContext.let_go`.

    Benchmark: ``tests/benchmarks/inprocess.py``.
    """
    app, request = ctx.app, ctx.request
    plan = app._plans.current or app._plans.make(app)
    if (
        plan.ends_loudly
        or app.teardown_appcontext_funcs
        or request.may_have_files
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
    lists = reversed(hooks_around(ctx).teardown)
    functions = [function for registered in lists for function in registered[::-1]]
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
            await done(call(function, (error,)))
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
