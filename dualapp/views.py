"""Views as classes: one that answers requests, and one with a method for each HTTP method."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Iterator

from werkzeug.exceptions import MethodNotAllowed

from . import typing as ft
from .globals import current_app, request
from .sides.colour import declare_async, is_async

#: The names that :class:`MethodView` looks for when a subclass is defined.
http_method_funcs = frozenset({"get", "post", "head", "options", "delete", "put", "trace", "patch"})


class View:
    """Answers requests by its :meth:`dispatch_request`; :meth:`as_view` makes it a view function.

    Each request gets an instance of its own, so attributes of ``self`` are safe to use.
    """

    #: The HTTP methods of the URL rules, unless a rule says otherwise. None: GET.
    methods: t.ClassVar[Collection[str] | None] = None

    #: Whether ``OPTIONS`` is answered without this view. None: as the application has it.
    provide_automatic_options: t.ClassVar[bool | None] = None

    #: Decorators for the view function, applied from the first to the last. A decorator on the
    #: class would not reach it.
    decorators: t.ClassVar[list[Callable[..., t.Any]]] = []

    #: False makes one instance serve all requests, which saves its construction. It then must not
    #: keep anything of a request on ``self``: use ``g``.
    init_every_request: t.ClassVar[bool] = True

    def dispatch_request(self) -> ft.ResponseReturnValue:
        """Answer the request. May be ``async def``.

        A subclass's method takes the variables of the URL rule as keyword arguments.

        Returns:
            Anything that a view may return.
        """
        raise NotImplementedError

    @classmethod
    def as_view(cls, name: str, *class_args: t.Any, **class_kwargs: t.Any) -> ft.RouteCallable:
        """Make the function to register with a URL rule.

        Args:
            name: The function's name, and with it the endpoint's.
            *class_args: Given to the constructor of each instance.
            **class_kwargs: The same.

        Returns:
            The view function, decorated. Its attribute ``view_class`` is this class; another class
            put there answers from then on.
        """
        shared = None if cls.init_every_request else cls(*class_args, **class_kwargs)

        def plain(**url_values: t.Any) -> ft.ResponseReturnValue:
            instance = view.view_class(*class_args, **class_kwargs) if shared is None else shared
            return t.cast(ft.ResponseReturnValue, instance.dispatch_request(**url_values))

        plain.__name__ = name
        plain.__module__ = cls.__module__
        view = _decorate(plain, cls.decorators)
        view.__doc__ = cls.__doc__
        view.__name__ = name
        view.__module__ = cls.__module__
        view.view_class = cls
        view.methods = cls.methods
        view.provide_automatic_options = cls.provide_automatic_options
        # A decorator that is itself sync may block, which is not for the event loop.
        if view is plain:
            declare_async(view, cls._answers_async())
        return t.cast(ft.RouteCallable, view)

    @classmethod
    def _answers_async(cls) -> bool:
        """Tell whether all that answers requests is async, so that an event loop can run it."""
        return is_async(cls.dispatch_request)


def functions_of(view_class: t.Any) -> list[Callable[..., t.Any]]:
    """Give the functions that do the work of a class's view, of whatever class.

    Args:
        view_class: The class: its methods that are named as HTTP methods, in the order of their
            names, or ``dispatch_request``.
    """
    names = sorted(name.lower() for name in getattr(view_class, "methods", None) or ())
    found = (getattr(view_class, name, None) for name in names)
    return list(filter(callable, found)) or [view_class.dispatch_request]


def _decorate(function: t.Any, decorators: list[Callable[..., t.Any]]) -> t.Any:
    for decorator in decorators:
        function = decorator(function)
    return function


class MethodView(View):
    """Answers each HTTP method by the method of that name: ``get``, ``post`` and so on.

    :attr:`methods` is worked out from the names in :data:`http_method_funcs` that a subclass has,
    its base classes' included. List it in the class to allow fewer, or others such as
    ``PROPFIND``. ``HEAD`` is answered by ``get`` where there is no ``head``. Each may be
    ``async def``.
    """

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        if "methods" in vars(cls):
            return
        declared = {verb for base in cls.__bases__ for verb in getattr(base, "methods", None) or ()}
        defined = {name.upper() for name in http_method_funcs if hasattr(cls, name)}
        if declared or defined:
            cls.methods = declared | defined

    def dispatch_request(self, **kwargs: t.Any) -> ft.ResponseReturnValue:
        """Call the method that is named as the request's.

        Args:
            **kwargs: The variables of the URL rule.

        Returns:
            What that method returns.

        Raises:
            MethodNotAllowed: There is no such method, or its name is not one to be called from
                outside.
        """
        handler = self._handler(request.method)
        if handler is None:
            raise MethodNotAllowed(valid_methods=self.methods)
        if type(self).dispatch_request is not MethodView.dispatch_request:
            # An override around this one works on what the handler answers, not on a coroutine.
            handler = current_app.ensure_sync(handler)
        return t.cast(ft.ResponseReturnValue, handler(**kwargs))

    def _handler(self, verb: str) -> Callable[..., t.Any] | None:
        name = verb.lower()
        if name not in http_method_funcs and not self._declares(verb):
            return None
        found: Callable[..., t.Any] | None = getattr(self, name, None)
        if found is None and verb == "HEAD":
            found = getattr(self, "get", None)
        return found

    def _declares(self, verb: str) -> bool:
        """Tell whether the class, or the URL rule, lists an HTTP method of another name.

        The client chooses the name, so without that it must not find an attribute of ours.
        """
        rule = request.url_rule
        listed = None if rule is None else rule.methods
        return verb in (self.methods or ()) or verb in (listed or ())

    @classmethod
    def _answers_async(cls) -> bool:
        if cls.dispatch_request is not MethodView.dispatch_request:
            return is_async(cls.dispatch_request)
        handlers = list(cls._handlers())
        return bool(handlers) and all(map(is_async, handlers))

    @classmethod
    def _handlers(cls) -> Iterator[Callable[..., t.Any]]:
        for name in http_method_funcs.union(verb.lower() for verb in cls.methods or ()):
            handler = getattr(cls, name, None)
            if handler is not None:
                yield handler
