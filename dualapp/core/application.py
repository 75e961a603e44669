"""The application as a registry: routes, hooks, templates, configuration. It answers nothing.

The part that answers requests is :class:`dualapp.app.DualApp`.
"""

from __future__ import annotations

import logging
import os
import sys
import typing as t
import weakref
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property

from werkzeug.exceptions import BadRequest, BadRequestKeyError, HTTPException
from werkzeug.routing import BuildError, MapAdapter
from werkzeug.routing import Map as BaseMap
from werkzeug.routing import Rule as BaseRule
from werkzeug.sansio.response import Response as SansIOResponse
from werkzeug.utils import redirect as werkzeug_redirect

from .. import typing as ft
from ..config import Config, ConfigAttribute
from ..ctx import _AppCtxGlobals
from ..helpers import get_debug_flag
from ..json.provider import DefaultJSONProvider, JSONProvider
from ..logging import create_logger
from ..templating import DispatchingJinjaLoader, Environment
from .defaults import DEFAULT_CONFIG
from .packages import find_package
from .rules import Map, Rule
from .scaffold import Scaffold, _endpoint_from_view_func, setupmethod

if t.TYPE_CHECKING:
    from ..app import DualApp
    from ..blueprints import Blueprint
    from ..testing import FlaskClient, FlaskCliRunner
    from ..wrappers import Request, Response

F = t.TypeVar("F", bound=Callable[..., t.Any])


def _as_timedelta(value: t.Any) -> timedelta:
    """Read a number as seconds; None, which some put there, stays."""
    if value is None or isinstance(value, timedelta):
        return t.cast(timedelta, value)
    return timedelta(seconds=value)


class Application(Scaffold):
    """What can be set up on an application, and looked up while it answers.

    Args:
        import_name: The module that the application lives in, normally ``__name__``.
        static_url_path: URL prefix of static files; by default the static folder's name.
        static_folder: Folder of static files, relative to the root path; None for none.
        static_host: The host to serve static files for, with ``host_matching``.
        host_matching: Rules name the host they are for.
        subdomain_matching: Rules name the subdomain they are for, below ``SERVER_NAME``.
        template_folder: Folder of templates, relative to the root path.
        instance_path: Absolute path of the instance folder; found by itself if not given.
        instance_relative_config: Configuration files are looked for in the instance folder.
        root_path: The folder that relative names start from; by default where the module lies.

    Raises:
        ValueError: The instance path is not absolute.
        AssertionError: One of static host and host matching is given without the other.
    """

    aborter_class: type[t.Any]
    app_ctx_globals_class = _AppCtxGlobals
    config_class = Config
    jinja_environment = Environment
    jinja_options: t.ClassVar[dict[str, t.Any]] = {}
    json_provider_class: type[JSONProvider] = DefaultJSONProvider
    url_rule_class: type[BaseRule] = Rule
    url_map_class: type[BaseMap] = Map
    response_class: type[Response]
    #: Whether ``create_url_adapter`` was overridden or patched.
    _has_own_url_adapters: bool
    test_client_class: type[FlaskClient] | None = None
    test_cli_runner_class: type[FlaskCliRunner] | None = None

    testing = ConfigAttribute[bool]("TESTING")
    secret_key = ConfigAttribute[str | bytes | None]("SECRET_KEY")
    permanent_session_lifetime = ConfigAttribute[timedelta](
        "PERMANENT_SESSION_LIFETIME", get_converter=_as_timedelta
    )

    default_config: t.ClassVar[dict[str, t.Any]] = DEFAULT_CONFIG

    def __init__(
        self,
        import_name: str,
        static_url_path: str | None = None,
        static_folder: str | os.PathLike[str] | None = "static",
        static_host: str | None = None,
        host_matching: bool = False,
        subdomain_matching: bool = False,
        template_folder: str | os.PathLike[str] | None = "templates",
        instance_path: str | None = None,
        instance_relative_config: bool = False,
        root_path: str | None = None,
    ) -> None:
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        if instance_path is None:
            instance_path = self.auto_find_instance_path()
        elif not os.path.isabs(instance_path):
            raise ValueError(
                f"The instance path {instance_path!r} must be absolute: a relative one would mean"
                " another folder wherever the server is started."
            )
        self.instance_path = instance_path
        self.config = self.make_config(instance_relative_config)
        self.aborter = self.make_aborter()
        self.json: JSONProvider = self.json_provider_class(t.cast("DualApp", self))
        self.url_build_error_handlers: list[Callable[[Exception, str, dict[str, t.Any]], str]] = []
        self.teardown_appcontext_funcs: list[ft.TeardownCallable] = []
        self.shell_context_processors: list[ft.ShellContextProcessorCallable] = []
        self.blueprints: dict[str, Blueprint] = {}
        self.extensions: dict[str, t.Any] = {}
        self.url_map = self.url_map_class(host_matching=host_matching)
        self.subdomain_matching = subdomain_matching
        self._got_first_request = False
        self._add_static_route(static_host, host_matching)

    def _add_static_route(self, static_host: str | None, host_matching: bool) -> None:
        if not self.has_static_folder:
            return
        if bool(static_host) != host_matching:
            raise AssertionError(
                "'static_host' and 'host_matching' go together: with host matching each rule,"
                " that of static files too, names its host. Pass both or neither."
            )
        itself = weakref.ref(self)  # a view that holds the application would keep it alive

        def send_static(**values: t.Any) -> Response:
            app = itself()
            assert app is not None
            return app.send_static_file(**values)

        self.add_url_rule(
            f"{self.static_url_path}/<path:filename>",
            endpoint="static",
            host=static_host,
            view_func=send_static,
        )

    def _check_setup_finished(self, f_name: str) -> None:
        if self._got_first_request:
            raise AssertionError(
                f"The setup method {f_name!r} can no longer be called on the application. It has"
                " answered its first request already; what is registered now would hold for some"
                " requests and not for others. Move imports, decorators and calls of setup methods"
                " to where the application is made, before it is run."
            )

    # -- what the application is ---------------------------------------------------------------

    @cached_property
    def name(self) -> str:  # type: ignore[override]
        """The import name, or for a script its file's name."""
        if self.import_name != "__main__":
            return self.import_name
        file = getattr(sys.modules["__main__"], "__file__", None)
        return "__main__" if file is None else os.path.splitext(os.path.basename(file))[0]

    @cached_property
    def logger(self) -> logging.Logger:
        """The logger named like the application; it writes somewhere even unconfigured."""
        return create_logger(t.cast("DualApp", self))

    @cached_property
    def jinja_env(self) -> Environment:
        """The Jinja environment, made when first used; set it up before the first request."""
        return self.create_jinja_environment()

    def create_jinja_environment(self) -> Environment:
        raise NotImplementedError

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        raise NotImplementedError

    @property
    def debug(self) -> bool:
        """Whether debug mode is on; the same as ``config["DEBUG"]``."""
        return t.cast(bool, self.config["DEBUG"])

    @debug.setter
    def debug(self, value: bool) -> None:
        self.config["DEBUG"] = value
        if self.config["TEMPLATES_AUTO_RELOAD"] is None:
            self.jinja_env.auto_reload = value

    def make_config(self, instance_relative: bool = False) -> Config:
        """Make the configuration; called by the constructor."""
        root = self.instance_path if instance_relative else self.root_path
        return self.config_class(root, {**self.default_config, "DEBUG": get_debug_flag()})

    def make_aborter(self) -> t.Any:
        """Make what ``abort`` calls; called by the constructor."""
        return self.aborter_class()

    def auto_find_instance_path(self) -> str:
        """Find the instance folder: beside the code, or below the prefix of an installation."""
        prefix, package_path = find_package(self.import_name)
        if prefix is None:
            return os.path.join(package_path, "instance")
        return os.path.join(prefix, "var", f"{self.name}-instance")

    def create_global_jinja_loader(self) -> DispatchingJinjaLoader:
        """Make the loader that asks the application's and the blueprints' folders."""
        return DispatchingJinjaLoader(t.cast("DualApp", self))

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        """Say whether a template's insertions are escaped: HTML, XML, SVG and strings are."""
        return filename is None or filename.endswith((".html", ".htm", ".xml", ".xhtml", ".svg"))

    # -- registering ---------------------------------------------------------------------------

    @setupmethod
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: ft.RouteCallable | None = None,
        provide_automatic_options: bool | None = None,
        **options: t.Any,
    ) -> None:
        """Route a URL rule to an endpoint and, with a view function, the endpoint to the view.

        Args:
            rule: The URL rule, in the syntax of werkzeug's routing.
            endpoint: The name that ``url_for`` takes; by default the view function's name.
            view_func: What answers, sync or async.
            provide_automatic_options: Whether OPTIONS is answered for the view; None asks the
                view and the ``PROVIDE_AUTOMATIC_OPTIONS`` setting.
            **options: Passed to werkzeug's ``Rule``; "methods" lists the HTTP methods. With
                ``stream=True`` the request's body is read as it comes, on ASGI too, where it is
                otherwise received before the view is called.

        Raises:
            TypeError: "methods" is a string.
            AssertionError: Another function has the endpoint already, or it is too late.
        """
        if endpoint is None:
            endpoint = _endpoint_from_view_func(t.cast(ft.RouteCallable, view_func))
        options["endpoint"] = endpoint
        stream = options.pop("stream", False)
        methods = _methods_of(options.pop("methods", None), view_func)
        required = {method.upper() for method in getattr(view_func, "required_methods", ())}
        if provide_automatic_options is None:
            provide_automatic_options = getattr(view_func, "provide_automatic_options", None)
        if provide_automatic_options is None:
            provide_automatic_options = (
                "OPTIONS" not in methods and self.config["PROVIDE_AUTOMATIC_OPTIONS"]
            )
        if provide_automatic_options:
            required.add("OPTIONS")
        made: t.Any = self.url_rule_class(rule, methods=methods | required, **options)
        made.provide_automatic_options = provide_automatic_options
        made.stream_body = stream
        self.url_map.add(made)
        if view_func is not None:
            self._set_view(endpoint, view_func)

    def _set_view(self, endpoint: str, view_func: ft.RouteCallable) -> None:
        other = self.view_functions.get(endpoint)
        if other is not None and other != view_func:
            raise AssertionError(
                f"View function mapping is overwriting an existing endpoint function: {endpoint!r}"
                f" is {other!r} already and cannot be {view_func!r} too. Give one of them another"
                " 'endpoint', or, where both come out of one decorator, let it use functools.wraps."
            )
        self.view_functions[endpoint] = view_func

    @setupmethod
    def register_blueprint(self, blueprint: Blueprint, **options: t.Any) -> None:
        """Take over everything that a blueprint registered.

        Args:
            blueprint: The blueprint.
            **options: Override the blueprint's own, such as "url_prefix", "name", "subdomain".
        """
        blueprint.register(t.cast("DualApp", self), options)

    def iter_blueprints(self) -> t.ValuesView[Blueprint]:
        """Give the blueprints in the order of their registration."""
        return self.blueprints.values()

    @setupmethod
    def template_filter(self, name: t.Any = None) -> t.Any:
        """Decorate a function to be a template filter; used with or without a name."""
        return _named(name, self.add_template_filter)

    @setupmethod
    def add_template_filter(self, f: ft.TemplateFilterCallable, name: str | None = None) -> None:
        """Add a template filter under a name, by default the function's."""
        self.jinja_env.filters[name or f.__name__] = f

    @setupmethod
    def template_test(self, name: t.Any = None) -> t.Any:
        """Decorate a function to be a template test; used with or without a name."""
        return _named(name, self.add_template_test)

    @setupmethod
    def add_template_test(self, f: ft.TemplateTestCallable, name: str | None = None) -> None:
        """Add a template test under a name, by default the function's."""
        self.jinja_env.tests[name or f.__name__] = f

    @setupmethod
    def template_global(self, name: t.Any = None) -> t.Any:
        """Decorate a function to be visible in templates; used with or without a name."""
        return _named(name, self.add_template_global)

    @setupmethod
    def add_template_global(self, f: ft.TemplateGlobalCallable, name: str | None = None) -> None:
        """Make a function visible in templates under a name, by default its own."""
        self.jinja_env.globals[name or f.__name__] = f

    @setupmethod
    def teardown_appcontext(self, f: F) -> F:
        """Register a function called at the end of every application context.

        It is given the unhandled exception or None. Every request has an application context.
        """
        self.teardown_appcontext_funcs.append(f)
        return f

    @setupmethod
    def shell_context_processor(self, f: F) -> F:
        """Register a function whose dict the ``dualapp shell`` starts with."""
        self.shell_context_processors.append(f)
        return f

    # -- looking up ----------------------------------------------------------------------------

    def _find_error_handler(
        self, e: Exception, blueprints: list[str]
    ) -> ft.ErrorHandlerCallable | None:
        """Find the handler that fits best.

        One for the status code comes before one for the class, a blueprint's before the
        application's, and that of the nearest base class first.
        """
        exc_class, code = self._get_exc_class_and_code(type(e))
        scopes = (*blueprints, None)
        spec = self.error_handler_spec
        for wanted in (code, None) if code is not None else (None,):
            for scope in scopes:
                by_class = (spec[scope].get(wanted) if scope in spec else None) or {}
                for cls in exc_class.__mro__:
                    if cls in by_class:
                        return by_class[cls]
        return None

    def trap_http_exception(self, e: Exception) -> bool:
        """Say whether an HTTP error is treated as any other error, as the configuration wants.

        ``TRAP_HTTP_EXCEPTIONS`` traps all of them, ``TRAP_BAD_REQUEST_ERRORS`` (on in debug mode
        for missing keys) those of code 400.
        """
        if self.config["TRAP_HTTP_EXCEPTIONS"]:
            return True
        trap_bad_request = self.config["TRAP_BAD_REQUEST_ERRORS"]
        if trap_bad_request is None and self.debug and isinstance(e, BadRequestKeyError):
            return True
        return bool(trap_bad_request) and isinstance(e, BadRequest)

    def should_ignore_error(self, error: BaseException | None) -> bool:
        """Say whether teardown functions are not told of an error; False for all by default."""
        return False

    @property
    def propagates_exceptions(self) -> bool:
        """Whether an unhandled error is raised to the server instead of answered with a 500."""
        wanted = self.config["PROPAGATE_EXCEPTIONS"]
        return bool(self.testing or self.debug) if wanted is None else bool(wanted)

    def redirect(self, location: str, code: int = 302) -> SansIOResponse:
        """Make a response that leads to another location.

        Args:
            location: The URL.
            code: The status code, 301, 302, 303, 307 or 308.
        """
        return werkzeug_redirect(location, code=code, Response=self.response_class)

    def handle_url_build_error(
        self, error: BuildError, endpoint: str, values: dict[str, t.Any]
    ) -> str:
        """Ask ``url_build_error_handlers`` for a URL that could not be built.

        Raises:
            BuildError: None of them gave one.
        """
        for handler in self.url_build_error_handlers:
            try:
                url = handler(error, endpoint, values)
            except BuildError as raised:
                error = raised
            else:
                if url is not None:
                    return url
        raise error

    def raise_routing_exception(self, request: t.Any) -> t.NoReturn:
        """Raise what went wrong in matching the URL; in debug mode tell of lost form data."""
        error = request.routing_exception
        if (
            self.debug
            and error.code not in (307, 308)
            and isinstance(error, HTTPException)
            and getattr(error, "new_url", None) is not None
            and request.method not in ("GET", "HEAD", "OPTIONS")
        ):
            from ..debughelpers import FormDataRoutingRedirect

            raise FormDataRoutingRedirect(request)
        raise error


def _methods_of(methods: t.Any, view_func: ft.RouteCallable | None) -> set[str]:
    if methods is None:
        methods = getattr(view_func, "methods", None) or ("GET",)
    if isinstance(methods, str):
        raise TypeError(
            f"'methods' is the string {methods!r}, which would be read letter by letter. Pass a"
            f" list of strings: methods=[{methods!r}]."
        )
    return {method.upper() for method in methods}


def _named(name: t.Any, add: Callable[..., None]) -> t.Any:
    """Make a decorator that works bare, called, and with a name."""
    if callable(name):
        add(name)
        return name

    def decorator(f: F) -> F:
        add(f, name=name)
        return f

    return decorator
