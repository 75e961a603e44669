"""Servers that do not start at once, or not at all."""

from __future__ import annotations

import socket

import pytest

from dualapp.lab import candidates, serving
from dualapp.lab.describing import described
from dualapp.lab.options import Options
from dualapp.lab.setups import choose
from dualapp.lab.usage import ProcessTree

pytestmark = pytest.mark.servers


def candidates_of(bench, name, workers=1):
    options = Options(
        app="shop:app",
        requests=[],
        ways=choose([name]),
        event_loops=(),
        concurrency=[1],
        workers=workers,
        threads=2,
        rounds=1,
        seconds=1,
    )
    return candidates.candidates_of(options, described(bench, "shop:app", []), {})


@pytest.mark.parametrize("name", ["gunicorn-sync", "uvicorn"])
def test_a_server_is_ready_when_all_of_its_workers_are_there(bench, in_apps, name):
    found = candidates_of(bench, name, workers=6)
    [candidate] = candidates.start_servers(bench, found, workers=6, threads=2)
    assert ProcessTree(candidate.server.process.pid).size >= 7


@pytest.fixture
def taken():
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_that_somebody_took_is_replaced(bench, in_apps, monkeypatch, taken):
    ports = iter([taken, serving.free_port()])
    monkeypatch.setattr(serving, "free_port", lambda: next(ports))
    monkeypatch.setattr(serving, "ASK", 0.5)
    [candidate] = candidates.start_servers(
        bench, candidates_of(bench, "uvicorn"), workers=1, threads=2
    )
    assert candidate.server.port != taken
    assert bench.notes == []


def test_when_every_port_is_taken_the_server_is_left_out(bench, in_apps, monkeypatch, taken):
    monkeypatch.setattr(serving, "free_port", lambda: taken)
    monkeypatch.setattr(serving, "ASK", 0.5)
    [candidate] = candidates_of(bench, "uvicorn")
    assert candidates.start_servers(bench, [candidate], workers=1, threads=2) == []
    assert "in use" in candidate.setup.failure
    assert candidate.server is None
    [note] = bench.notes
    assert note.startswith("uvicorn is left out. uvicorn ended by itself with exit code ")
    assert note.endswith("To see all of it, run: uvicorn --workers=1 --no-access-log shop:app")
