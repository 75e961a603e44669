"""Calling an application as a server would, with nothing of a server around it.

Every request gets an environ or a scope of its own. A WSGI body is iterated and closed. ASGI calls
are awaited one after the other by a task of one event loop that keeps running.
"""

from __future__ import annotations

import asyncio
import io
import sys
import time
import typing as t

from .workloads import Answer, Request

#: One loop for all ASGI peers; it is made when the first of them is driven.
_runner = asyncio.Runner()


def close_loop() -> None:
    """Cancel what still runs on the loop, and close it; nothing can be driven on it any more."""
    _runner.close()


class Driver(t.Protocol):
    """Drives one application."""

    def run(self, requests: int) -> float:
        """Ask that many times; gives the CPU seconds that all threads of the process took."""


class WSGIDriver:
    """Calls ``application(environ, start_response)``."""

    def __init__(self, application: t.Any, request: Request) -> None:
        self._application = application
        self._environ = _environ_of(request)
        self._body = request.body

    def answer(self) -> Answer:
        status, headers, body = self._exchange()
        return Answer.read(int(status[:3]), headers, body)

    def run(self, requests: int) -> float:
        exchange = self._exchange
        began = time.process_time()
        for _ in range(requests):
            exchange()
        return time.process_time() - began

    def _exchange(self) -> tuple[str, list[tuple[str, str]], bytes]:
        started: list[t.Any] = []

        def start_response(status: str, headers: t.Any, exc_info: t.Any = None) -> t.Any:
            started[:] = status, headers
            return None

        environ = self._environ.copy()
        environ["wsgi.input"] = io.BytesIO(self._body)
        iterable = self._application(environ, start_response)
        try:
            body = b"".join(iterable)
        finally:
            close = getattr(iterable, "close", None)
            if close is not None:
                close()
        return started[0], started[1], body


class ASGIDriver:
    """Awaits ``application(scope, receive, send)``."""

    def __init__(self, application: t.Any, request: Request) -> None:
        self._application = application
        self._scope = _scope_of(request)
        self._body = request.body

    def answer(self) -> Answer:
        events = _runner.run(self._exchange())
        headers = [(name.decode(), value.decode()) for name, value in events[0]["headers"]]
        body = b"".join(event.get("body", b"") for event in events[1:])
        return Answer.read(events[0]["status"], headers, body)

    def run(self, requests: int) -> float:
        return _runner.run(self._run(requests))

    async def _run(self, requests: int) -> float:
        exchange = self._exchange
        began = time.process_time()
        for _ in range(requests):
            await exchange()
        return time.process_time() - began

    async def _exchange(self) -> list[t.Any]:
        channel = _Channel(self._body)
        await self._application(self._scope.copy(), channel.receive, channel.send)
        return channel.sent


class StreamDriver:
    """Opens ASGI requests whose answers begin and do not end, and leaves them open."""

    def __init__(self, application: t.Any, request: Request) -> None:
        self._application = application
        self._scope = _scope_of(request)
        self._open: list[asyncio.Task[None]] = []

    def run(self, requests: int) -> float:
        """Open that many more; gives the CPU seconds taken."""
        return _runner.run(self._run(requests))

    async def _run(self, requests: int) -> float:
        began = time.process_time()
        for _ in range(requests):
            self._open.append(await self._opened())
        return time.process_time() - began

    async def _opened(self) -> asyncio.Task[None]:
        """Give the task of a stream whose first piece has come."""
        channel = _Channel(b"")
        call = self._application(self._scope.copy(), channel.receive, channel.send)
        task = asyncio.create_task(call)
        while not any(event.get("body") for event in channel.sent):
            if task.done():
                raise ValueError(f"The stream ended: {channel.sent}, {task.exception()!r}")
            await asyncio.sleep(0)
        return task


class _Channel:
    """A client that sends its whole body in one piece and then stays connected."""

    __slots__ = ("_body", "sent")

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self.sent: list[t.Any] = []

    async def receive(self) -> dict[str, t.Any]:
        body, self._body = self._body, None
        if body is None:
            await asyncio.get_running_loop().create_future()  # there is nothing more to come
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, event: t.Any) -> None:
        self.sent.append(event)


def _environ_of(request: Request) -> dict[str, t.Any]:
    """Make what :pep:`3333` asks for, apart from the input, which each request has its own of."""
    environ: dict[str, t.Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


def _scope_of(request: Request) -> dict[str, t.Any]:
    """Make an HTTP connection scope (ASGI HTTP specification 2.4) as uvicorn has it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
    }
