"""The limit: callables that do the work by hand, without a framework."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable

from ..workloads import ROUTES, greet, route_prefix, show, summarise

_HTML = "text/html; charset=utf-8"
_JSON = "application/json"

Headers = list[tuple[str, str]]

_routes: dict[str, Callable[[int], str]] = {route_prefix(index): show for index in range(ROUTES)}


def _routed(path: str) -> bytes:
    prefix, slash, number = path.rpartition("/")
    return _routes[prefix + slash](int(number)).encode()


def _summarised(body: bytes) -> bytes:
    return json.dumps(summarise(json.loads(body))).encode()


def _headers(media_type: str, body: bytes) -> Headers:
    return [("Content-Type", media_type), ("Content-Length", str(len(body)))]


class WSGISite:
    """Raw WSGI callables."""

    def hello(self) -> t.Any:
        def application(environ: t.Any, start_response: t.Any) -> list[bytes]:
            body = greet().encode()
            start_response("200 OK", _headers(_HTML, body))
            return [body]

        return application

    def json_with_hooks(self) -> t.Any:
        def application(environ: t.Any, start_response: t.Any) -> list[bytes]:
            request_id = environ["HTTP_X_REQUEST_ID"]
            body = _summarised(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            start_response("200 OK", [*_headers(_JSON, body), ("X-Request-Id", request_id)])
            return [body]

        return application

    def many_routes(self) -> t.Any:
        def application(environ: t.Any, start_response: t.Any) -> list[bytes]:
            body = _routed(environ["PATH_INFO"])
            start_response("200 OK", _headers(_HTML, body))
            return [body]

        return application


class ASGISite:
    """Raw ASGI callables."""

    def hello(self) -> t.Any:
        async def application(scope: t.Any, receive: t.Any, send: t.Any) -> None:
            body = greet().encode()
            await _send(send, _headers(_HTML, body), body)

        return application

    def json_with_hooks(self) -> t.Any:
        async def application(scope: t.Any, receive: t.Any, send: t.Any) -> None:
            request_id = dict(scope["headers"])[b"x-request-id"].decode()
            body = _summarised((await receive())["body"])
            await _send(send, [*_headers(_JSON, body), ("X-Request-Id", request_id)], body)

        return application

    def many_routes(self) -> t.Any:
        async def application(scope: t.Any, receive: t.Any, send: t.Any) -> None:
            body = _routed(scope["path"])
            await _send(send, _headers(_HTML, body), body)

        return application


async def _send(send: t.Any, headers: Headers, body: bytes) -> None:
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": 200, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
