"""Gunicorn's gevent worker: greenlets wait side by side, in async views as in sync ones."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from . import launch, wire

pytestmark = pytest.mark.servers

CLIENTS = 50


@pytest.mark.parametrize("path", ["/sleep/1.0", "/async/sleep/1.0"])
def test_fifty_requests_wait_at_once(serve: launch.Serve, path: str) -> None:
    with serve("gunicorn gevent") as running:
        begin = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as clients:
            answers = list(clients.map(running.ask, [path] * CLIENTS))
        seconds = time.monotonic() - begin
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"slept")] * CLIENTS
    assert seconds < CLIENTS / 5


def test_a_slow_body_is_read_by_an_async_view(serve: launch.Serve) -> None:
    """The view runs in another thread than the socket belongs to."""
    pieces = [b"x" * 1_000] * 5
    request = wire.Request("POST", "/async/stream/body", (), pieces)
    with serve("gunicorn gevent") as running, ThreadPoolExecutor(10) as clients:
        slow = [clients.submit(running.ask, request, "slow", pause=0.1) for _ in range(10)]
        answers = [each.result() for each in slow]
        assert "Cannot switch to a different thread" not in running.log
    assert {answer.status for answer in answers} == {200}
    assert {answer.body.split()[0] for answer in answers} == {b"5000"}


def test_errors_are_told_once(serve: launch.Serve) -> None:
    with serve("gunicorn gevent") as running:
        assert running.ask("/async/fails").status == 500
        running.stop()
        assert running.log.count("RuntimeError: the view failed") == 1
