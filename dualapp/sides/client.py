"""The other end of one request on the ASGI side."""

from __future__ import annotations

import logging
import typing as t
from collections.abc import Awaitable, Callable

from ..core.answer import Answer
from ..core.memo import Memo
from .disconnect import ClientWatch
from .inbox import Inbox, Receive

logger = logging.getLogger("dualapp")

Send = Callable[[dict[str, t.Any]], Awaitable[None]]
NextChunk = Callable[[], Awaitable[bytes | None]]


class Client:
    """The other end: what is sent to it, and whether it is still there.

    Args:
        receive: The server's channel for what comes from it.
        send: The server's channel for what goes to it.
        has_whole_body: All of the body was received already.
    """

    #: What waits for the client to leave; to be stopped at the end, so that no task is left.
    watcher: ClientWatch | None = None
    has_start = False
    _send_failed = False
    _inbox: Inbox | None = None

    def __init__(self, receive: Receive, send: Send, has_whole_body: bool = False) -> None:
        self._receive = receive
        self._send = send
        self._has_whole_body = has_whole_body

    @property
    def inbox(self) -> Inbox:
        """What comes from the client; made when first needed."""
        if self._inbox is None:
            self._inbox = Inbox(self._receive)
            self._inbox.is_whole = self._has_whole_body
        return self._inbox

    @property
    def has_left(self) -> bool:
        """Whether the server has told, in one way or the other, that nobody is there."""
        return self._send_failed or (self._inbox is not None and self._inbox.has_left)

    def watch(self) -> ClientWatch:
        """Give what cancels the block of an ``async with`` when the client leaves."""
        if self.watcher is None:
            self.watcher = ClientWatch(self.inbox)
        return self.watcher

    async def send(self, event: dict[str, t.Any]) -> None:
        """Send one event, and note it if the server says that nobody is there."""
        try:
            await self._send(event)
        except OSError:
            self._send_failed = True
            raise

    async def send_start(self, answer: Answer) -> None:
        """Send status and headers."""
        self.has_start = True
        await self.send(_start_of(answer))

    async def send_whole(self, answer: Answer) -> None:
        """Send an answer whose body is in memory; to nobody if the client has left."""
        await send_whole(self._send, answer)

    async def send_stream(self, answer: Answer, next_chunk: NextChunk) -> None:
        """Send chunks as they come, until the client leaves.

        The start goes with the first chunk, so as on WSGI.

        Args:
            answer: Status and headers.
            next_chunk: Gives a chunk; None after the last.
        """
        if self.has_left:
            return
        try:
            await self._send_chunks(answer, next_chunk)
        except OSError:
            if not self.has_left:
                raise
            logger.debug("The client left while it was answered.")

    async def _send_chunks(self, answer: Answer, next_chunk: NextChunk) -> None:
        async with self.watch():
            while (chunk := await next_chunk()) is not None:
                if chunk:
                    if not self.has_start:
                        await self.send_start(answer)
                    await self.send(
                        {"type": "http.response.body", "body": chunk, "more_body": True}
                    )
            if not self.has_start:
                await self.send_start(answer)
            await self.send({"type": "http.response.body", "body": b"", "more_body": False})


async def send_whole(send: Send, answer: Answer) -> None:
    """Send an answer whose body is in memory; to nobody if the client has left.

    Args:
        send: The server's channel for what goes to the client.
        answer: The answer.
    """
    chunks = answer.body
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    try:
        await send(_start_of(answer))
        await send({"type": "http.response.body", "body": body, "more_body": False})
    except OSError:
        # So the server says that nobody is there (ASGI 2.4, "Disconnected Client").
        logger.debug("The client left while it was answered.")


def whole_body(event: t.Any, declared: int | None) -> bytes | None:
    """Give the body if the first event has all of it, else None.

    Args:
        event: What came from the client.
        declared: The Content-Length, if there is one.
    """
    if event["type"] != "http.request" or event.get("more_body"):
        return None
    body: bytes = event.get("body") or b""
    return body if declared is None or len(body) >= declared else None


def _start_of(answer: Answer) -> dict[str, t.Any]:
    """Make the event with status and headers."""
    headers = []
    for name, value in answer.headers:
        headers.append((_lower[name], value.encode("latin-1")))
    return {"type": "http.response.start", "status": answer.code, "headers": headers}


_lower: Memo[str, bytes] = Memo(lambda name: name.lower().encode("latin-1"))
