"""Flask, Quart and dualapp: one site for the three that share an API."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ..workloads import ROUTES, greet, route_prefix, show, summarise
from .site import Kind, as_async, plain


class FlaskLikeSite:
    """A site of a framework that has Flask's names.

    Args:
        framework: The module with ``request`` and ``g``.
        app_class: Its application class.
        view: The kind of the views.
        hooks: The kind of the hooks.
        config: Settings of the application.
        serve: Makes the callable that is driven of the application.
    """

    def __init__(
        self,
        framework: t.Any,
        app_class: Callable[..., t.Any],
        view: Kind = plain,
        hooks: Kind = plain,
        config: dict[str, t.Any] | None = None,
        serve: Callable[[t.Any], t.Any] = plain,
    ) -> None:
        self.framework = framework
        self.view = view
        self.hooks = hooks
        self.serve = serve
        self.app = app_class("benchmark")
        self.app.config.update(config or {}, SECRET_KEY="sessions are on, and not used")

    def hello(self) -> t.Any:
        def hello() -> str:
            return greet()

        self.app.add_url_rule("/", view_func=self.view(hello))
        return self.serve(self.app)

    def json_with_hooks(self) -> t.Any:
        request, g = self.framework.request, self.framework.g

        def keep_request_id() -> None:
            g.request_id = request.headers["X-Request-Id"]

        def pass_request_id_on(response: t.Any) -> t.Any:
            response.headers["X-Request-Id"] = g.request_id
            return response

        self.app.before_request(self.hooks(keep_request_id))
        self.app.after_request(self.hooks(pass_request_id_on))
        self.app.add_url_rule("/orders", view_func=self.orders_view(), methods=["POST"])
        return self.serve(self.app)

    def orders_view(self) -> Callable[..., t.Any]:
        """Make the view that reads and answers JSON."""
        request = self.framework.request

        def orders() -> dict[str, t.Any]:
            return summarise(request.get_json())

        return self.view(orders)

    def many_routes(self) -> t.Any:
        def section(number: int) -> str:
            return show(number)

        view = self.view(section)
        for index in range(ROUTES):
            rule = f"{route_prefix(index)}<int:number>"
            self.app.add_url_rule(rule, f"section{index}", view)
        return self.serve(self.app)


class QuartSite(FlaskLikeSite):
    """Quart's way to read a body has to be awaited."""

    def orders_view(self) -> Callable[..., t.Any]:
        request = self.framework.request

        async def orders() -> dict[str, t.Any]:
            return summarise(await request.get_json())

        return orders


def flask(**options: t.Any) -> FlaskLikeSite:
    """Make a site of Flask's."""
    import flask

    return FlaskLikeSite(flask, flask.Flask, **options)


def flask_by_a2wsgi() -> FlaskLikeSite:
    """Make a site of Flask's that a2wsgi turns into an ASGI application."""
    from a2wsgi import WSGIMiddleware

    return flask(serve=WSGIMiddleware)


def flask_by_asgiref() -> FlaskLikeSite:
    """Make a site of Flask's that asgiref turns into an ASGI application."""
    from asgiref.wsgi import WsgiToAsgi

    return flask(serve=WsgiToAsgi)


def quart() -> FlaskLikeSite:
    """Make a site of Quart's, async throughout."""
    import quart

    return QuartSite(quart, quart.Quart, view=as_async, hooks=as_async)


def dualapp(**options: t.Any) -> FlaskLikeSite:
    """Make a site of ours."""
    import dualapp

    return FlaskLikeSite(dualapp, dualapp.DualApp, **options)


def dualapp_nonblocking() -> FlaskLikeSite:
    """Make a site of ours whose views and hooks are sync, and promise not to block."""
    from dualapp import nonblocking

    return dualapp(view=nonblocking, hooks=nonblocking)
