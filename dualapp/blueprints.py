"""Parts of an application that are written on their own and joined to it by registration."""

from __future__ import annotations

import os
import typing as t
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import wraps

from . import typing as ft
from .core.scaffold import (
    F,
    Hooks,
    Scaffold,
    T_after_request,
    T_before_request,
    T_error_handler,
    T_teardown,
    T_template_context_processor,
    T_url_defaults,
    T_url_value_preprocessor,
    _endpoint_from_view_func,
    _sentinel,
    decorator_of,
    setupmethod,
)

if t.TYPE_CHECKING:
    from .core.application import Application

DeferredSetupFunction = Callable[["BlueprintSetupState"], None]

T_template_filter = t.TypeVar("T_template_filter", bound=ft.TemplateFilterCallable)
T_template_global = t.TypeVar("T_template_global", bound=ft.TemplateGlobalCallable)
T_template_test = t.TypeVar("T_template_test", bound=ft.TemplateTestCallable)
_H = t.TypeVar("_H")


class BlueprintSetupState:
    """One registration of a blueprint: what the functions given to ``record`` receive.

    Attributes:
        app: The application being set up.
        blueprint: The blueprint being registered.
        options: The keyword arguments of ``register_blueprint``.
        first_registration: Whether this application did not have the blueprint before.
        name: The name it is registered under.
        name_prefix: The full name of the blueprint it is nested in, or "".
        subdomain: The subdomain of its rules, or None.
        url_prefix: What its rules start with, or None.
        url_defaults: The default values of its rules.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        app: Application,
        options: dict[str, t.Any],
        first_registration: bool,
    ) -> None:
        self.app = app
        self.blueprint = blueprint
        self.options = options
        self.first_registration = first_registration
        self.name: str = options.get("name", blueprint.name)
        self.name_prefix: str = options.get("name_prefix", "")
        self.subdomain: str | None = _first_given(options.get("subdomain"), blueprint.subdomain)
        self.url_prefix: str | None = _first_given(options.get("url_prefix"), blueprint.url_prefix)
        self.url_defaults: dict[str, t.Any] = {
            **blueprint.url_values_defaults,
            **options.get("url_defaults", {}),
        }

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: ft.RouteCallable | None = None,
        **options: t.Any,
    ) -> None:
        """Add a rule to the application, under this registration's prefix, subdomain and name.

        Args:
            rule: The URL rule, relative to the URL prefix.
            endpoint: The endpoint's last part; by default the view function's name.
            view_func: What answers, sync or async.
            **options: Passed to the application's ``add_url_rule``.
        """
        if self.url_prefix is not None:
            rule = _join_path(self.url_prefix, rule) if rule else self.url_prefix
        if endpoint is None:
            endpoint = _endpoint_from_view_func(t.cast(ft.RouteCallable, view_func))
        options.setdefault("subdomain", self.subdomain)
        options["defaults"] = {**self.url_defaults, **options.get("defaults", {})}
        self.app.add_url_rule(
            rule, _join_name(self.name_prefix, self.name, endpoint), view_func, **options
        )


class Blueprint(Scaffold):
    """A group of routes, hooks, templates and static files, registered on an application as one.

    Nothing reaches an application before ``app.register_blueprint(blueprint)``; then each thing
    recorded here is played back, with endpoints named "<blueprint>.<endpoint>". The same blueprint
    may be registered on several applications, and under several names on one.

    Args:
        name: What endpoints start with; without dots, which separate nested blueprints.
        import_name: The module that this belongs to, normally ``__name__``.
        static_folder: Folder of static files, relative to the root path; none by default.
        static_url_path: URL prefix of the static files, below the blueprint's own; by default the
            static folder's name.
        template_folder: Folder of templates, searched after the application's.
        url_prefix: What is put before each of the blueprint's rules.
        subdomain: The subdomain that the blueprint's rules match on.
        url_defaults: Default values for each of the blueprint's rules.
        root_path: The folder that relative names start from; by default where the module lies.
        cli_group: The command that groups the blueprint's own commands; None puts them at the top,
            by default it is the name the blueprint is registered under.

    Raises:
        ValueError: The name is empty or contains a dot.
    """

    _got_registered_once = False

    def __init__(
        self,
        name: str,
        import_name: str,
        static_folder: str | os.PathLike[str] | None = None,
        static_url_path: str | None = None,
        template_folder: str | os.PathLike[str] | None = None,
        url_prefix: str | None = None,
        subdomain: str | None = None,
        url_defaults: dict[str, t.Any] | None = None,
        root_path: str | None = None,
        cli_group: str | None = _sentinel,
    ) -> None:
        if not name:
            raise ValueError(
                f"A blueprint of {import_name!r} has no name, which its endpoints need."
            )
        _refuse_dot("name", name)
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        self.name = name
        self.url_prefix = url_prefix
        self.subdomain = subdomain
        self.url_values_defaults: dict[str, t.Any] = {} if url_defaults is None else url_defaults
        self.cli.name = name
        self.cli_group = cli_group
        self.deferred_functions: list[DeferredSetupFunction] = []
        self._blueprints: list[tuple[Blueprint, dict[str, t.Any]]] = []

    def _check_setup_finished(self, f_name: str) -> None:
        if self._got_registered_once:
            raise AssertionError(
                f"The setup method {f_name!r} can no longer be called on the blueprint"
                f" {self.name!r}, because an application has registered it and would not see the"
                " change. Do all set-up of a blueprint, with the imports that lead to it, before"
                " register_blueprint()."
            )

    # -- recording ---------------------------------------------------------------------------

    @setupmethod
    def record(self, func: DeferredSetupFunction) -> None:
        """Have a function called with the :class:`BlueprintSetupState` of each registration."""
        self.deferred_functions.append(func)

    @setupmethod
    def record_once(self, func: DeferredSetupFunction) -> None:
        """Like :meth:`record`, but only for the first registration on an application."""

        @wraps(func)
        def only_first(state: BlueprintSetupState) -> None:
            if state.first_registration:
                func(state)

        self.record(only_first)

    @setupmethod
    def register_blueprint(self, blueprint: Blueprint, **options: t.Any) -> None:
        """Nest a blueprint in this one: it is registered whenever this one is.

        Args:
            blueprint: The inner blueprint.
            **options: As for the application's ``register_blueprint``; prefix, subdomain and name
                are joined to this blueprint's.

        Raises:
            ValueError: The blueprint is this very one.
        """
        if blueprint is self:
            raise ValueError(f"The blueprint {self.name!r} cannot be nested in itself.")
        self._blueprints.append((blueprint, options))

    @setupmethod
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: ft.RouteCallable | None = None,
        provide_automatic_options: bool | None = None,
        **options: t.Any,
    ) -> None:
        """Record a URL rule, relative to the blueprint's prefix; see the application's method.

        Raises:
            ValueError: The endpoint, or the view's name, contains a dot.
        """
        _refuse_dot("endpoint", endpoint)
        _refuse_dot("view function's name", getattr(view_func, "__name__", None))
        options["provide_automatic_options"] = provide_automatic_options
        self.record(lambda state: state.add_url_rule(rule, endpoint, view_func, **options))

    # -- registration ------------------------------------------------------------------------

    def make_setup_state(
        self, app: Application, options: dict[str, t.Any], first_registration: bool = False
    ) -> BlueprintSetupState:
        """Make the state that the recorded functions receive; override it to pass your own."""
        return BlueprintSetupState(self, app, options, first_registration)

    def register(self, app: Application, options: dict[str, t.Any]) -> None:
        """Play everything recorded here back on an application.

        ``app.register_blueprint`` calls it; override it to do more at registration.

        Args:
            app: The application.
            options: The keyword arguments of ``register_blueprint``.

        Raises:
            ValueError: The application has a blueprint of this name.
        """
        first_registration = all(known is not self for known in app.blueprints.values())
        name = self._take_name(app, options)
        state = self.make_setup_state(app, options, first_registration)
        if self.has_static_folder:
            state.add_url_rule(
                f"{self.static_url_path}/<path:filename>", "static", self.send_static_file
            )
        self._merge_blueprint_funcs(app, name)
        for deferred in self.deferred_functions:
            deferred(state)
        self._register_commands(app, name, options.get("cli_group", self.cli_group))
        for blueprint, nested_options in self._blueprints:
            blueprint.register(app, _nest(blueprint, nested_options, state, name))

    def _take_name(self, app: Application, options: Mapping[str, t.Any]) -> str:
        """Enter this blueprint among the application's, under the dotted name it gets there."""
        name = _join_name(options.get("name_prefix", ""), options.get("name", self.name))
        holder = app.blueprints.get(name)
        if holder is not None:
            which = "this same blueprint" if holder is self else "another blueprint"
            raise ValueError(
                f"{self!r} needs a name of its own: {name!r} is already registered for {which}"
                " and the endpoints of both would clash. Pass 'name=' to register_blueprint()."
            )
        app.blueprints[name] = self
        self._got_registered_once = True
        return name

    def _merge_blueprint_funcs(self, app: Application, name: str) -> None:
        """Add what is registered here to the application's dicts, under the blueprint's name."""
        _extend(app.before_request_funcs, self.before_request_funcs, name)
        _extend(app.after_request_funcs, self.after_request_funcs, name)
        _extend(app.teardown_request_funcs, self.teardown_request_funcs, name)
        _extend(app.template_context_processors, self.template_context_processors, name)
        _extend(app.url_value_preprocessors, self.url_value_preprocessors, name)
        _extend(app.url_default_functions, self.url_default_functions, name)
        for key, by_code in self.error_handler_spec.items():
            copied = {code: dict(by_class) for code, by_class in by_code.items()}
            app.error_handler_spec[_scope(name, key)] = defaultdict(dict, copied)
        app.view_functions.update(self.view_functions)

    def _register_commands(self, app: Application, name: str, group: str | None) -> None:
        if not self.cli.commands:
            return
        if group is None:
            app.cli.commands.update(self.cli.commands)
            return
        self.cli.name = name if group is _sentinel else group
        app.cli.add_command(self.cli)

    # -- for the whole application -----------------------------------------------------------

    @setupmethod
    def app_template_filter(
        self, name: str | None = None
    ) -> Callable[[T_template_filter], T_template_filter]:
        """Decorate a function that becomes a filter in every template of the application.

        Args:
            name: The filter's name; by default the function's.
        """
        return decorator_of(lambda f: self.add_app_template_filter(f, name))

    @setupmethod
    def add_app_template_filter(
        self, f: ft.TemplateFilterCallable, name: str | None = None
    ) -> None:
        """Do what :meth:`app_template_filter` does, without a decorator."""
        self.record_once(lambda state: _enter(state.app.jinja_env.filters, name, f))

    @setupmethod
    def app_template_test(
        self, name: str | None = None
    ) -> Callable[[T_template_test], T_template_test]:
        """Decorate a function that becomes a test in every template of the application.

        Args:
            name: The test's name; by default the function's.
        """
        return decorator_of(lambda f: self.add_app_template_test(f, name))

    @setupmethod
    def add_app_template_test(self, f: ft.TemplateTestCallable, name: str | None = None) -> None:
        """Do what :meth:`app_template_test` does, without a decorator."""
        self.record_once(lambda state: _enter(state.app.jinja_env.tests, name, f))

    @setupmethod
    def app_template_global(
        self, name: str | None = None
    ) -> Callable[[T_template_global], T_template_global]:
        """Decorate a function that every template of the application can call.

        Args:
            name: Its name there; by default the function's.
        """
        return decorator_of(lambda f: self.add_app_template_global(f, name))

    @setupmethod
    def add_app_template_global(
        self, f: ft.TemplateGlobalCallable, name: str | None = None
    ) -> None:
        """Do what :meth:`app_template_global` does, without a decorator."""
        self.record_once(lambda state: _enter(state.app.jinja_env.globals, name, f))

    @setupmethod
    def before_app_request(self, f: T_before_request) -> T_before_request:
        """Like ``before_request``, but before every request of the application."""
        return self._add_to_app("before_request_funcs", f)

    @setupmethod
    def after_app_request(self, f: T_after_request) -> T_after_request:
        """Like ``after_request``, but after every request of the application."""
        return self._add_to_app("after_request_funcs", f)

    @setupmethod
    def teardown_app_request(self, f: T_teardown) -> T_teardown:
        """Like ``teardown_request``, but after every request of the application."""
        return self._add_to_app("teardown_request_funcs", f)

    @setupmethod
    def app_context_processor(
        self, f: T_template_context_processor
    ) -> T_template_context_processor:
        """Like ``context_processor``, but for every template of the application."""
        return self._add_to_app("template_context_processors", f)

    @setupmethod
    def app_url_value_preprocessor(self, f: T_url_value_preprocessor) -> T_url_value_preprocessor:
        """Like ``url_value_preprocessor``, but for every request of the application."""
        return self._add_to_app("url_value_preprocessors", f)

    @setupmethod
    def app_url_defaults(self, f: T_url_defaults) -> T_url_defaults:
        """Like ``url_defaults``, but for every URL the application builds."""
        return self._add_to_app("url_default_functions", f)

    @setupmethod
    def app_errorhandler(
        self, code: type[Exception] | int
    ) -> Callable[[T_error_handler], T_error_handler]:
        """Like ``errorhandler``, but for errors in every request of the application.

        Args:
            code: An HTTP status code or an exception class, with its subclasses.
        """
        return decorator_of(
            lambda handler: self.record_once(lambda state: state.app.errorhandler(code)(handler))
        )

    def _add_to_app(self, registry: str, f: F) -> F:
        self.record_once(lambda state: getattr(state.app, registry)[None].append(f))
        return f


def _first_given(*values: str | None) -> str | None:
    return next((value for value in values if value is not None), None)


def _join_path(prefix: str, rest: str) -> str:
    return f"{prefix.rstrip('/')}/{rest.lstrip('/')}"


def _join_name(*parts: str) -> str:
    return ".".join(parts).lstrip(".")


def _refuse_dot(what: str, name: str | None) -> None:
    if name is not None and "." in name:
        raise ValueError(
            f"A blueprint's {what} may not contain a dot, as {name!r} does: dots separate the names"
            " of nested blueprints in the full endpoint. Choose one without."
        )


def _scope(name: str, key: ft.AppOrBlueprintKey) -> str:
    """Name in the application what a blueprint holds under this key; None is the blueprint."""
    return name if key is None else f"{name}.{key}"


def _extend(target: Hooks[_H], source: Hooks[_H], name: str) -> None:
    for key, functions in source.items():
        target[_scope(name, key)].extend(functions)


def _enter(registry: dict[str, t.Any], name: str | None, f: Callable[..., t.Any]) -> None:
    registry[name or f.__name__] = f


def _nest(
    blueprint: Blueprint, options: Mapping[str, t.Any], outer: BlueprintSetupState, name: str
) -> dict[str, t.Any]:
    """Join a nested blueprint's options to those of the registration around it."""
    nested = {**options, "name_prefix": name}
    prefix = _first_given(options.get("url_prefix"), blueprint.url_prefix)
    if outer.url_prefix is not None:
        nested["url_prefix"] = (
            outer.url_prefix if prefix is None else _join_path(outer.url_prefix, prefix)
        )
    subdomain = _first_given(options.get("subdomain"), blueprint.subdomain)
    if outer.subdomain is not None:
        nested["subdomain"] = (
            outer.subdomain if subdomain is None else f"{subdomain}.{outer.subdomain}"
        )
    return nested
