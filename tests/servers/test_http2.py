"""HTTP/2, which only some servers speak: the request is the same to the application (A16)."""

from __future__ import annotations

import json
import socket
import typing as t

import pytest

from . import launch, wire
from .conftest import need_packages

pytestmark = pytest.mark.servers


def ask(port: int, headers: list[tuple[str, str]], body: bytes = b"") -> tuple[t.Any, bytes]:
    """Send one request over HTTP/2 in clear text; give the headers of the answer and its body."""
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.events import DataReceived, ResponseReceived, StreamEnded

    client = H2Connection(H2Configuration(header_encoding="utf-8"))
    client.initiate_connection()
    client.send_headers(1, headers, end_stream=not body)
    if body:
        client.send_data(1, body, end_stream=True)
    answer_headers: list[tuple[str, str]] = []
    answer_body = b""
    with socket.create_connection(("127.0.0.1", port), timeout=wire.PATIENCE) as connection:
        while True:
            connection.sendall(client.data_to_send())
            data = connection.recv(65536)
            assert data, "the server closed the connection"
            for event in client.receive_data(data):
                if isinstance(event, ResponseReceived):
                    answer_headers = event.headers
                elif isinstance(event, DataReceived):
                    client.acknowledge_received_data(event.flow_controlled_length, 1)
                    answer_body += event.data
                elif isinstance(event, StreamEnded):
                    return answer_headers, answer_body


def pseudo(method: str, path: str) -> list[tuple[str, str]]:
    return [
        (":method", method),
        (":scheme", "http"),
        (":authority", "example.test:8080"),
        (":path", path),
    ]


@pytest.fixture
def running(serve: launch.Serve) -> t.Iterator[launch.Running]:
    need_packages("h2")
    with serve("hypercorn") as running:
        yield running


def test_authority_is_the_host(running: launch.Running) -> None:
    headers, body = ask(running.port, pseudo("GET", "/request?a=1"))
    assert (":status", "200") in headers
    seen = json.loads(body)
    assert seen["host"] == "example.test:8080"
    assert seen["url"] == "http://example.test:8080/request?a=1"


def test_split_cookies_are_joined(running: launch.Running) -> None:
    """RFC 9113 section 8.2.3."""
    request = [*pseudo("GET", "/cookies"), ("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3")]
    headers, body = ask(running.port, request)
    assert json.loads(body) == [["a", "1"], ["b", "2"], ["c", "3"]]
    assert len([value for name, value in headers if name == "set-cookie"]) == 4


def test_a_body_needs_no_length(running: launch.Running) -> None:
    for path in ("/body", "/async/body", "/stream/body", "/async/stream/body"):
        headers, body = ask(running.port, pseudo("POST", path), b"0123456789")
        assert (":status", "200") in headers
        assert body.startswith(b"10 ")


def test_streams(running: launch.Running) -> None:
    for path in ("/stream", "/async/stream"):
        headers, body = ask(running.port, [*pseudo("GET", f"{path}?q=a"), ("x-name", "h2")])
        assert (":status", "200") in headers
        assert body == b"0 a h2\n1 a h2\n2 a h2\n"
