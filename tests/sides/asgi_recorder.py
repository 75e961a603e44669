"""A strict ASGI server for one connection, without a network.

It is row A3 of the reliability list, and holds on every test that uses it: events in order and of
the right types, nothing after the end, the scope left as it was, never two ``receive`` at a time,
no task left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import re
import typing as t

BODILESS = (204, 304)
HOP_BY_HOP = {b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"}


def http_scope(path: str = "/", method: str = "GET", **keys: t.Any) -> dict[str, t.Any]:
    """Make the scope of an HTTP request with nothing in it but what the specification demands."""
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method}
    return {**scope, "path": path, "query_string": b"", "headers": [], **keys}


def body_events(*chunks: bytes) -> list[dict[str, t.Any]]:
    """Make the events of a request's body that comes in these chunks."""
    events = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    return [*events[:-1], {**events[-1], "more_body": False}]


class Connection:
    """One request, and what the application sent for it.

    Args:
        app: An ASGI application.
        path: The path, or a whole scope.
        events: What the client sends; by default an empty body. Then it waits until it leaves.
        send_error: Raised by ``send`` for the body event of this number, and ever after.
        scope: Further keys of the scope.
    """

    def __init__(
        self,
        app: t.Any,
        path: str | dict[str, t.Any] = "/",
        method: str = "GET",
        events: t.Iterable[dict[str, t.Any]] | None = None,
        send_error: tuple[int, Exception] | None = None,
        **scope: t.Any,
    ) -> None:
        self.app = app
        self.scope = path if isinstance(path, dict) else http_scope(path, method, **scope)
        self.status: int | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.chunks: list[bytes] = []
        self.is_complete = False
        self.is_over = False
        self.bodies_sent = 0
        self.receive_calls = 0
        self._events = iter(body_events(b"") if events is None else events)
        self._send_error = send_error
        self._has_left = asyncio.Event()
        self._something_sent = asyncio.Event()
        self._is_receiving = False
        self._task: asyncio.Task[None] | None = None

    # -- the test's half -----------------------------------------------------------------------

    async def run(self) -> Connection:
        """Let the application answer to the end."""
        await asyncio.wait_for(self.start(), 10)
        return self

    def start(self) -> asyncio.Task[None]:
        """Let the application answer in a task."""
        self._task = asyncio.get_running_loop().create_task(self._serve())
        return self._task

    def leave(self) -> None:
        """Close the connection: ``receive`` says so from now on."""
        self._has_left.set()

    async def sent_bodies(self, number: int) -> None:
        """Wait until so many body events were sent."""
        assert self._task is not None
        async with asyncio.timeout(5):
            while self.bodies_sent < number:
                assert not self._task.done(), f"over after {self.chunks}: {self._task!r}"
                self._something_sent.clear()
                await self._something_sent.wait()

    async def over_within(self, seconds: float) -> None:
        """Wait for the application's end, which must come in time; raises what it raised."""
        assert self._task is not None
        done, _ = await asyncio.wait([self._task], timeout=seconds)
        assert done, f"still running after {seconds} s"
        await self._task

    async def cancelled_within(self, seconds: float) -> None:
        """Cancel the application from outside; that must reach whoever awaits it."""
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.over_within(seconds)
        assert self._task.cancelled(), f"the cancellation was swallowed: {self._task!r}"

    @property
    def data(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks)

    @property
    def text(self) -> str:
        """The whole body as text."""
        return self.data.decode()

    def all(self, name: bytes) -> list[bytes]:
        """Give the values of the headers of this name."""
        return [value for key, value in self.headers if key == name]

    def header(self, name: bytes) -> bytes | None:
        """Give the only header of this name, or None."""
        values = self.all(name)
        assert len(values) <= 1, f"{name!r} is repeated"
        return values[0] if values else None

    # -- the server's half ---------------------------------------------------------------------

    _running = 0

    async def _serve(self) -> None:
        before, tasks = _snapshot(self.scope), asyncio.all_tasks()
        Connection._running += 1
        try:
            await self.app(self.scope, self._receive, self._send)
        finally:
            Connection._running -= 1
            self.is_over = True
            assert _snapshot(self.scope) == before, "the scope was changed"
            left = asyncio.all_tasks() - tasks
            assert not left or Connection._running, f"tasks were left behind: {left}"
        if not self._has_left.is_set() and self._send_error is None:
            assert self.status is not None, "no response was started"
            assert self.is_complete, "the response was not completed"
            self._check_length()

    async def _receive(self) -> dict[str, t.Any]:
        assert not self._is_receiving, "receive was called while another call waits"
        assert not self.is_over, "receive was called after the end"
        self._is_receiving = True
        self.receive_calls += 1
        try:
            await asyncio.sleep(0)
            for event in self._events:
                return event
            await self._has_left.wait()
            return {"type": "http.disconnect"}
        finally:
            self._is_receiving = False

    async def _send(self, event: dict[str, t.Any]) -> None:
        assert not self.is_over, f"{event} was sent after the application returned"
        assert not self.is_complete, f"{event} was sent after the end of the response"
        kind = event["type"]
        if kind == "http.response.start":
            self._start(event)
        else:
            assert kind == "http.response.body", f"unknown event {kind!r}"
            self._body(event)
        await asyncio.sleep(0)
        self._something_sent.set()

    def _start(self, event: dict[str, t.Any]) -> None:
        assert self.status is None, "the response was started twice"
        assert set(event) <= {"type", "status", "headers", "trailers"}
        assert type(event["status"]) is int
        assert 200 <= event["status"] < 600
        for name, value in event["headers"]:
            assert (type(name), type(value)) == (bytes, bytes), (name, value)
            assert re.fullmatch(rb"[!#$%&'*+.^_`|~0-9a-z-]+", name), name
            assert not re.search(rb"[\r\n\0]", value), value
            assert name not in HOP_BY_HOP, name
            self.headers.append((name, value))
        self.status = event["status"]

    def _body(self, event: dict[str, t.Any]) -> None:
        assert self.status is not None, "a body came before the start"
        assert set(event) <= {"type", "body", "more_body"}
        chunk, more = event.get("body", b""), event.get("more_body", False)
        assert (type(chunk), type(more)) == (bytes, bool), event
        self.bodies_sent += 1
        if self._send_error is not None and self.bodies_sent >= self._send_error[0]:
            raise self._send_error[1]
        if chunk:
            assert self.scope["method"] != "HEAD", "a body was sent for HEAD"
            assert self.status not in BODILESS, f"a body was sent with {self.status}"
            self.chunks.append(chunk)
        self.is_complete = not more

    def _check_length(self) -> None:
        declared = self.header(b"content-length")
        if declared is not None and self.scope["method"] != "HEAD" and self.status != 304:
            assert int(declared) == len(self.data), "Content-Length is not the body's length"


def _snapshot(scope: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        key: value if _is_used_up(value) else copy.deepcopy(value) for key, value in scope.items()
    }


def _is_used_up(value: t.Any) -> bool:
    return hasattr(value, "__next__")
