"""DualApp: the application object, where the core meets the two sides."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable

from werkzeug.datastructures import ImmutableDict
from werkzeug.exceptions import Aborter, HTTPException
from werkzeug.routing import BuildError as BuildError  # code written for Flask finds it here
from werkzeug.routing import MapAdapter
from werkzeug.routing import RequestRedirect as RequestRedirect  # likewise
from werkzeug.routing import RoutingException as RoutingException  # likewise
from werkzeug.routing import Rule as Rule  # likewise
from werkzeug.wsgi import get_host

from . import typing as ft
from .core import lifecycle
from .core.application import Application
from .core.calls import call_in_place, done
from .core.phases import Phases, PhaseTable
from .core.plan import ATTRIBUTES, Plans
from .core.returns import current_request
from .core.urls import build_url, inject_url_defaults
from .ctx import AppContext, RequestContext
from .globals import _cv_app, _cv_request, g, request, session
from .sessions import SecureCookieSessionInterface, SessionInterface
from .sides import blocking, wsgi
from .sides.colour import is_async, nonblocking
from .sides.entry import ServerEntry, asgi_side
from .sides.lifespan import Lifespan
from .templating import Environment, collect_context
from .wrappers import Request, Response

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from .sides.threads import Workers
    from .testing import AsyncFlaskClient, FlaskClient, FlaskCliRunner

F = t.TypeVar("F", bound=Callable[..., t.Any])


class DualApp(ServerEntry, Application):
    """A web application that WSGI and ASGI servers both run.

    It is Flask's application class: the same routes, hooks, contexts, configuration and methods.
    ``gunicorn module:app`` calls it as WSGI, ``uvicorn module:app`` as ASGI. Views and everything
    else that is registered may be sync or async, mixed freely.

    See :class:`~dualapp.core.application.Application` for the parameters. Methods named like a step
    of the lifecycle (:mod:`dualapp.core.lifecycle`) may be overridden, sync or async; they are
    looked up for each request. Called from sync code they return their result; called inside
    ``async def`` code, where an awaitable was met, they return an awaitable of it.
    """

    request_class: type[Request] = Request
    response_class: type[Response] = Response
    aborter_class = Aborter
    session_interface: SessionInterface = SecureCookieSessionInterface()

    #: The steps of the lifecycle that may be replaced, and how they are now.
    _phase_table: t.ClassVar[PhaseTable]
    _phases: Phases
    _request_class: type[Request]
    _globals_class: type[t.Any]
    #: What is worked out once for all requests.
    _plans: Plans
    #: Whether ``request_context`` was overridden or patched.
    _has_own_contexts: bool
    #: The threads for sync code on ASGI, see :mod:`.sides.placement`.
    _workers: Workers | None

    default_config = ImmutableDict(Application.default_config)

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._workers = None
        self.lifespan = Lifespan()
        self.cli.name = self.name

    # -- serving -------------------------------------------------------------------------------

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> t.Any:
        """Answer a request on the WSGI side (:pep:`3333`).

        Replace it to put a middleware around the application: ``app.wsgi_app =
        ProxyFix(app.wsgi_app)``. On the ASGI side the replacement is honoured too: ``ProxyFix`` as
        it is, any other by way of a worker thread.
        """
        return wsgi.respond(self, environ, start_response)

    async def asgi_app(self, scope: t.Any, receive: t.Any, send: t.Any) -> None:
        """Answer a connection on the ASGI side (ASGI 3).

        Replace it to put an ASGI middleware around the application: ``app.asgi_app =
        Wrap(app.asgi_app)``. WSGI servers do not pass through it.
        """
        await asgi_side().respond(self, scope, receive, send)

    def run(
        self,
        host: str | None = None,
        port: int | None = None,
        debug: bool | None = None,
        load_dotenv: bool = True,
        **options: t.Any,
    ) -> None:
        """Run the development server, which is a WSGI server; never in production.

        Args:
            host: The address to listen on; 127.0.0.1, or what ``SERVER_NAME`` says.
            port: The port; 5000, or what ``SERVER_NAME`` says.
            debug: Switches debug mode on or off.
            load_dotenv: Read ``.env`` and ``.flaskenv`` first.
            **options: Passed to werkzeug's ``run_simple``.
        """
        from .cli.serve import run_development_server

        run_development_server(self, host, port, debug, load_dotenv, options)

    def before_serving(self, f: F) -> F:
        """Register a function, sync or async, that is called once in each serving process.

        On ASGI when the server starts up (lifespan protocol), on WSGI before the first request.
        """
        self._check_setup_finished("before_serving")
        self.lifespan.on_startup.append(f)
        return f

    def after_serving(self, f: F) -> F:
        """Register a function, sync or async, that is called once when a process stops serving.

        On ASGI when the server shuts down, on WSGI when the process exits. The last registered
        one is called first.
        """
        self._check_setup_finished("after_serving")
        self.lifespan.on_shutdown.append(f)
        return f

    def while_serving(self, f: F) -> F:
        """Register a generator, sync or async: up to its ``yield`` it starts up, then shuts down.

        A mapping that it yields is added to the state that each request sees as
        ``request.state``.
        """
        self._check_setup_finished("while_serving")
        self.lifespan.while_serving(f)
        return f

    # -- the lifecycle's replaceable steps -----------------------------------------------------

    def __setattr__(self, name: str, value: t.Any) -> None:
        super().__setattr__(name, value)
        if hasattr(DualApp, name):
            self._look_for_replaced()
        elif name in ATTRIBUTES and "_plans" in self.__dict__:
            self._plans.drop()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if hasattr(DualApp, name):
            self._look_for_replaced()

    def __setstate__(self, state: dict[str, t.Any]) -> None:
        """Become the copy of an application, with a plan of its own."""
        self.__dict__.update(state, _plans=Plans())
        self._look_for_replaced()

    def _look_for_replaced(self) -> None:
        super()._look_for_replaced()
        fields = self.__dict__
        fields["_phases"] = self._phase_table.of(self)
        adapter = getattr(self.create_url_adapter, "__func__", None)
        fields["_has_own_url_adapters"] = adapter is not _create_url_adapter
        context = getattr(self.request_context, "__func__", None)
        fields["_has_own_contexts"] = context is not _make_request_context
        # What each request makes; an attribute of the instance is found sooner than its class's.
        fields["_request_class"] = self.request_class
        fields["_globals_class"] = self.app_ctx_globals_class
        fields.setdefault("_plans", Plans()).drop()

    def full_dispatch_request(self) -> Response:
        """Answer the current request: hooks, view, error handlers, the finished response."""
        return blocking.finish(lifecycle.full_dispatch_request(_request_context(), call_in_place))

    def preprocess_request(self) -> ft.ResponseReturnValue | None:
        """Run url_value_preprocessor and before_request functions; give the first answer."""
        return t.cast(
            "ft.ResponseReturnValue | None",
            blocking.finish(lifecycle.preprocess_request(_request_context(), call_in_place)),
        )

    def dispatch_request(self) -> ft.ResponseReturnValue:
        """Call the view that the current request's URL leads to; give what it returned."""
        return t.cast(
            "ft.ResponseReturnValue",
            blocking.finish(done(lifecycle.dispatch_request(_request_context(), call_in_place))),
        )

    def make_response(self, rv: ft.ResponseReturnValue) -> Response:
        """Make a response of what a view returned.

        Args:
            rv: See :func:`dualapp.core.returns.make_response`; also an awaitable of it.

        Raises:
            TypeError: No response can be made of it.
        """
        return blocking.finish(lifecycle.make_response(_request_context(), call_in_place, rv))

    def finalize_request(
        self, rv: ft.ResponseReturnValue | HTTPException, from_error_handler: bool = False
    ) -> Response:
        """Make the response, and let after_request functions, session and signal see it."""
        return blocking.finish(
            lifecycle.finalize_request(_request_context(), call_in_place, rv, from_error_handler)
        )

    def process_response(self, response: Response) -> Response:
        """Run after_request functions and save the session."""
        return blocking.finish(
            lifecycle.process_response(_request_context(), call_in_place, response)
        )

    def handle_user_exception(self, e: Exception) -> HTTPException | ft.ResponseReturnValue:
        """Let the error handler that fits answer; raise the error again without one."""
        return t.cast(
            "HTTPException | ft.ResponseReturnValue",
            blocking.finish(lifecycle.handle_user_exception(_request_context(), call_in_place, e)),
        )

    def handle_http_exception(self, e: HTTPException) -> HTTPException | ft.ResponseReturnValue:
        """Let a handler for this HTTP error answer; without one it is the answer itself."""
        return t.cast(
            "HTTPException | ft.ResponseReturnValue",
            blocking.finish(lifecycle.handle_http_exception(_request_context(), call_in_place, e)),
        )

    def handle_exception(self, e: Exception) -> Response:
        """Answer an error that nobody handled with a 500, or raise it where it is to be seen."""
        return blocking.finish(lifecycle.handle_exception(_request_context(), call_in_place, e))

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Run teardown_request functions; called at the end of the request."""
        blocking.complete(lifecycle.do_teardown_request(_request_context(), call_in_place, exc))

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Run teardown_appcontext functions; called at the end of the application context."""
        blocking.complete(lifecycle.do_teardown_appcontext(_cv_app.get(), call_in_place, exc))

    def log_exception(self, exc_info: t.Any) -> None:
        """Log an error that nobody handled."""
        request = current_request()
        self.logger.error("Exception on %s [%s]", request.path, request.method, exc_info=exc_info)

    @nonblocking
    def make_default_options_response(self) -> Response:
        """Answer OPTIONS with the methods that the URL takes."""
        ctx = _request_context()
        adapter = ctx.url_adapter
        response = self.response_class()
        response.allow.update(() if adapter is None else adapter.allowed_methods())
        return response

    # -- contexts and URLs ---------------------------------------------------------------------

    def app_context(self) -> AppContext:
        """Make an application context, for ``with app.app_context():``."""
        return AppContext(self)

    def request_context(self, environ: WSGIEnvironment) -> RequestContext:
        """Make the context of a request."""
        return RequestContext(self, environ)

    def test_request_context(self, *args: t.Any, **kwargs: t.Any) -> RequestContext:
        """Make a request context without a server, for tests and the shell.

        Args:
            *args: As for werkzeug's ``EnvironBuilder``: path, base_url, ...
            **kwargs: Likewise: query_string, method, headers, data, json, ...
        """
        from .testing import EnvironBuilder

        builder = EnvironBuilder(self, *args, **kwargs)
        try:
            environ = builder.get_environ()
        finally:
            builder.close()
        return self.request_context(environ)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Make what matches and builds URLs, for a request or without one.

        Args:
            request: The request; None for an application context, which needs ``SERVER_NAME``.

        Raises:
            werkzeug.exceptions.SecurityError: The host is not among ``TRUSTED_HOSTS`` (400).
        """
        server_name = self.config["SERVER_NAME"]
        if request is None:
            if server_name is None:
                return None
            return self.url_map.bind(
                server_name,
                script_name=self.config["APPLICATION_ROOT"],
                url_scheme=self.config["PREFERRED_URL_SCHEME"],
            )
        trusted_hosts = self.config["TRUSTED_HOSTS"]
        if trusted_hosts is not None:
            request.trusted_hosts = trusted_hosts
        request.host = get_host(request.environ, request.trusted_hosts)
        subdomain = None
        if self.url_map.host_matching:
            server_name = None  # the host that was asked is what rules are for
        elif not self.subdomain_matching:
            subdomain = self.url_map.default_subdomain or ""
        return self.url_map.bind_to_environ(
            request.environ, server_name=server_name, subdomain=subdomain
        )

    def url_for(
        self,
        /,
        endpoint: str,
        *,
        _anchor: str | None = None,
        _method: str | None = None,
        _scheme: str | None = None,
        _external: bool | None = None,
        **values: t.Any,
    ) -> str:
        """Build the URL of an endpoint.

        Args:
            endpoint: Its name; ".name" means the current blueprint's.
            _anchor: Added behind ``#``.
            _method: The method that the URL is for, where rules differ by it.
            _scheme: The scheme of an external URL.
            _external: With scheme and host; the default outside a request.
            **values: The URL's variable parts; further ones become the query.

        Raises:
            BuildError: There is no such endpoint, or values are missing.
            RuntimeError: There is neither a request nor ``SERVER_NAME``.
        """
        return build_url(self, endpoint, values, _anchor, _method, _scheme, _external)

    def inject_url_defaults(self, endpoint: str, values: dict[str, t.Any]) -> None:
        """Let url_defaults functions add to the values of a URL being built."""
        blocking.complete(inject_url_defaults(self, call_in_place, endpoint, values))

    # -- templates and files -------------------------------------------------------------------

    def create_jinja_environment(self) -> Environment:
        """Make the Jinja environment; called when ``jinja_env`` is first used."""
        from .helpers import get_flashed_messages

        options = dict(self.jinja_options)
        options.setdefault("autoescape", self.select_jinja_autoescape)
        reload = self.config["TEMPLATES_AUTO_RELOAD"]
        options.setdefault("auto_reload", self.debug if reload is None else reload)
        environment = self.jinja_environment(self, **options)
        environment.globals.update(
            url_for=self.url_for,
            get_flashed_messages=get_flashed_messages,
            config=self.config,
            request=request,
            session=session,
            g=g,
        )
        environment.policies["json.dumps_function"] = self.json.dumps
        return environment

    def update_template_context(self, context: dict[str, t.Any]) -> None:
        """Add what context processors give to a template's variables, in place."""
        return blocking.finish(collect_context(self, context))

    def open_instance_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = "utf-8"
    ) -> t.IO[t.Any]:
        """Open a file below the instance folder; unlike ``open_resource`` also for writing.

        Args:
            resource: The file's name, relative to ``instance_path``.
            mode: As for :func:`open`.
            encoding: For text modes.
        """
        path = os.path.join(self.instance_path, resource)
        return open(path, mode) if "b" in mode else open(path, mode, encoding=encoding)

    # -- sync and async ------------------------------------------------------------------------

    def ensure_sync(self, func: Callable[..., t.Any]) -> Callable[..., t.Any]:
        """Make an async function one that sync code can call; give a sync one as it is.

        In a worker thread on ASGI the coroutine runs on the server's loop, on WSGI in the
        request's. Called inside ``async def`` code the result is the awaitable itself.
        """
        return self.async_to_sync(func) if is_async(func) else func

    def async_to_sync(self, func: Callable[..., t.Any]) -> Callable[..., t.Any]:
        """Do what :meth:`ensure_sync` does, for a function that is known to be async."""
        return blocking.ensure_sync(func)

    # -- shell and tests -----------------------------------------------------------------------

    def make_shell_context(self) -> dict[str, t.Any]:
        """Give the names that ``dualapp shell`` starts with."""
        names: dict[str, t.Any] = {"app": self, "g": g}
        for processor in self.shell_context_processors:
            names.update(self.ensure_sync(processor)())
        return names

    def test_client(
        self, use_cookies: bool = True, side: t.Any = None, **kwargs: t.Any
    ) -> FlaskClient:
        """Make a client that calls the application without a server.

        Args:
            use_cookies: Keep cookies between requests.
            side: "wsgi" or "asgi", the callable to drive; by default what the environment variable
                ``DUALAPP_TEST_SIDE`` says, or "wsgi".
            **kwargs: Passed to ``test_client_class``.
        """
        from .testing import FlaskClient

        cls = self.test_client_class or FlaskClient
        if side is not None:
            kwargs["side"] = side
        return cls(self, self.response_class, use_cookies=use_cookies, **kwargs)

    def async_test_client(
        self, use_cookies: bool = True, side: t.Any = None, **kwargs: t.Any
    ) -> AsyncFlaskClient:
        """Make a client for ``async def`` tests: its methods are awaited.

        The parameters are those of :meth:`test_client`.
        """
        from .testing import AsyncFlaskClient

        return AsyncFlaskClient(self.test_client(use_cookies, side, **kwargs))

    def test_cli_runner(self, **kwargs: t.Any) -> FlaskCliRunner:
        """Make a runner for the application's CLI commands."""
        from .testing import FlaskCliRunner

        return (self.test_cli_runner_class or FlaskCliRunner)(self, **kwargs)


def _request_context() -> RequestContext:
    """Give the context of the request being answered; the public steps act on it."""
    ctx: RequestContext | None = _cv_request.get(None)
    if ctx is None:
        raise RuntimeError(
            "Working outside of request context: this method is a step of answering a request, and"
            ' none is being answered here. In a test call it inside "with'
            ' app.test_request_context():".'
        )
    return ctx


_create_url_adapter = DualApp.create_url_adapter
_make_request_context = DualApp.request_context
DualApp._own_wsgi_app = DualApp.wsgi_app
DualApp._own_asgi_app = DualApp.asgi_app

DualApp._phase_table = PhaseTable(
    DualApp,
    {
        "full_dispatch_request": lifecycle.full_dispatch_request,
        "preprocess_request": lifecycle.preprocess_request,
        "dispatch_request": lifecycle.dispatch_request,
        "make_response": lifecycle.make_response,
        "finalize_request": lifecycle.finalize_request,
        "process_response": lifecycle.process_response,
        "handle_user_exception": lifecycle.handle_user_exception,
        "handle_http_exception": lifecycle.handle_http_exception,
        "handle_exception": lifecycle.handle_exception,
        "do_teardown_request": lifecycle.do_teardown_request,
        "do_teardown_appcontext": lifecycle.do_teardown_appcontext,
    },
)

#: For code written for Flask.
Flask = DualApp
