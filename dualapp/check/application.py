"""What is registered on an application: its views and its hooks, as they will be called."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from types import FunctionType

from werkzeug.routing import Rule

from ..core.lifecycle import opens_sessions_late
from ..sides.usercode import is_users
from ..views import functions_of
from .findings import Place
from .layers import (
    Function,
    function_of,
    layers_of,
    looks_async,
    may_run_on_loop,
    name_of,
    package_of,
)
from .sources import place_of
from .values import Made, Value, fields_of

if t.TYPE_CHECKING:
    from ..app import DualApp

#: Hooks that are called for each request, by the application's attribute.
PER_REQUEST = {
    "url_value_preprocessors": "url_value_preprocessor",
    "before_request_funcs": "before_request",
    "after_request_funcs": "after_request",
    "teardown_request_funcs": "teardown_request",
}
#: Others of the user's functions that async views, or an event loop, may meet.
OCCASIONAL = {
    "template_context_processors": "context_processor",
    "url_default_functions": "url_defaults",
}


@dataclass(frozen=True, eq=False)
class Part:
    """A callable that is registered, or that stands behind one.

    Attributes:
        kind: How it is registered: ``view``, ``before_request``, ``errorhandler`` …
        function: The callable.
        root: The application's folder.
        receiver: The object that it is a method of.
    """

    kind: str
    function: Function
    root: str
    receiver: Value | None = None

    @cached_property
    def layers(self) -> list[Function]:
        """The callable and what it wraps, from the outside in."""
        return layers_of(self.function)

    @property
    def name(self) -> str:
        """Its name."""
        return name_of(self.function)

    @cached_property
    def is_async(self) -> bool:
        """Whether it runs on an event loop as it is registered."""
        return looks_async(self.function)

    @cached_property
    def runs_on_loop(self) -> bool:
        """Whether an ASGI server's loop calls it: it is async, or marked nonblocking."""
        return may_run_on_loop(self.function)

    @property
    def functions(self) -> Iterator[FunctionType]:
        """The user's own functions among the layers, from the outside in."""
        for layer in self.layers:
            function = function_of(layer)
            if function is not None and is_users(function.__code__.co_filename, self.root):
                yield function

    @property
    def place(self) -> Place | None:
        """Where the innermost of the user's own functions is."""
        own = list(self.functions)
        return place_of(own[-1]) if own else None

    @property
    def package(self) -> str:
        """The top-level package that it is from; "" for code without a file."""
        return package_of(self.layers[-1])


@dataclass(frozen=True, eq=False)
class Hook(Part):
    """A function that is called around views.

    Attributes:
        blueprint: The blueprint that it is registered for; None for all requests.
    """

    blueprint: str | None = None


@dataclass(frozen=True, eq=False)
class View(Part):
    """A function that answers requests.

    Attributes:
        endpoint: Its name.
        rules: The URLs that lead to it, each with its methods.
        streams_body: It reads the request's body as it comes.
    """

    endpoint: str = ""
    rules: list[str] = field(default_factory=list)
    streams_body: bool = False

    @property
    def name(self) -> str:
        """Its name; its class's if there is one."""
        return name_of(self.function) if self.view_class is None else self.view_class.__qualname__

    @cached_property
    def view_class(self) -> type | None:
        """The class that stands behind the view."""
        found = (fields_of(layer).get("view_class") for layer in self.layers)
        return next((cls for cls in found if isinstance(cls, type)), None)

    @cached_property
    def methods(self) -> list[Part]:
        """The methods that answer, if a class stands behind the view."""
        cls = self.view_class
        if cls is None:
            return []
        return [Part("view", function, self.root, Made(cls)) for function in functions_of(cls)]

    @property
    def parts(self) -> list[Part]:
        """What answers: the view, or the methods of its class, behind the view's decorators."""
        return [self, *self.methods]

    @cached_property
    def colours(self) -> set[bool]:
        """Which colours what answers has, its decorators seen through: True is async."""
        return {any(map(looks_async, part.layers)) for part in self.methods or [self]}

    @property
    def hides_async(self) -> bool:
        """Whether async code answers, and the view runs as a sync one."""
        return not self.is_async and True in self.colours

    @property
    def place(self) -> Place | None:
        """Where it is: the function, or the first method of its class."""
        if self.view_class is None:
            return super().place
        return next((part.place for part in self.methods if part.place), None)

    @property
    def is_for_static_files(self) -> bool:
        """Whether it is not the user's, but one that dualapp has made for a static folder."""
        is_ours = self.package == "dualapp" and function_of(self.layers[-1]) is not None
        return is_ours and self.place is None and self.view_class is None

    def is_under(self, hook: Hook) -> bool:
        """Tell whether a hook is called for this view."""
        blueprint = hook.blueprint
        return blueprint is None or self.endpoint.startswith(f"{blueprint}.")


class Registered:
    """All that is registered on an application.

    Attributes:
        app: The application.
        root: Its folder.
        views: In the order of their endpoints; dualapp's own, for static files, are left out.
        hooks: What is called around each request.
        others: Error handlers, context processors and the like.
    """

    def __init__(self, app: DualApp) -> None:
        self.app = app
        self.root = app.root_path
        self.views = sorted(self._views(), key=lambda view: view.endpoint)
        self.hooks = list(self._hooks())
        self.others = list(self._others())

    @property
    def parts(self) -> Iterator[Part]:
        """Everything that is called for a request."""
        for view in self.views:
            yield from view.parts
        yield from self.hooks
        yield from self.others

    @property
    def has_async(self) -> bool:
        """Whether anything is async."""
        return any(looks_async(part.layers[-1]) for part in self.parts)

    def hooks_of(self, view: View) -> list[Hook]:
        """Give the hooks that are called for a view."""
        return [hook for hook in self.hooks if view.is_under(hook)]

    def sync_steps(self) -> Iterator[Part]:
        """Give the steps of every request that a sync function was put in the place of."""
        for name, method in self.app._phases.replaced_always.items():
            if not may_run_on_loop(method):
                yield Part(name, method, self.root)

    def _views(self) -> Iterator[View]:
        rules: dict[str, list[Rule]] = {}
        for rule in self.app.url_map.iter_rules():
            rules.setdefault(rule.endpoint, []).append(rule)
        for endpoint, function in self.app.view_functions.items():
            found = rules.get(endpoint, [])
            view = View(
                "view",
                function,
                self.root,
                endpoint=endpoint,
                rules=[f"{_methods_of(rule)} {rule.rule}" for rule in found],
                streams_body=any(getattr(rule, "stream_body", False) for rule in found),
            )
            if not view.is_for_static_files:
                yield view

    def _hooks(self) -> Iterator[Hook]:
        for attribute, kind in PER_REQUEST.items():
            for blueprint, functions in getattr(self.app, attribute).items():
                for function in functions:
                    yield Hook(kind, function, self.root, blueprint=blueprint)
        for function in self.app.teardown_appcontext_funcs:
            yield Hook("teardown_appcontext", function, self.root)
        if not opens_sessions_late(self.app):
            interface = self.app.session_interface
            yield Hook("open_session", interface.open_session, self.root)
            yield Hook("save_session", interface.save_session, self.root)

    def _others(self) -> Iterator[Part]:
        for attribute, kind in OCCASIONAL.items():
            for functions in getattr(self.app, attribute).values():
                yield from (Part(kind, function, self.root) for function in functions)
        for by_code in self.app.error_handler_spec.values():
            for by_class in by_code.values():
                for handler in by_class.values():
                    yield Part("errorhandler", handler, self.root)


def _methods_of(rule: Rule) -> str:
    return ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})) or "any method"
