"""An ASGI server without a network: one request from an environ, for the test client.

What the application sends is held to the specification: one start, byte strings, nothing after the
end (ASGI HTTP specification 2.5). So every test on this side checks that too.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import sys
import threading
import typing as t
from collections.abc import Iterator
from contextvars import ContextVar, copy_context
from queue import SimpleQueue
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import Headers
from werkzeug.http import HTTP_STATUS_CODES

from ..sides.environ import TEST_ENVIRON
from ..sides.loops import in_task

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from ..app import DualApp

#: Keys of an environ that a scope says in its own way.
_IN_SCOPE = frozenset(
    {
        "REQUEST_METHOD",
        "SCRIPT_NAME",
        "PATH_INFO",
        "QUERY_STRING",
        "SERVER_NAME",
        "SERVER_PORT",
        "SERVER_PROTOCOL",
        "REMOTE_ADDR",
        "REMOTE_PORT",
        "CONTENT_TYPE",
        "CONTENT_LENGTH",
        "wsgi.input",
        "wsgi.input_terminated",
        "wsgi.url_scheme",
        "wsgi.version",
    }
)
#: How many requests of test clients are around this code.
_depth: ContextVar[int] = ContextVar("dualapp.testing.depth", default=0)


def run(
    app: DualApp,
    environ: WSGIEnvironment,
    buffered: bool,
    loop: asyncio.AbstractEventLoop | None = None,
) -> tuple[t.Iterable[bytes], str, Headers]:
    """Call the application's ASGI side with a request; to be called outside its loop's thread.

    Args:
        app: The application.
        environ: The request.
        buffered: Read the whole response first.
        loop: The loop to run on; by default one that all tests of the process share, or in a view
            that makes a request itself another one, since the view may hold the first.

    Returns:
        The body, the status line and the headers.
    """
    exchange = _Exchange(environ)
    exchange.start(app, loop or _shared_loop(_depth.get()))
    status, headers = exchange.wait_for_start()
    body: t.Iterable[bytes] = _Body(exchange)
    if buffered:
        body = list(body)
    return body, f"{status} {HTTP_STATUS_CODES.get(status, 'UNKNOWN').upper()}", headers


@functools.cache
def _shared_loop(depth: int) -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(
        target=_serve_on, args=(loop,), name="dualapp-test-server", daemon=True
    ).start()
    return loop


def _serve_on(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        # One of these, raised in a task, stops the loop. The test gets it too; the next goes on.
        with contextlib.suppress(SystemExit, KeyboardInterrupt):
            loop.run_forever()


class _Exchange:
    """One request: the server's half of it."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self.scope = scope_of(environ)
        self._body: bytes | None = _body_of(environ)
        #: What the application sent, then None for its end or what it raised.
        self._events: SimpleQueue[t.Any] = SimpleQueue()
        self._state = "new"
        self._is_over = False

    def start(self, app: DualApp, loop: asyncio.AbstractEventLoop) -> None:
        """Run the application on the loop, in a copy of the caller's context."""
        self._loop = loop
        context = copy_context()
        context.run(_depth.set, _depth.get() + 1)
        loop.call_soon_threadsafe(self._start, app, context)

    def _start(self, app: DualApp, context: t.Any) -> None:
        self._client_left = asyncio.Event()
        self._task = in_task(self._loop, self._serve(app), context)

    async def _serve(self, app: DualApp) -> None:
        try:
            await app(self.scope, self._receive, self._send)
            if self._state != "ended" and not self._client_left.is_set():
                raise RuntimeError(
                    "The application returned before its response was complete; a server would"
                    " answer with a 500 or cut the connection."
                )
        except BaseException as error:
            self._events.put(error)
        else:
            self._events.put(None)

    async def _receive(self) -> dict[str, t.Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._client_left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, event: dict[str, t.Any]) -> None:
        kind = event["type"]
        if kind == "http.response.start":
            self._expect("new", kind)
            self._state = "started"
            _check_start(event)
            self._events.put(event)
        elif kind == "http.response.body":
            self._expect("started", kind)
            if not event.get("more_body", False):
                self._state = "ended"
            chunk = event.get("body", b"")
            if not isinstance(chunk, bytes):
                raise TypeError(f"A body chunk must be bytes, not {chunk!r}.")
            self._events.put(chunk)
        else:
            raise ValueError(f"Unknown event {kind!r} sent by the application.")

    def _expect(self, state: str, kind: str) -> None:
        if self._state != state:
            raise RuntimeError(f"{kind!r} was sent when the response was {self._state!r}.")

    def wait_for_start(self) -> tuple[int, Headers]:
        """Wait for the status, or raise what the application raised."""
        event = self.next()
        headers = Headers(
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in event["headers"]]
        )
        self._ahead = [self.next()]
        if self._state == "ended":
            # An answer that is sent as a whole is waited for, as a WSGI call would be.
            self._ahead += self.rest()
        return event["status"], headers

    def next(self) -> t.Any:
        """Give the next event, None after the last; raise what the application raised."""
        if self._is_over:
            return None
        event = self._events.get()
        self._is_over = event is None or isinstance(event, BaseException)
        if isinstance(event, BaseException):
            raise event
        return event

    def rest(self) -> Iterator[bytes]:
        """Give the chunks that are still to come, and wait for the application's end."""
        while (chunk := self.next()) is not None:
            yield chunk

    def chunks(self) -> Iterator[bytes]:
        """Give the body."""
        yield from self._ahead
        yield from self.rest()

    def leave(self) -> None:
        """Close the connection, and wait for the application to notice."""
        if not self._is_over:
            self._loop.call_soon_threadsafe(self._client_left.set)
            for _ in self.rest():
                pass


class _Body:
    """The response's body, read as it comes; closing it early is the client's leaving."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange
        self._chunks = exchange.chunks()

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        self._exchange.leave()


def scope_of(environ: WSGIEnvironment) -> dict[str, t.Any]:
    """Make the scope that a server would make of the same request."""
    root = _bytes(environ.get("SCRIPT_NAME", ""))
    path = _bytes(environ.get("PATH_INFO", ""))
    raw_path = environ.get("REQUEST_URI", "").partition("?")[0].encode("latin-1")
    if unquote_to_bytes(raw_path) != path:
        raw_path = path
    scope: dict[str, t.Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").rpartition("/")[2],
        "method": environ["REQUEST_METHOD"],
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "path": (root + path).decode("utf-8", "replace"),
        "raw_path": root + raw_path,
        "root_path": root.decode("utf-8", "replace"),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "headers": _headers_of(environ),
        "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
        "client": None,
        TEST_ENVIRON: {
            key: value
            for key, value in environ.items()
            if key not in _IN_SCOPE and not key.startswith("HTTP_")
        },
    }
    if "REMOTE_ADDR" in environ:
        scope["client"] = (environ["REMOTE_ADDR"], int(environ.get("REMOTE_PORT") or 0))
    return scope


def _headers_of(environ: WSGIEnvironment) -> list[tuple[bytes, bytes]]:
    headers = []
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            key = key[5:]
        elif key not in ("CONTENT_TYPE", "CONTENT_LENGTH") or not value:
            continue
        headers.append((key.replace("_", "-").lower().encode(), _bytes(str(value))))
    return headers


def _body_of(environ: WSGIEnvironment) -> bytes:
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH")
    if length and length.isascii() and length.isdigit():
        body = stream.read(min(int(length), sys.maxsize))
    else:
        body = stream.read() if environ.get("wsgi.input_terminated") else b""
    # A redirect that keeps the method sends the body again.
    environ["wsgi.input"] = io.BytesIO(body)
    return t.cast(bytes, body)


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")


def _check_start(event: dict[str, t.Any]) -> None:
    if type(event["status"]) is not int:
        raise TypeError(f"The status must be an int, not {event['status']!r}.")
    for name, value in event["headers"]:
        if type(name) is not bytes or type(value) is not bytes or name != name.lower():
            raise TypeError(f"The header {name!r}: {value!r} must be two bytes, its name lower.")
