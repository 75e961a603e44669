"""The application that is measured where none is named, and what its views wait for."""

from __future__ import annotations

import time

import pytest

from dualapp.lab import app, delays
from dualapp.lab.client import said_by, start_module

ANSWERS = {
    "/": "Hello, World!",
    "/compute": {"sum": 1_124_887_502_500},
    "/wait": {"waited": 0.01},
    "/wait-async": {"waited": 0.01},
    "/gather": {"waited": 0.1},
    "/tokens": "Sent word by word. End. ",
    "/hooks": {"user": "somebody"},
}


@pytest.fixture(params=["sleeping", "served"])
def service(request, bench, monkeypatch):
    """Views wait by sleeping, or for the service that the lab starts."""
    if request.param == "sleeping":
        monkeypatch.delenv(delays.VARIABLE, raising=False)
        return
    log, path = bench.folder / "log", str(bench.folder / "socket")
    said_by(start_module(bench.processes, "delays", [], log, path), log)
    monkeypatch.setenv(delays.VARIABLE, path)


def test_every_view_answers_alike_on_both_sides(service, side):
    client = app.app.test_client(side=side)
    for path, answer in ANSWERS.items():
        response = client.get(path)
        assert response.status_code == 200
        assert (response.json if isinstance(answer, dict) else response.text) == answer
    assert client.get("/hooks").headers["X-User"] == "somebody"


def test_waiting_takes_its_time(service):
    began = time.perf_counter()
    delays.wait(0.05)
    assert time.perf_counter() - began >= 0.05


def test_every_view_is_tried_here():
    rules = {rule.rule for rule in app.app.url_map.iter_rules() if rule.endpoint != "static"}
    assert rules == set(ANSWERS)
