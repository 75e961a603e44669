"""Where a request of the ASGI side runs: on the server's loop, or in a worker thread."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from itertools import chain

from werkzeug.exceptions import ServiceUnavailable

from ..core import lifecycle
from ..core.answer import Answer
from ..globals import _cv_context
from .colour import colour_of, runs_on_loop
from .threads import Workers

if t.TYPE_CHECKING:
    from ..app import DualApp
    from ..core.plan import Plan
    from ..ctx import RequestContext

#: Seconds after which a client that found all threads taken may try again.
RETRY_AFTER = "1"


def workers_of(app: DualApp) -> Workers:
    """Give the application's worker threads; the pool is made in the process that serves."""
    if app._workers is None:
        app._workers = Workers(app.config["SYNC_THREADS"], app.config["SYNC_QUEUE"])
    return app._workers


def takes_thread(ctx: RequestContext, plan: Plan) -> bool:
    """Tell whether a request is answered in a worker thread as a whole.

    It is where the view is sync; and where it is marked nonblocking, or there is no view to be
    called, if any hook around it blocks.
    """
    rule = ctx.request.url_rule
    endpoint = None if rule is None else rule.endpoint
    try:
        takes: bool | None = plan.places[endpoint]
    except KeyError:
        takes = plan.places[endpoint] = _view_takes_thread(ctx.app, plan.around[endpoint].view)
    return hops_for_hooks(ctx) if takes is None else takes


def _view_takes_thread(app: DualApp, view: Callable[..., t.Any] | None) -> bool | None:
    """Tell whether requests for a view are answered in a thread; None if hooks decide that."""
    if any(not runs_on_loop(method) for method in app._phases.replaced_always.values()):
        return True
    if view is None:
        return None
    view_is_async, never_blocks = colour_of(view)
    if view_is_async:
        return False
    return None if never_blocks else True


def hops_for_hooks(ctx: RequestContext) -> bool:
    """Tell whether a hook of a request needs a worker thread."""
    return any(not runs_on_loop(hook) for hook in _hooks_around(ctx))


def _hooks_around(ctx: RequestContext) -> Iterator[Callable[..., t.Any]]:
    app = ctx.app
    around = lifecycle.hooks_around(ctx)
    for hooks in (around.preprocessors, around.before, around.after, around.teardown):
        yield from chain.from_iterable(hooks)
    yield from app.teardown_appcontext_funcs
    if not lifecycle.opens_sessions_late(app):
        sessions = app.session_interface
        yield from (sessions.open_session, sessions.save_session)


def is_nested() -> bool:
    """Tell whether this request is made inside another one, which may hold a thread."""
    return _cv_context.get(None) is not None


def busy() -> Answer:
    """Make the answer to a request that is one too many (RFC 9110, 15.6.4)."""
    error = ServiceUnavailable(
        "All worker threads are busy and as many requests as SYNC_QUEUE allows wait for one."
    )
    answer = Answer.plain(error)
    answer.headers.append(("Retry-After", RETRY_AFTER))
    return answer
