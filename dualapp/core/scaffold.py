"""What an application and a blueprint have in common: all that can be registered on them."""

from __future__ import annotations

import os
import typing as t
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property, lru_cache, wraps

from jinja2 import BaseLoader, FileSystemLoader
from werkzeug.exceptions import HTTPException, default_exceptions

from .. import typing as ft
from ..globals import current_app
from .packages import get_root_path, open_resource
from .watched import Watched, WatchedLists

if t.TYPE_CHECKING:
    from ..commands import AppGroup
    from ..wrappers import Response

#: Tells "not given" from None where None has a meaning of its own.
_sentinel: t.Any = object()

F = t.TypeVar("F", bound=Callable[..., t.Any])
T_after_request = t.TypeVar("T_after_request", bound="ft.AfterRequestCallable[t.Any]")
T_before_request = t.TypeVar("T_before_request", bound=ft.BeforeRequestCallable)
T_error_handler = t.TypeVar("T_error_handler", bound=ft.ErrorHandlerCallable)
T_route = t.TypeVar("T_route", bound=ft.RouteCallable)
T_teardown = t.TypeVar("T_teardown", bound=ft.TeardownCallable)
T_template_context_processor = t.TypeVar(
    "T_template_context_processor", bound=ft.TemplateContextProcessorCallable
)
T_url_defaults = t.TypeVar("T_url_defaults", bound=ft.URLDefaultCallable)
T_url_value_preprocessor = t.TypeVar(
    "T_url_value_preprocessor", bound=ft.URLValuePreprocessorCallable
)

_T = t.TypeVar("_T")
#: What is registered for one blueprint's requests (by its name) and for all (None).
Hooks: t.TypeAlias = dict[ft.AppOrBlueprintKey, list[_T]]
ErrorHandlers: t.TypeAlias = dict[int | None, dict[type[Exception], ft.ErrorHandlerCallable]]


@lru_cache(maxsize=256)
def _split_blueprint_path(name: str) -> list[str]:
    """Name a blueprint and those around it, innermost first. Not to be changed: it is cached."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]


def setupmethod(f: F) -> F:
    """Mark a method that is of use only before the first request.

    The method first calls ``self._check_setup_finished(name)``; a refusal, which is an
    AssertionError, leaves with the name of the function that was about to be registered.
    """
    f_name = f.__name__

    @wraps(f)
    def checked(self: Scaffold, *args: t.Any, **kwargs: t.Any) -> t.Any:
        try:
            self._check_setup_finished(f_name)
        except AssertionError as refusal:
            raise AssertionError(f"{refusal}{_what_was_registered(args, kwargs)}") from None
        return f(self, *args, **kwargs)

    return t.cast(F, checked)


def decorator_of(register: Callable[[t.Any], object]) -> Callable[[F], F]:
    """Make a decorator that registers a function and leaves it as it is."""

    def decorate(f: F) -> F:
        register(f)
        return f

    return decorate


def _what_was_registered(args: tuple[t.Any, ...], kwargs: dict[str, t.Any]) -> str:
    for value in (*args, *kwargs.values()):
        if hasattr(value, "__qualname__") and not isinstance(value, type):
            return f"\nIt was called to register {value.__module__}.{value.__qualname__}."
    return ""


class Scaffold:
    """The registry behind both the application and :class:`~dualapp.blueprints.Blueprint`.

    Every callable registered here may be sync or async, on the WSGI and on the ASGI side. The
    dicts are plain and public, keyed by blueprint name or by None for all requests; extensions
    change them in place.

    Args:
        import_name: The module that this belongs to, normally ``__name__``.
        static_folder: Folder of static files, relative to the root path.
        static_url_path: URL prefix of the static files; by default the static folder's name.
        template_folder: Folder of templates, relative to the root path.
        root_path: The folder that relative names start from; by default where the module lies.

    Raises:
        RuntimeError: The module has no file and no root path was given.
    """

    name: str
    cli: AppGroup
    _static_folder: str | None = None
    _static_url_path: str | None = None

    def __init__(
        self,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        template_folder: str | os.PathLike[str] | None = None,
        root_path: str | None = None,
    ) -> None:
        # Both modules reach this one through their own imports.
        from ..commands import AppGroup
        from ..templating import _default_template_ctx_processor

        self.import_name = import_name
        self.static_folder = static_folder
        self.static_url_path = static_url_path
        self.template_folder = template_folder
        self.root_path = get_root_path(import_name) if root_path is None else root_path
        self.cli = AppGroup()

        self.view_functions: dict[str, ft.RouteCallable] = Watched()
        #: [blueprint name or None][HTTP code or None][exception class]
        self.error_handler_spec: dict[ft.AppOrBlueprintKey, ErrorHandlers] = defaultdict(
            lambda: defaultdict(dict)
        )
        self.before_request_funcs: Hooks[ft.BeforeRequestCallable] = WatchedLists(list)
        self.after_request_funcs: Hooks[ft.AfterRequestCallable[t.Any]] = WatchedLists(list)
        self.teardown_request_funcs: Hooks[ft.TeardownCallable] = WatchedLists(list)
        self.template_context_processors: Hooks[ft.TemplateContextProcessorCallable] = defaultdict(
            list, {None: [_default_template_ctx_processor]}
        )
        self.url_value_preprocessors: Hooks[ft.URLValuePreprocessorCallable] = WatchedLists(list)
        self.url_default_functions: Hooks[ft.URLDefaultCallable] = defaultdict(list)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def _check_setup_finished(self, f_name: str) -> None:
        """Raise an AssertionError when the setup method of this name comes too late."""
        raise NotImplementedError

    # -- files -------------------------------------------------------------------------------

    @property
    def static_folder(self) -> str | None:
        """The absolute folder of static files, or None."""
        if self._static_folder is None:
            return None
        return os.path.join(self.root_path, self._static_folder)

    @static_folder.setter
    def static_folder(self, value: str | os.PathLike[str] | None) -> None:
        self._static_folder = None if value is None else os.fspath(value).rstrip("/\\")

    @property
    def has_static_folder(self) -> bool:
        """Whether a static folder is set; it need not exist."""
        return self.static_folder is not None

    @property
    def static_url_path(self) -> str | None:
        """The URL prefix of static files: as set, or "/" and the static folder's last part."""
        if self._static_url_path is None and self.static_folder is not None:
            return f"/{os.path.basename(self.static_folder)}".rstrip("/")
        return self._static_url_path

    @static_url_path.setter
    def static_url_path(self, value: str | None) -> None:
        self._static_url_path = None if value is None else value.rstrip("/")

    @cached_property
    def jinja_loader(self) -> BaseLoader | None:
        """The Jinja loader of the template folder, or None without one."""
        if self.template_folder is None:
            return None
        return FileSystemLoader(os.path.join(self.root_path, self.template_folder))

    def get_send_file_max_age(self, filename: str | None) -> int | None:
        """Say how long browsers may keep a file that is sent; override it to differ by name.

        Args:
            filename: The file's path, as given to ``send_file``.

        Returns:
            Seconds, taken from the current application's ``SEND_FILE_MAX_AGE_DEFAULT``, or None
            for a conditional request each time.
        """
        age: int | timedelta | None = current_app.config["SEND_FILE_MAX_AGE_DEFAULT"]
        return int(age.total_seconds()) if isinstance(age, timedelta) else age

    def send_static_file(self, filename: str) -> Response:
        """Answer with a file of the static folder; the view behind the static URLs.

        Args:
            filename: The file's path below the static folder.

        Raises:
            RuntimeError: There is no static folder.
            werkzeug.exceptions.NotFound: There is no such file, or it lies outside the folder.
        """
        from ..helpers import send_from_directory

        folder = self.static_folder
        if folder is None:
            raise RuntimeError(
                f"{self!r} was asked for the static file {filename!r} but has no folder to look"
                " in. Set its 'static_folder'."
            )
        return send_from_directory(folder, filename, max_age=self.get_send_file_max_age(filename))

    def open_resource(
        self, resource: str, mode: str = "rb", encoding: str | None = "utf-8"
    ) -> t.IO[t.Any]:
        """Open a file that lies below the root path, for reading.

        Args:
            resource: The file's name, relative to the root path.
            mode: "rb" for bytes, "r" or "rt" for text.
            encoding: How text is decoded; not used for bytes.

        Raises:
            ValueError: The mode asks for more than reading.
        """
        return open_resource(self.root_path, resource, mode, encoding)

    # -- routes ------------------------------------------------------------------------------

    @setupmethod
    def route(self, rule: str, **options: t.Any) -> Callable[[T_route], T_route]:
        """Decorate a view: requests to this rule are answered by it.

        Args:
            rule: The URL rule, in the syntax of werkzeug's routing.
            **options: Passed to :meth:`add_url_rule`, where "endpoint" may be among them.
        """

        endpoint: str | None = options.pop("endpoint", None)
        return decorator_of(lambda view: self.add_url_rule(rule, endpoint, view, **options))

    def _method_route(
        self, method: str, rule: str, options: dict[str, t.Any]
    ) -> Callable[[T_route], T_route]:
        if "methods" in options:
            raise TypeError(
                f"'{method.lower()}' means one HTTP method, so {rule!r} cannot have 'methods' too."
                " Use the 'route' decorator to name several."
            )
        return self.route(rule, methods=[method], **options)

    @setupmethod
    def get(self, rule: str, **options: t.Any) -> Callable[[T_route], T_route]:
        """Decorate a view for GET (and HEAD) requests; see :meth:`route`."""
        return self._method_route("GET", rule, options)

    @setupmethod
    def post(self, rule: str, **options: t.Any) -> Callable[[T_route], T_route]:
        """Decorate a view for POST requests; see :meth:`route`."""
        return self._method_route("POST", rule, options)

    @setupmethod
    def put(self, rule: str, **options: t.Any) -> Callable[[T_route], T_route]:
        """Decorate a view for PUT requests; see :meth:`route`."""
        return self._method_route("PUT", rule, options)

    @setupmethod
    def delete(self, rule: str, **options: t.Any) -> Callable[[T_route], T_route]:
        """Decorate a view for DELETE requests; see :meth:`route`."""
        return self._method_route("DELETE", rule, options)

    @setupmethod
    def patch(self, rule: str, **options: t.Any) -> Callable[[T_route], T_route]:
        """Decorate a view for PATCH requests; see :meth:`route`."""
        return self._method_route("PATCH", rule, options)

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
            **options: Passed to werkzeug's ``Rule``; "methods" lists the HTTP methods.
        """
        raise NotImplementedError

    @setupmethod
    def endpoint(self, endpoint: str) -> Callable[[F], F]:
        """Decorate the view of an endpoint whose rules are added apart, without a view."""
        return decorator_of(lambda view: self.view_functions.update({endpoint: view}))

    # -- hooks -------------------------------------------------------------------------------

    @setupmethod
    def before_request(self, f: T_before_request) -> T_before_request:
        """Register a function called before each view; a value it returns is the answer instead.

        On a blueprint: before the blueprint's own views.
        """
        return _add(self.before_request_funcs, f)

    @setupmethod
    def after_request(self, f: T_after_request) -> T_after_request:
        """Register a function that is given each response and returns it, or another one.

        It is not called when an exception was left unhandled; see :meth:`teardown_request`.
        """
        return _add(self.after_request_funcs, f)

    @setupmethod
    def teardown_request(self, f: T_teardown) -> T_teardown:
        """Register a function called at the end of each request, whatever happened.

        It is given the unhandled exception or None; what it returns is ignored.
        """
        return _add(self.teardown_request_funcs, f)

    @setupmethod
    def context_processor(self, f: T_template_context_processor) -> T_template_context_processor:
        """Register a function whose dict is added to each template's variables.

        On a blueprint: to the templates that the blueprint's own views render.
        """
        return _add(self.template_context_processors, f)

    @setupmethod
    def url_value_preprocessor(self, f: T_url_value_preprocessor) -> T_url_value_preprocessor:
        """Register a function that may change the matched URL values before any other hook.

        It is given the endpoint and the dict of values, which it changes in place.
        """
        return _add(self.url_value_preprocessors, f)

    @setupmethod
    def url_defaults(self, f: T_url_defaults) -> T_url_defaults:
        """Register a function that may add values to each URL being built.

        It is given the endpoint and the dict of values, which it changes in place.
        """
        return _add(self.url_default_functions, f)

    # -- error handlers ----------------------------------------------------------------------

    @setupmethod
    def errorhandler(
        self, code_or_exception: type[Exception] | int
    ) -> Callable[[T_error_handler], T_error_handler]:
        """Decorate a function that answers when this error comes up.

        Args:
            code_or_exception: An HTTP status code or an exception class, with its subclasses.

        Raises:
            TypeError: It is neither, for example an exception instance.
            ValueError: No HTTP error has this code, or the class is not an Exception.
        """
        return decorator_of(lambda handler: self.register_error_handler(code_or_exception, handler))

    @setupmethod
    def register_error_handler(
        self, code_or_exception: type[Exception] | int, f: ft.ErrorHandlerCallable
    ) -> None:
        """Do what :meth:`errorhandler` does, without a decorator."""
        error, code = self._get_exc_class_and_code(code_or_exception)
        self.error_handler_spec[None][code][error] = f

    @staticmethod
    def _get_exc_class_and_code(
        exc_class_or_code: type[Exception] | int,
    ) -> tuple[type[Exception], int | None]:
        """Name an error by its class and, for HTTP errors, its status code."""
        exc_class = _exception_class(exc_class_or_code)
        return exc_class, exc_class.code if issubclass(exc_class, HTTPException) else None


def _add(hooks: Hooks[t.Any], f: F) -> F:
    hooks[None].append(f)
    return f


def _exception_class(given: object) -> type[Exception]:
    """Give the exception class that an error handler is registered for."""
    rule = "Error handlers are registered for subclasses of Exception or for HTTP error codes."
    if isinstance(given, int):
        if given not in default_exceptions:
            raise ValueError(
                f"{given!r} is not an HTTP error code that werkzeug has an exception for."
                " Use a subclass of HTTPException that has this code."
            )
        return default_exceptions[given]
    if isinstance(given, Exception):
        raise TypeError(f"{given!r} is an instance, not a class. {rule} Pass its class.")
    if not isinstance(given, type):
        raise TypeError(f"{given!r} is neither an exception class nor a number. {rule}")
    if not issubclass(given, Exception):
        raise ValueError(f"{given.__name__!r} is not a subclass of Exception. {rule}")
    return given


def _endpoint_from_view_func(view_func: ft.RouteCallable) -> str:
    """Give the endpoint's name of a view that was registered without one: the function's own."""
    if view_func is None:
        raise AssertionError("Without an endpoint, a view function is needed to name it by.")
    return view_func.__name__
