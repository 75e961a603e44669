"""A strict WSGI server for one request, without a network."""

from __future__ import annotations

import io
import sys
import typing as t
from collections.abc import Callable
from wsgiref.validate import validator


def environ_of(
    path: str = "/", method: str = "GET", body: bytes | None = None, **keys: t.Any
) -> dict[str, t.Any]:
    """Make an environ with nothing in it but what PEP 3333 asks for."""
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body or b""),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if body is not None:
        environ["CONTENT_LENGTH"] = str(len(body))
    return {**environ, **keys}


class Sent:
    """What went over the wire for one request.

    Attributes:
        status: The status line.
        headers: Names and values as given.
        chunks: The body, chunk by chunk.
        error: What the application raised to the server.
        body: The iterable that the application returned.
    """

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.chunks: list[bytes] = []
        self.error: BaseException | None = None
        self.body: t.Any = None

    @property
    def code(self) -> int:
        return int(self.status[:3])

    @property
    def data(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def text(self) -> str:
        return self.data.decode()

    def header(self, name: str) -> str | None:
        """Give the only header of this name, or None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} is repeated"
        return values[0] if values else None


class WSGIServer:
    """Does what :pep:`3333` asks of a server: headers go out with the first chunk, no earlier.

    Args:
        app: The application.
        validate: Put the standard library's validator around it.
    """

    def __init__(self, app: t.Any, validate: bool = True) -> None:
        self.app = validator(app) if validate else app

    def __call__(self, *args: t.Any, stop_at: int | None = None, **kwargs: t.Any) -> Sent:
        """Make a request from the arguments of :func:`environ_of`."""
        return self.run(environ_of(*args, **kwargs), stop_at)

    def run(self, environ: dict[str, t.Any], stop_at: int | None = None) -> Sent:
        """Answer one request.

        Args:
            environ: The request.
            stop_at: The client leaves after so many chunks.
        """
        sent = Sent()
        try:
            sent.body = self.app(environ, self._start_response_for(sent))
            self._send(sent, stop_at)
        except BaseException as error:
            sent.error = error
        finally:
            self._close(sent)
        return sent

    def _send(self, sent: Sent, stop_at: int | None) -> None:
        if stop_at == 0:
            return
        for chunk in sent.body:
            assert sent.status, "a chunk came before start_response"
            if chunk:
                sent.chunks.append(chunk)
            if len(sent.chunks) == stop_at:
                return

    def _close(self, sent: Sent) -> None:
        close = getattr(sent.body, "close", None)
        if close is not None:
            try:
                close()
            except BaseException as error:
                sent.error = error

    def _start_response_for(self, sent: Sent) -> Callable[..., Callable[[bytes], object]]:
        def start_response(status: str, headers: t.Any, exc_info: t.Any = None) -> t.Any:
            if exc_info is None:
                assert not sent.status, "start_response was called twice without exc_info"
            elif sent.chunks:
                raise exc_info[1].with_traceback(exc_info[2])
            sent.status, sent.headers = status, headers
            return sent.chunks.append

        return start_response
