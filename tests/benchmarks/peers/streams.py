"""An ASGI application of each framework whose only answer begins and does not end."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from ..driving import StreamDriver
from ..workloads import Request


async def _pieces() -> AsyncIterator[bytes]:
    yield b"first piece\n"
    await asyncio.get_running_loop().create_future()


def _raw() -> t.Any:
    async def application(scope: t.Any, receive: t.Any, send: t.Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        async for piece in _pieces():
            await send({"type": "http.response.body", "body": piece, "more_body": True})

    return application


def _starlette() -> t.Any:
    from starlette.applications import Starlette
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    async def stream(request: t.Any) -> StreamingResponse:
        return StreamingResponse(_pieces())

    return Starlette(routes=[Route("/", stream)])


def _flask_like(app_class: Callable[[str], t.Any]) -> t.Any:
    async def stream() -> AsyncIterator[bytes]:
        return _pieces()

    app = app_class("benchmark")
    app.add_url_rule("/", view_func=stream)
    return app


def _quart() -> t.Any:
    import quart

    return _flask_like(quart.Quart)


def _dualapp() -> t.Any:
    import dualapp

    return _flask_like(dualapp.DualApp)


@dataclass(frozen=True)
class StreamPeer:
    """One row: a framework, and what makes its application."""

    name: str
    application: Callable[[], t.Any]

    def __str__(self) -> str:
        return self.name

    def driver(self, request: Request) -> StreamDriver:
        """Make the application and what opens its streams."""
        return StreamDriver(self.application(), request)


STREAM_PEERS = (
    StreamPeer("ASGI, raw callable", _raw),
    StreamPeer("ASGI, Starlette, async view", _starlette),
    StreamPeer("ASGI, Quart, async view", _quart),
    StreamPeer("ASGI, dualapp, async view", _dualapp),
)
