"""The names that mean "the one at work now": current_app, g, request, session.

One context variable holds the current context object; every proxy is a view of it. A context that
was made without a request still finds the request around it, see :mod:`dualapp.ctx`.
"""

from __future__ import annotations

import typing as t
from contextvars import ContextVar

from werkzeug.local import LocalProxy

if t.TYPE_CHECKING:
    from .app import DualApp
    from .ctx import AppContext, RequestContext, _AppCtxGlobals
    from .sessions import SessionMixin
    from .wrappers import Request

_NO_APP = """Working outside of application context.

The name you used means "the application at work now", and none is at work here. Inside a request \
or a CLI command dualapp provides one; anywhere else wrap the code in "with app.app_context():".\
"""

_NO_REQUEST = """Working outside of request context.

The name you used means "the HTTP request being answered now", and none is being answered here. \
Move the code into a view or a hook; in a test wrap it in "with app.test_request_context():".\
"""

_cv_context: ContextVar[AppContext] = ContextVar("dualapp.context")


class _ContextView:
    """Reads one kind of context from the single variable, with a ContextVar's ``get``.

    Extensions ask ``_cv_app.get(None)`` and ``_cv_request.get(None)`` whether a context is there.
    """

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute

    def get(self, *default: t.Any) -> t.Any:
        """Give the current context of this kind, or the default; LookupError without either."""
        current = _cv_context.get(None)
        found = None if current is None else getattr(current, self.attribute)
        if found is not None:
            return found
        if default:
            return default[0]
        raise LookupError(self)


_cv_app = _ContextView("application_context")
_cv_request = _ContextView("request_context")


def _find(view: _ContextView, attribute: str | None, message: str) -> t.Callable[[], t.Any]:
    """Make the look-up behind one proxy."""

    def look_up() -> t.Any:
        found = view.get(None)
        if found is None:
            raise RuntimeError(message)
        return found if attribute is None else getattr(found, attribute)

    return look_up


def _proxy(view: _ContextView, attribute: str | None, message: str) -> t.Any:
    return LocalProxy(_find(view, attribute, message), unbound_message=message)


app_ctx: AppContext = _proxy(_cv_app, None, _NO_APP)
current_app: DualApp = _proxy(_cv_app, "app", _NO_APP)
g: _AppCtxGlobals = _proxy(_cv_app, "g", _NO_APP)

request_ctx: RequestContext = _proxy(_cv_request, None, _NO_REQUEST)
request: Request = _proxy(_cv_request, "request", _NO_REQUEST)
session: SessionMixin = _proxy(_cv_request, "session", _NO_REQUEST)
