"""HTTP/1 as bytes: what is sent is what the test wrote, what came back is judged strictly.

A client library would quote paths, join headers and forgive a wrong framing; here nobody does.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

#: Seconds that a server may stay silent.
PATIENCE = 15

#: Sent by itself after the server has said "100 Continue".
EXPECT = ("Expect", "100-continue")

#: What a server says of itself and of its connection.
OF_THE_SERVER = {"connection", "date", "keep-alive", "server", "transfer-encoding"}
#: What werkzeug says on some answers only since a late release.
OF_THE_RELEASE = {"accept-ranges"}


@dataclass(frozen=True)
class Request:
    """A request as it goes over the wire.

    ``body`` as bytes is announced by Content-Length, a list of bytes is sent in chunks.
    """

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | list[bytes] | None = None
    version: str = "1.1"
    host: str | None = "example.test"
    closes: bool = True

    def head(self, name: str) -> bytes:
        """Give request line and headers."""
        lines = [f"{self.method} {self.target} HTTP/{self.version}"]
        if self.host is not None:
            lines.append(f"Host: {self.host}")
        if self.version == "1.1" and self.closes:
            lines.append("Connection: close")
        lines.append(f"X-Name: {name}")
        lines += [f"{key}: {value}" for key, value in self.headers]
        if isinstance(self.body, bytes):
            lines.append(f"Content-Length: {len(self.body)}")
        elif self.body is not None:
            lines.append("Transfer-Encoding: chunked")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def pieces(self) -> list[bytes]:
        """Give the body as it is sent."""
        if self.body is None:
            return []
        if isinstance(self.body, bytes):
            return [self.body]
        chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in self.body]
        return [*chunks, b"0\r\n\r\n"]


@dataclass
class Answer:
    """What came back: ``is_whole`` tells whether the framing says that the body is complete."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    is_whole: bool = True
    interim: tuple[int, ...] = ()

    def all(self, name: str) -> list[str]:
        """Give the values of a header, as often as it was sent."""
        return [value for key, value in self.headers if key == name]

    @property
    def of_the_application(self) -> dict[str, list[str]]:
        """The headers without those that each server decides itself."""
        names = sorted({name for name, _ in self.headers} - OF_THE_SERVER - OF_THE_RELEASE)
        return {name: self.all(name) for name in names}


def ask(
    port: int, request: Request, name: str = "-", patience: float = PATIENCE, pause: float = 0
) -> Answer:
    """Send a request on a connection of its own and read until the server closes it.

    Args:
        port: Where the server listens.
        request: What to send.
        name: What the application notes it as.
        patience: Seconds that the server may stay silent.
        pause: Seconds between the pieces of the body.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        connection.sendall(request.head(name))
        received = b""
        if EXPECT in request.headers:
            received = _read_head(connection)
        if not received or received.startswith(b"HTTP/1.1 100 "):
            _send(connection, request.pieces(), pause)
        while data := _receive(connection):
            received += data
    return parse(received, request.method)


def ask_head(port: int, request: Request) -> bytes:
    """Send a request and give the head of its answer, whatever becomes of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(request.head("-"))
        return _read_head(connection)


def _read_head(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65536)
        if not data:
            break
        received += data
    return received


def _send(connection: socket.socket, pieces: list[bytes], pause: float) -> None:
    try:
        for piece in pieces:
            time.sleep(pause)
            connection.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server may answer without having read the body


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def parse(received: bytes, method: str) -> Answer:
    """Read an answer out of all that a server sent on a connection.

    Raises:
        AssertionError: It is not HTTP/1, or there is more than one answer.
    """
    interim: tuple[int, ...] = ()
    while True:
        head, end, rest = received.partition(b"\r\n\r\n")
        assert end, f"no complete head in {received[:500]!r}"
        status_line, *lines = head.decode("latin-1").split("\r\n")
        version, code, *_ = status_line.split(" ", 2)
        assert version in ("HTTP/1.0", "HTTP/1.1"), status_line
        if not code.startswith("1"):
            break
        interim += (int(code),)
        received = rest
    headers = []
    for line in lines:
        key, colon, value = line.partition(":")
        assert colon, line
        headers.append((key.lower(), value.strip()))
    answer = Answer(int(code), headers, b"", interim=interim)
    answer.body, answer.is_whole = _body(answer, method, rest)
    return answer


def _body(answer: Answer, method: str, rest: bytes) -> tuple[bytes, bool]:
    """Take the body out of its framing (RFC 9112 section 6.3)."""
    if method == "HEAD" or answer.status in (204, 304):
        assert rest == b"", f"a body where none may be: {rest!r}"
        return b"", True
    if answer.all("transfer-encoding") == ["chunked"]:
        assert not answer.all("content-length"), answer.headers
        return _dechunked(rest)
    if lengths := answer.all("content-length"):
        assert len(lengths) == 1, lengths
        assert len(rest) <= int(lengths[0]), f"more than Content-Length: {rest!r}"
        return rest, len(rest) == int(lengths[0])
    return rest, True  # its end is the connection's


def _dechunked(rest: bytes) -> tuple[bytes, bool]:
    body = b""
    while True:
        size, end, rest = rest.partition(b"\r\n")
        if not end:
            return body, False
        length = int(size.split(b";")[0], 16)
        if length == 0:
            assert rest == b"\r\n", f"something behind the last chunk: {rest!r}"
            return body, True
        body += rest[:length]
        if rest[length : length + 2] != b"\r\n":
            return body, False
        rest = rest[length + 2 :]
