"""A server that still works for nobody must not be measured with that: it is started anew."""

from __future__ import annotations

import pytest

from dualapp.lab import candidates, loading
from dualapp.lab.client import LoadClient
from dualapp.lab.describing import described
from dualapp.lab.load import Found
from dualapp.lab.options import Options
from dualapp.lab.setups import choose
from dualapp.lab.wanted import get

pytestmark = pytest.mark.servers

OPTIONS = Options(
    app="hanging:app",
    requests=[],
    ways=choose(["gunicorn-sync"]),
    event_loops=(),
    concurrency=[1],
    workers=1,
    threads=2,
    rounds=1,
    seconds=0.1,
)


@pytest.fixture
def candidate(bench, in_apps, monkeypatch):
    """One worker that a view which never ends keeps from everything else."""
    monkeypatch.setattr("dualapp.lab.processes.GRACE", 0.2)
    app = described(bench, OPTIONS.app, [])
    found = candidates.candidates_of(OPTIONS, app, {})
    [candidate] = candidates.start_servers(bench, found, workers=1, threads=2)
    return candidate


class Client:
    """A load client that says what it is told to."""

    def __init__(self, **found):
        zeros = dict.fromkeys(("answered", "per_second", "mean", "p50", "p95", "p99"), 0)
        self.found = Found(**{**zeros, "errors": {}, "waiting": 0, "redirected": 0, **found})

    def ask(self, *args, **kwargs):
        return self.found


def test_a_route_that_hangs_does_not_hide_those_after_it(bench, candidate, monkeypatch):
    monkeypatch.setattr(loading, "_CURIOSITY", 0.5)
    client = LoadClient(bench.processes, bench.client_cores, bench.folder)
    chosen = loading.those_that_answer(bench, client, candidate, ["/hang", "/ok"])
    assert [request.name for request in chosen] == ["GET /ok"]
    assert bench.notes == ["GET /hang is left out. It did not end within 0.5 s."]


def test_a_request_that_hangs_at_the_first_try(bench, candidate):
    before = candidate.server.port
    good = loading.try_out(bench, Client(waiting=1), [candidate], [get("/hang")], 1)
    assert good == set()
    assert candidate.server.port != before
    [note] = bench.notes
    assert "GET /hang is not measured under any server. It did not end within 10 s." in note


def test_requests_that_are_left_over_after_a_turn(bench, candidate):
    before = candidate.server.process
    request = get("/ok")
    client = Client(waiting=3, answered=5)
    good = {(candidate.name, request.name)}
    loading.load_in_turns(bench, client, [candidate], good, [request], OPTIONS)
    assert before.poll() is not None
    assert candidate.server.process.poll() is None
    again = candidate.server.process
    client = Client(answered=5)
    loading.load_in_turns(bench, client, [candidate], good, [request], OPTIONS)
    assert candidate.server.process is again, "nothing was left over"


def test_a_redirect_that_the_user_asked_for_is_told(bench, candidate):
    loading.try_out(bench, Client(answered=1, redirected=1), [candidate], [get("/me")], 1)
    [note] = bench.notes
    assert note.startswith("GET /me answers with a redirect, and that is what is measured.")
