"""Under uWSGI: a body sent in chunks, which that server hands over by a function of its own.

Other servers put it into ``wsgi.input`` and say so (``wsgi.input_terminated``). uWSGI leaves it on
the connection, where ``wsgi.input`` reads nothing, and the request would pass as one without a
body. See "Chunked input API" in the documentation of uWSGI.
"""

from __future__ import annotations

import importlib
import io
import typing as t

from werkzeug.exceptions import ClientDisconnected

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def offer_chunked_body(environ: WSGIEnvironment) -> None:
    """Put a readable body into the environ of a chunked request."""
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        environ["wsgi.input"] = io.BufferedReader(ChunkedBody())
        environ["wsgi.input_terminated"] = True


class ChunkedBody(io.RawIOBase):
    """The body of the request that this thread answers."""

    def __init__(self) -> None:
        super().__init__()
        self._read_chunk = importlib.import_module("uwsgi").chunked_read
        self._chunk = b""
        self._is_over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        """Read into a buffer, as :class:`io.RawIOBase` wants it.

        Raises:
            werkzeug.exceptions.ClientDisconnected: The client left, or broke the encoding.
        """
        if not self._chunk and not self._is_over:
            try:
                self._chunk = self._read_chunk()
            except OSError as error:
                raise ClientDisconnected() from error
            self._is_over = not self._chunk
        size = min(len(buffer), len(self._chunk))
        buffer[:size], self._chunk = self._chunk[:size], self._chunk[size:]
        return size
