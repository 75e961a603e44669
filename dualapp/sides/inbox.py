"""What arrives from the client of one request on the ASGI side: its body, then its leaving.

Servers do not raise when something is sent to nobody; only ``receive`` tells. So whoever wants to
know has to receive while the application may still be reading the body. Here both share the one
channel, which is never asked twice at a time.
"""

from __future__ import annotations

import asyncio
import typing as t
from collections import deque
from collections.abc import Awaitable, Callable
from functools import cached_property

from werkzeug.exceptions import RequestEntityTooLarge

Receive = Callable[[], Awaitable[t.Any]]

#: Bytes that are kept for a reader who has not asked for them yet; then the client has to wait.
READ_AHEAD = 64 * 1024
#: Seconds between two questions to a server that goes on telling that the body has ended.
PAUSE = 0.1


class Inbox:
    """The events of one request.

    Args:
        receive: The server's channel.

    Attributes:
        received: How many bytes of the body have arrived.
        is_whole: The body has arrived to its end.
        has_left: The client has closed the connection.
    """

    received = 0
    is_whole = False
    has_left = False
    _ahead_size = 0
    _discards = False

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ahead: deque[bytes] = deque()

    @cached_property
    def _turn(self) -> asyncio.Lock:
        return asyncio.Lock()

    @cached_property
    def _has_room(self) -> asyncio.Event:
        return asyncio.Event()

    @property
    def is_read(self) -> bool:
        """Whether nothing of the body is left to be given."""
        return (self.is_whole or self.has_left) and not self._ahead and not self._discards

    @property
    def is_cut_short(self) -> bool:
        """Whether the client left before the end of its body."""
        return self.has_left and not self.is_whole

    async def next_chunk(self) -> bytes:
        """Give the next chunk of the body; it may be empty, also before the end.

        Raises:
            werkzeug.exceptions.RequestEntityTooLarge: The body was given up.
        """
        if not self._can_tell():
            async with self._turn:
                if not self._can_tell():  # the watcher may have received meanwhile
                    return self._sort(await self._receive())
        if self._discards:
            raise RequestEntityTooLarge()
        if not self._ahead:
            return b""
        chunk = self._ahead.popleft()
        self._ahead_size -= len(chunk)
        self._has_room.set()
        return chunk

    def _can_tell(self) -> bool:
        """Whether a reader can be answered without asking the server."""
        return bool(self._ahead) or self._discards or self.is_read

    def discard(self) -> None:
        """Give up what is left of the body: nobody will read it, and the client may go on."""
        if not self.is_read:
            self._discards = True
            self._ahead.clear()
            self._has_room.set()

    async def wait_until_left(self) -> None:
        """Wait until the client leaves. What it sends meanwhile is kept, up to a limit."""
        while not self.has_left:
            if self._ahead_size >= READ_AHEAD and not self._discards:
                self._has_room.clear()
                await self._has_room.wait()
            async with self._turn:
                if self.has_left:  # which the reader came upon
                    return
                repeats = self.is_whole
                self.take(await self._receive())
            if repeats and not self.has_left:
                await asyncio.sleep(PAUSE)

    def take(self, event: t.Any) -> None:
        """Note what an event tells, and keep the piece of the body in it for whoever reads."""
        chunk = self._sort(event)
        if chunk and not self._discards:
            self._ahead.append(chunk)
            self._ahead_size += len(chunk)

    def _sort(self, event: t.Any) -> bytes:
        """Note what an event tells, and give the piece of the body in it."""
        kind = event["type"]
        if kind != "http.request":
            if kind != "http.disconnect":
                raise ValueError(f"Unknown event {kind!r} from the server in a request.")
            self.has_left = True
            return b""
        if self.is_whole:
            return b""
        chunk: bytes = event.get("body") or b""
        self.received += len(chunk)
        self.is_whole = not event.get("more_body")
        return chunk
