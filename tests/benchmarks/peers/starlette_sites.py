"""Starlette, and FastAPI on top of it. Their hooks are an ASGI middleware, the fastest they have.

FastAPI's views take what they need as parameters, as its documentation has it, and its generated
API documentation is off.
"""

from __future__ import annotations

import typing as t

from fastapi import Body, FastAPI
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from ..workloads import ROUTES, greet, route_prefix, show, summarise
from .site import Kind, NotOfferedError, plain


class _RequestId:
    """The hooks: keep the header of the request, put it into the response."""

    def __init__(self, app: t.Any) -> None:
        self.app = app

    async def __call__(self, scope: t.Any, receive: t.Any, send: t.Any) -> None:
        request_id = Headers(scope=scope)["X-Request-Id"]
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(event: t.Any) -> None:
            if event["type"] == "http.response.start":
                MutableHeaders(scope=event)["X-Request-Id"] = request_id
            await send(event)

        await self.app(scope, receive, send_with_id)


class StarletteSite:
    """A site of Starlette's.

    Args:
        view: The kind of the views.
    """

    def __init__(self, view: Kind = plain) -> None:
        self.view = view

    def hello(self) -> t.Any:
        def hello(request: Request) -> HTMLResponse:
            return HTMLResponse(greet())

        return Starlette(routes=[Route("/", self.view(hello))])

    def json_with_hooks(self) -> t.Any:
        if self.view is plain:
            raise NotOfferedError("a sync view of Starlette's cannot read the body")

        async def orders(request: Request) -> JSONResponse:
            return JSONResponse(summarise(await request.json()))

        return Starlette(
            routes=[Route("/orders", orders, methods=["POST"])],
            middleware=[Middleware(_RequestId)],
        )

    def many_routes(self) -> t.Any:
        def section(request: Request) -> HTMLResponse:
            return HTMLResponse(show(request.path_params["number"]))

        view = self.view(section)
        paths = (f"{route_prefix(index)}{{number:int}}" for index in range(ROUTES))
        return Starlette(routes=[Route(path, view) for path in paths])


class FastAPISite:
    """A site of FastAPI's.

    Args:
        view: The kind of the views.
    """

    def __init__(self, view: Kind = plain) -> None:
        self.view = view
        self.app = FastAPI(openapi_url=None)

    def hello(self) -> t.Any:
        def hello() -> str:
            return greet()

        self.app.add_api_route("/", self.view(hello), response_class=HTMLResponse)
        return self.app

    def json_with_hooks(self) -> t.Any:
        def orders(order: t.Annotated[dict[str, t.Any], Body()]) -> dict[str, t.Any]:
            return summarise(order)

        self.app.add_api_route("/orders", self.view(orders), methods=["POST"])
        self.app.add_middleware(_RequestId)
        return self.app

    def many_routes(self) -> t.Any:
        def section(number: int) -> str:
            return show(number)

        view = self.view(section)
        for index in range(ROUTES):
            path = f"{route_prefix(index)}{{number}}"
            self.app.add_api_route(path, view, response_class=HTMLResponse)
        return self.app
