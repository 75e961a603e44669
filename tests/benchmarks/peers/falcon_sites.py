"""Falcon: resources with responders, and a middleware with two methods."""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

import falcon
import falcon.asgi

from ..workloads import ROUTES, greet, route_prefix, show, summarise
from .site import Kind, as_async, plain


def _hello(req: t.Any, resp: t.Any) -> None:
    resp.text = greet()


def _section(req: t.Any, resp: t.Any, number: int) -> None:
    resp.text = show(number)


def _orders(req: t.Any, resp: t.Any) -> None:
    resp.media = summarise(req.get_media())


async def _orders_async(req: t.Any, resp: t.Any) -> None:
    resp.media = summarise(await req.get_media())


class _RequestId:
    """The middleware; Falcon takes the coroutine methods on ASGI and the others on WSGI."""

    def process_request(self, req: t.Any, resp: t.Any) -> None:
        req.context.request_id = req.get_header("X-Request-Id")

    def process_response(self, req: t.Any, resp: t.Any, resource: t.Any, succeeded: bool) -> None:
        resp.set_header("X-Request-Id", req.context.request_id)

    async def process_request_async(self, req: t.Any, resp: t.Any) -> None:
        self.process_request(req, resp)

    async def process_response_async(
        self, req: t.Any, resp: t.Any, resource: t.Any, succeeded: bool
    ) -> None:
        self.process_response(req, resp, resource, succeeded)


class FalconSite:
    """A site of Falcon's.

    Args:
        app_class: Its application class, of the one side or the other.
        kind: The kind of the responders.
        orders: The responder that reads a body, which differs between the sides.
    """

    def __init__(self, app_class: t.Any, kind: Kind, orders: t.Any) -> None:
        self.app_class = app_class
        self.kind = kind
        self.orders = orders

    def hello(self) -> t.Any:
        app = self.app_class(media_type=falcon.MEDIA_HTML)
        app.add_route("/", SimpleNamespace(on_get=self.kind(_hello)))
        return app

    def json_with_hooks(self) -> t.Any:
        app = self.app_class(middleware=[_RequestId()])
        app.add_route("/orders", SimpleNamespace(on_post=self.orders))
        return app

    def many_routes(self) -> t.Any:
        app = self.app_class(media_type=falcon.MEDIA_HTML)
        resource = SimpleNamespace(on_get=self.kind(_section))
        for index in range(ROUTES):
            app.add_route(f"{route_prefix(index)}{{number:int}}", resource)
        return app


def on_wsgi() -> FalconSite:
    """Make a site for WSGI."""
    return FalconSite(falcon.App, plain, _orders)


def on_asgi() -> FalconSite:
    """Make a site for ASGI."""
    return FalconSite(falcon.asgi.App, as_async, _orders_async)
