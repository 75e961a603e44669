"""The names that mean "the one at work now": current_app, g, request, session.

One context variable holds the current context object; every proxy is a view of it. A context that
was made without a request still finds the request around it, see :mod:`dualapp.ctx`.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable
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


#: Names that a proxy answers itself, most of them by asking the object that it stands for.
_OF_A_PROXY = frozenset(dir(LocalProxy))

_own_attribute = object.__getattribute__
_current = _cv_context.get  # a name, since a method is looked up each time


def _proxy(look_up: Callable[[], t.Any], message: str, cls: type[t.Any] | None = None) -> t.Any:
    """Make a LocalProxy that reaches attributes without a detour, and without a failed look-up.

    Args:
        look_up: Gives the object that is meant now; RuntimeError without one.
        message: What that error says.
        cls: A class that does without calling ``look_up``.
    """
    cls = _class_by(look_up) if cls is None else cls
    cls.__name__ = LocalProxy.__name__  # which stands in the repr of an unbound proxy
    cls.__doc__ = vars(LocalProxy)["__doc__"]  # which gives that of the object
    proxy = cls(look_up, unbound_message=message)
    object.__setattr__(proxy, "_get_current_object", look_up)
    return proxy


def _class_by(look_up: Callable[[], t.Any]) -> type[t.Any]:
    class ContextProxy(LocalProxy[t.Any]):
        __slots__ = ()

        def __getattribute__(self, name: str) -> t.Any:
            return _own_attribute(self, name) if name in _OF_A_PROXY else getattr(look_up(), name)

        def __setattr__(self, name: str, value: t.Any) -> None:
            setattr(look_up(), name, value)

    return ContextProxy


class _RequestProxy(LocalProxy[t.Any]):
    """``request``, which is read so often that a call for each look-up shows."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> t.Any:
        if name not in _OF_A_PROXY:
            context = _current(None)
            if context is not None and context.request is not None:
                return getattr(context.request, name)
        return _own_attribute(self, name)  # which tells what is missing


class _GlobalsProxy(LocalProxy[t.Any]):
    """``g``, which is read and written as often."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> t.Any:
        if name not in _OF_A_PROXY:
            context = _current(None)
            if context is not None:
                return getattr(context.g, name)
        return _own_attribute(self, name)

    def __setattr__(self, name: str, value: t.Any) -> None:
        context = _current(None)
        setattr(_globals() if context is None else context.g, name, value)


def _app_context() -> AppContext:
    context = _cv_context.get(None)
    if context is None:
        raise RuntimeError(_NO_APP)
    return context.application_context


def _current_app() -> DualApp:
    context = _cv_context.get(None)
    if context is None:
        raise RuntimeError(_NO_APP)
    return context.app


def _globals() -> _AppCtxGlobals:
    context = _cv_context.get(None)
    if context is None:
        raise RuntimeError(_NO_APP)
    return context.g


def _request() -> Request:
    context = _cv_context.get(None)
    if context is None or context.request is None:
        raise RuntimeError(_NO_REQUEST)
    return context.request


def _request_context() -> RequestContext:
    context = _cv_context.get(None)
    found = None if context is None else context.request_context
    if found is None:
        raise RuntimeError(_NO_REQUEST)
    return found


app_ctx: AppContext = _proxy(_app_context, _NO_APP)
current_app: DualApp = _proxy(_current_app, _NO_APP)
g: _AppCtxGlobals = _proxy(_globals, _NO_APP, _GlobalsProxy)

request_ctx: RequestContext = _proxy(_request_context, _NO_REQUEST)
request: Request = _proxy(_request, _NO_REQUEST, _RequestProxy)
session: SessionMixin = _proxy(lambda: _request_context().session, _NO_REQUEST)
