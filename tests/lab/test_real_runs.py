"""``dualapp tradeoff`` with real servers, for as short a time as it can be."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from dualapp.lab.jsonfile import loads

from .conftest import APPS

pytestmark = pytest.mark.servers

SHORT = ("--seconds=0.5", "--rounds=1", "--concurrency=1,2", "--threads=2")


def run(marked, *arguments):
    """Run the command to its end; nothing may be left of it."""
    done = subprocess.run(
        [sys.executable, "-m", "dualapp", "tradeoff", *arguments],
        cwd=APPS,
        env=marked.environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert marked.left() == []
    return done


def test_an_application_of_ones_own(marked, tmp_path):
    file = tmp_path / "found.json"
    done = run(marked, "shop:app", "--servers=gunicorn-sync,uvicorn", f"--json={file}", *SHORT)
    assert done.returncode == 0, done.stderr
    results = loads(file.read_text("utf-8"))
    requests = ["GET /", "GET /report", "GET /later"]
    assert [request.name for request in results.requests] == requests
    assert [setup.name for setup in results.setups] == ["gunicorn sync", "uvicorn"]
    assert results.notes == ["GET /broken is left out. It failed: status 500."]
    measured = {(f.setup, f.request, f.concurrency) for f in results.figures}
    setups = ["gunicorn sync", "uvicorn"]
    assert measured == {(s, r, n) for s in setups for r in requests for n in (1, 2)}
    for figures in results.figures:
        assert figures.answered > 0
        assert figures.per_second.median > 0
        assert 0 < figures.p50.median <= figures.p99.median
        assert figures.cpu.median > 0
        assert figures.memory.median > 1e6
        assert figures.errors == {}
    assert {(apart.setup, apart.request) for apart in results.apart} == {
        (setup, request) for setup in setups for request in requests
    }
    for apart in results.apart:
        waits = apart.parts.get("view, waiting", 0)
        assert waits > 0.015 if apart.request != "GET /" else waits < 0.015
        assert ("hops" in apart.parts) == (
            apart.setup == "uvicorn" and apart.request != "GET /later"
        )
        assert ("event loop" in apart.parts) == (
            apart.setup == "gunicorn sync" and apart.request == "GET /later"
        )
    seen = [apart.waits_at for apart in results.apart if apart.request == "GET /report"]
    assert any(place and place.startswith("shop, line ") for place in seen)
    assert results.client.per_second > 0
    assert results.advice is not None
    assert results.advice.command in done.stdout
    assert "GET /report waits 2" in " ".join(done.stdout.split())
    assert "Measuring" in done.stderr


def test_a_server_that_does_not_start_is_left_out(marked):
    marked.environment["SHOP_FAILS_UNDER"] = "gunicorn"
    done = run(
        marked,
        "shop:create_app",
        "--servers=gunicorn-sync,uvicorn",
        "--request",
        "POST /predict '{\"a\": 1}'",
        "--request=GET /nowhere",
        "--json=-",
        "--quiet",
        *SHORT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    data = json.loads(done.stdout)
    assert {figures["setup"] for figures in data["figures"]} == {"uvicorn"}
    assert {figures["request"] for figures in data["figures"]} == {"POST /predict"}
    assert "The shop does not open here." in data["setups"][0]["failure"]
    assert "GET /nowhere is not measured under any server. It failed: status 404" in str(
        data["notes"]
    )
    assert data["advice"]["command"].endswith("--factory shop:create_app")


def test_nothing_that_can_be_measured(marked):
    done = run(marked, "shop:app", "--servers=uvicorn", "--request=GET /broken", *SHORT)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "Error: No request was answered without an error"
    )


def test_nothing_that_answers_by_itself_says_why_even_if_quiet(marked):
    done = run(marked, "only_broken:app", "--servers=uvicorn", "--quiet", *SHORT)
    assert done.returncode == 1
    assert done.stderr == (
        "Error: only_broken:app has no GET route without arguments that answers with a status of"
        " 200 to 299. GET / is left out. It failed: status 500. Say what to ask: --request"
        ' "GET /reports/2024"\n'
    )


def test_an_application_that_cannot_be_imported(marked):
    done = run(marked, "cannot_be_imported:app", *SHORT)
    assert done.returncode == 1
    assert "No module named 'no_such_module_anywhere'" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("number", "step"),
    [(signal.SIGINT, "Starting the servers"), (signal.SIGTERM, "Measuring")],
)
def test_a_run_that_is_broken_off_leaves_nothing_behind(marked, number, step):
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "dualapp",
            "tradeoff",
            "shop:app",
            "--servers=gunicorn-sync,uvicorn",
        ],
        cwd=APPS,
        env=marked.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in process.stderr:
            if step in line:
                break
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 1
    assert said.endswith("Aborted!\n")
    assert marked.left() == []
