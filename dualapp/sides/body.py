"""The body of a request on the ASGI side, and what of it is ``wsgi.input``.

It is received on the event loop, into memory and past ``BODY_SPOOL_SIZE`` bytes into a file, before
a thread is taken or an async view runs: so a slow upload holds no thread, and reading never waits.
Where that is not wanted (``stream=True`` on the view), or receiving stopped at
``MAX_CONTENT_LENGTH``, what is missing is received when it is read.
"""

from __future__ import annotations

import io
import tempfile
import typing as t
from collections.abc import AsyncIterator
from contextvars import copy_context

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from ..core.memo import Memo
from .inbox import Inbox
from .loops import ServerLoop
from .threads import in_executor

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class ReceivedBody:
    """The body of one request.

    It ends where the body ends, and only there: a body cut short raises instead.

    Args:
        inbox: Where the body arrives.
        server: The loop that it arrives on, as seen from a worker thread.
        declared: The Content-Length, if there is one.
    """

    def __init__(self, inbox: Inbox, server: ServerLoop, declared: int | None) -> None:
        self._inbox = inbox
        self._server: ServerLoop | None = server
        self._declared = declared
        self._store: t.IO[bytes] = io.BytesIO()

    async def receive_all(self, limit: int | None, spool_size: int) -> None:
        """Receive the body, up to the limit: reading past it is the 413.

        Args:
            limit: Bytes after which to stop; None for no limit.
            spool_size: Bytes after which the body goes to a file.
        """
        inbox = self._inbox
        store = tempfile.SpooledTemporaryFile(spool_size)  # noqa: SIM115 - closed with this
        try:
            while not (self.has_all or passes(inbox.received, limit)):
                await self._write(store, await inbox.next_chunk(), spool_size)
            store.seek(0)
        except BaseException:
            store.close()
            raise
        self._store = t.cast(t.IO[bytes], store)

    def as_input(self) -> t.IO[bytes]:
        """Give ``wsgi.input``: what was received, if that is all, or else what can still wait."""
        if self._inbox.is_whole and self._is_all:
            return self._store
        return t.cast("t.IO[bytes]", io.BufferedReader(ArrivingInput(self)))

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body from here on as it comes; to be iterated on the event loop."""
        while chunk := self._store.read(64 * 1024):
            yield chunk
        while not self._inbox.is_read:
            chunk = await self._inbox.next_chunk()
            if chunk:
                yield chunk
        self._check_whole()

    @property
    def has_all(self) -> bool:
        """Whether nothing is left to be received, so that reading never waits."""
        return self._inbox.is_read

    def read(self, size: int) -> bytes:
        """Read what there is, up to a size, and wait only if there is nothing.

        Raises:
            werkzeug.exceptions.ClientDisconnected: The client left before the end of the body.
            werkzeug.exceptions.RequestEntityTooLarge: It is an async view that reads what was
                not received, since that passes the limit.
        """
        data = self._store.read(size)
        while not data and not self.has_all:
            data = self._wait_for_chunk()
        if not data:
            self._check_whole()
        if len(data) > size:  # a chunk that was waited for
            self._store.close()
            self._store = io.BytesIO(data)
            data = self._store.read(size)
        return data

    def close(self) -> None:
        """Let go of what was received, and of the loop, which may be what holds this."""
        self._store.close()
        self._server = None

    async def _write(self, store: t.Any, chunk: bytes, spool_size: int) -> None:
        if self._inbox.received <= spool_size:
            store.write(chunk)
        else:  # a disk may be slow, and every request would wait for it
            await in_executor(store.write, chunk)

    def _wait_for_chunk(self) -> bytes:
        server = self._server
        if server is None or not server.usable_here():
            raise RequestEntityTooLarge(
                "The request's body was not received before the async view, since it passes"
                " MAX_CONTENT_LENGTH or the view has stream=True. Read it with"
                " 'async for chunk in request.body'."
            )
        return server.block(self._inbox.next_chunk(), copy_context(), to_the_end=False)

    def _check_whole(self) -> None:
        if self._inbox.is_cut_short or not self._is_all:
            raise ClientDisconnected()

    @property
    def _is_all(self) -> bool:
        return self._declared is None or self._inbox.received >= self._declared


class ArrivingInput(io.RawIOBase):
    """A body as a raw binary stream, for what has not arrived as a whole.

    Attributes:
        body: The body.
    """

    def __init__(self, body: ReceivedBody) -> None:
        super().__init__()
        self.body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        """Read into a buffer, as :class:`io.RawIOBase` wants it; see :meth:`ReceivedBody.read`."""
        data = self.body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def passes(length: int | None, limit: int | None) -> bool:
    """Tell whether a body of this length is too large; not if either is not known."""
    return limit is not None and length is not None and length > limit


def expects_body(environ: WSGIEnvironment) -> bool:
    """Tell whether a body may come; a plain GET has none and need not be waited for.

    Before HTTP/2 a body is announced by a header (RFC 9112 section 6).
    """
    return (
        environ["REQUEST_METHOD"] not in ("GET", "HEAD")
        or "CONTENT_LENGTH" in environ
        or "HTTP_TRANSFER_ENCODING" in environ
        or environ["asgi.scope"].get("http_version") not in _ANNOUNCING
    )


#: Versions of HTTP in which it is announced; a server that does not tell speaks one of them.
_ANNOUNCING = frozenset({None, "", "0.9", "1.0", "1.1", "1"})


def declared_length(environ: WSGIEnvironment) -> int | None:
    """Give the Content-Length; None without one that is a number (reading is a 400 then)."""
    return _lengths[environ.get("CONTENT_LENGTH", "")]


def _length_of(header: str) -> int | None:
    is_number = header.isdecimal() and header.isascii() and len(header) <= 19
    return int(header) if is_number else None


_lengths = Memo(_length_of)
