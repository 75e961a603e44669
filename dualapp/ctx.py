"""The contexts behind ``current_app``, ``g``, ``request`` and ``session``.

There is one current context. A request context is an application context with a request; pushed
where a context of the same application is current already, it shares that one's ``g`` and leaves
the application's teardown to it.
"""

from __future__ import annotations

import contextvars
import sys
import typing as t
from collections.abc import Callable, Iterator
from functools import update_wrapper
from types import TracebackType

from werkzeug.exceptions import HTTPException

from .core import lifecycle
from .core.calls import Call, call_in_place, done
from .core.routing import NOT_MADE, match_request
from .globals import _cv_app, _cv_context, _cv_request
from .sides.blocking import complete
from .sides.colour import is_async

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.routing import MapAdapter

    from .app import DualApp
    from .sessions import SessionMixin
    from .sides.bridges import Bridge
    from .sides.loops import ServerLoop
    from .typing import AfterRequestCallable
    from .wrappers import Request

#: The test client's way to see a request's context after the request.
PRESERVE = "werkzeug.debug.preserve_context"

_sentinel: t.Any = object()
_get_context, _set_context = _cv_context.get, _cv_context.set
F = t.TypeVar("F", bound=Callable[..., t.Any])


class _AppCtxGlobals:
    """A plain namespace for one context; what ``g`` is. ``app.app_ctx_globals_class`` names it."""

    def __getattr__(self, name: str) -> t.Any:
        raise AttributeError(
            f"{name!r} is not set on g. It is set anew for every request and every application"
            " context: set it first, in a before_request function for example, or read it with"
            f" g.get({name!r})."
        )

    if t.TYPE_CHECKING:

        def __setattr__(self, name: str, value: t.Any) -> None: ...
        def __delattr__(self, name: str) -> None: ...

    def get(self, name: str, default: t.Any = None) -> t.Any:
        """Give an attribute, or the default where it is not set."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, default: t.Any = _sentinel) -> t.Any:
        """Remove an attribute and give it; KeyError without it and without a default."""
        if default is _sentinel:
            return self.__dict__.pop(name)
        return self.__dict__.pop(name, default)

    def setdefault(self, name: str, default: t.Any = None) -> t.Any:
        """Give an attribute, set to the default first where it is not set."""
        return self.__dict__.setdefault(name, default)

    def __contains__(self, item: str) -> bool:
        return item in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __repr__(self) -> str:
        current = _cv_app.get(None)
        if current is not None and current.g is self:
            return f"<flask.g of {current.app.name!r}>"
        return object.__repr__(self)


class AppContext:
    """An application at work without a request: in a CLI command, a script, a test.

    ``with app.app_context():`` makes it the current one; leaving the block runs what
    ``teardown_appcontext`` registered. It may be pushed several times; the last pop ends it.

    Args:
        app: The application.
    """

    is_request_context: t.ClassVar[bool] = False

    #: How this context waits for coroutines from sync code; a side sets it for its requests.
    bridge: Bridge | None = None

    #: What ``request`` leads to while this context is current; None outside of a request.
    request: Request | None = None

    _request_context: RequestContext | None = None
    #: For each push that is to be undone: how, and the request context seen before it.
    _pushed: tuple[tuple[contextvars.Token[AppContext], RequestContext | None], ...] = ()

    def __init__(self, app: DualApp) -> None:
        # Not left to defaults of the class, which take longer to find.
        self.app = app
        #: The namespace that ``g`` leads to.
        self.g: _AppCtxGlobals = app.app_ctx_globals_class()
        self._url_adapter: MapAdapter | None = NOT_MADE
        self._outer: AppContext | None = None

    @property
    def application_context(self) -> AppContext:
        """The context that ``current_app`` and ``g`` belong to: this one, or the one it shares."""
        return self._outer or self

    @property
    def request_context(self) -> RequestContext | None:
        """The request context that ``request`` leads to while this context is current."""
        return self._request_context

    @property
    def owns_app_context(self) -> bool:
        """Whether the application's own teardown belongs to the end of this context."""
        return self._outer is None

    @property
    def url_adapter(self) -> MapAdapter | None:
        """What builds URLs in this context; None where no server name is configured."""
        if self._url_adapter is NOT_MADE:
            self._url_adapter = self._make_url_adapter()
        return self._url_adapter

    @url_adapter.setter
    def url_adapter(self, adapter: MapAdapter | None) -> None:
        self._url_adapter = adapter

    def _make_url_adapter(self) -> MapAdapter | None:
        return self.app.create_url_adapter(None)

    @property
    def needs_preparing(self) -> bool:
        """Whether something waits or has an effect before the request can be answered."""
        return False

    async def prepare(self, call: Call) -> None:
        """Do that; nothing without a request."""

    def _look_out(self) -> None:
        """See what is current as this becomes it."""
        outer = _cv_context.get(None)
        self._look_at(None if outer is None else outer.request_context)

    def _look_at(self, ctx: RequestContext | None) -> None:
        self._request_context = ctx
        self.request = None if ctx is None else ctx.request

    @property
    def is_at_work(self) -> bool:
        """Whether this was made current and did not end yet."""
        return bool(self._pushed)

    def push(self) -> None:
        """Make this the current context, and run what waits for that."""
        is_first, seen = not self.is_at_work, self._request_context
        self._look_out()
        self._pushed = (*self._pushed, (_cv_context.set(self), seen))
        if is_first:
            self._finish_push()

    def _finish_push(self) -> None:
        complete(lifecycle.open_context(self, call_in_place))

    def pop(self, exc: BaseException | None = _sentinel) -> None:
        """Make the context before this one current again; the last pop runs the teardown.

        Args:
            exc: The error that ended the work, handed to teardown functions; by default the one
                being handled now.
        """
        if not self._pushed or _cv_context.get(None) is not self:
            raise AssertionError(
                f"Popped the wrong context: {self!r} is not the current one, which is"
                f" {_cv_context.get(None)!r}. Pop contexts in the reverse order of their pushes."
            )
        if exc is _sentinel:
            exc = sys.exc_info()[1]
        try:
            if self._is_last_push:
                complete(lifecycle.leave(self, call_in_place, exc))
        finally:
            self._undo_push()

    @property
    def _is_last_push(self) -> bool:
        return len(self._pushed) == 1

    def _undo_push(self) -> None:
        *before, (token, ctx) = self._pushed
        self._pushed = tuple(before)
        self._look_at(ctx)
        _cv_context.reset(token)

    def __enter__(self) -> t.Self:
        self.push()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.pop(exc_value)


class RequestContext(AppContext):
    """An application answering one request.

    Args:
        app: The application.
        environ: The request as :pep:`3333` has it; on ASGI it is made from the scope.
        request: The request, if it was made already.
        session: The session, if it is to be shared with another context.
    """

    is_request_context = True

    request: Request
    flashes: list[tuple[str, str]] | None = None
    _is_served = False

    def __init__(
        self,
        app: DualApp,
        environ: WSGIEnvironment,
        request: Request | None = None,
        session: SessionMixin | None = None,
    ) -> None:
        # As in the class before, without the call.
        self.app = app
        self.g = app._globals_class()
        self._url_adapter = NOT_MADE
        self._outer = None
        if request is None:
            request = app._request_class(environ)
            request.json_module = app.json
            request.routing_exception = None  # found sooner than the default of the class
            try:
                request._head  # noqa: B018
            except AttributeError:  # a request class whose __init__ does not call ours
                request._head = request.environ
        self.request = request
        self.error: BaseException | None = None
        self._session = session
        self._after_request_functions: list[AfterRequestCallable[t.Any]] = []

    @property
    def request_context(self) -> RequestContext:
        return self

    @property
    def session(self) -> SessionMixin:
        """The session, opened when first asked for where that needs no waiting."""
        if self._session is None:
            self.open_late_session()
        assert self._session is not None
        return self._session

    @session.setter
    def session(self, session: SessionMixin) -> None:
        self._session = session

    def open_late_session(self) -> None:
        """Open the session unless it is open already."""
        if self._session is None:
            complete(self.prepare(call_in_place))

    def session_may_be_saved(self) -> bool:
        """Tell whether there can be anything to save; a cookie may need its date renewed."""
        if self._session is not None:
            return True
        cookies = self.request._head.get("HTTP_COOKIE")
        return cookies is not None and self.app.config["SESSION_COOKIE_NAME"] in cookies

    @property
    def needs_preparing(self) -> bool:
        """Whether the session is to be opened now, since opening it waits or has an effect."""
        return self._session is None and not lifecycle.opens_sessions_late(self.app)

    async def prepare(self, call: Call) -> None:
        """Open the session."""
        interface = self.app.session_interface
        self._session = await done(call(interface.open_session, (self.app, self.request)))
        if self._session is None:
            self._session = interface.make_null_session(self.app)

    def _make_url_adapter(self) -> MapAdapter | None:
        try:
            return self.app.create_url_adapter(self.request)
        except HTTPException as error:  # such as an untrusted host
            self.request.routing_exception = error
            return None

    def serve(self, bridge: Bridge) -> None:
        """Make this the current context for good: the contextvars context ends with the request.

        Args:
            bridge: How sync code of the request waits for coroutines.
        """
        self.bridge = bridge
        outer = _get_context(None)
        if outer is not None or self._outer is not None:
            self._share(outer)
        self._is_served = True
        _set_context(self)

    def _look_out(self) -> None:
        if not self.is_at_work:
            self._share(_cv_context.get(None))

    def _share(self, outer: AppContext | None) -> None:
        """Share ``g``, and the application's teardown, with a context around this one."""
        if outer is None or outer.app is not self.app:
            self._outer = None
        else:
            self._outer = outer.application_context
            self.g = self._outer.g

    def _look_at(self, ctx: RequestContext | None) -> None:
        """Do nothing: the request is this context's own."""

    @property
    def is_at_work(self) -> bool:
        return self._is_served or bool(self._pushed)

    @property
    def _is_last_push(self) -> bool:
        return len(self._pushed) == 1 and not self._is_served

    def let_go(self, bridge: ServerLoop | None) -> None:
        """End this, whose request is over; or give it to the test client that asked for it.

        Args:
            bridge: The loop by which sync code that looks at it afterwards waits for coroutines.
        """
        self.error = None  # its traceback holds what would hold it
        self._is_served = False
        self._pushed = ()
        self.bridge = None
        head = self.request._head
        if PRESERVE in head:
            self.open_late_session()
            self.bridge = None if bridge is None else bridge.without_request()
            head[PRESERVE](self)

    def _finish_push(self) -> None:
        try:
            super()._finish_push()
        except BaseException:
            self._undo_push()
            raise
        # A copy of a context finds that done, and what a hook made of it must stay.
        if self.request.routing_exception is None and self.request.url_rule is None:
            self.match_request()

    #: Find the view that the URL leads to; what fails is raised when the view is called.
    match_request = match_request

    def copy(self) -> RequestContext:
        """Give another context for the same request, for a thread or a greenlet.

        The request and the session are the same objects; ``g`` is a new one.
        """
        return type(self)(
            self.app, self.request.environ, request=self.request, session=self.session
        )

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.request.url!r} [{self.request.method}]"
            f" of {self.app.name}>"
        )


def after_this_request(f: AfterRequestCallable[t.Any]) -> AfterRequestCallable[t.Any]:
    """Run a function on the response of the current request only.

    Args:
        f: Sync or async; takes the response and returns it or another one.

    Returns:
        The function, so that this serves as a decorator.

    Raises:
        RuntimeError: There is no request.
    """
    _request_context_for("after_this_request")._after_request_functions.append(f)
    return f


def copy_current_request_context(f: F) -> F:
    """Let a function run elsewhere, in a thread or a greenlet, with the current request.

    It gets a copy of the request context: ``request`` and ``session`` are the same objects. An
    async function may be given too; asyncio tasks have the context without it.

    Raises:
        RuntimeError: There is no request.
    """
    ctx = _request_context_for("copy_current_request_context").copy()

    # Another copy for each call, since several may run at the same time.
    def run(*args: t.Any, **kwargs: t.Any) -> t.Any:
        with ctx.copy():
            return f(*args, **kwargs)

    async def run_async(*args: t.Any, **kwargs: t.Any) -> t.Any:
        with ctx.copy():
            return await f(*args, **kwargs)

    return t.cast(F, update_wrapper(run_async if is_async(f) else run, f))


def has_request_context() -> bool:
    """Tell whether a request is being answered here."""
    return _cv_request.get(None) is not None


def has_app_context() -> bool:
    """Tell whether an application is at work here."""
    return _cv_app.get(None) is not None


def _request_context_for(name: str) -> RequestContext:
    ctx: RequestContext | None = _cv_request.get(None)
    if ctx is None:
        raise RuntimeError(
            f"'{name}' acts on the request being answered now, and there is none here. Call it"
            ' inside a view or a hook; in a test inside "with app.test_request_context():".'
        )
    return ctx
