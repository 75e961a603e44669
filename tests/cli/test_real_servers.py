"""``python -m dualapp run`` with each server, as a process of its own, asked over HTTP."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import dualapp

pytestmark = pytest.mark.servers

HOME = str(Path(dualapp.__file__).parents[1])

SHOP = """
import asyncio
import os

from dualapp import DualApp


def create_app(greeting="hello"):
    app = DualApp(__name__)

    @app.get("/")
    def home():
        return greeting

    @app.get("/async")
    async def waits():
        await asyncio.sleep(0.01)
        return f"{greeting} async"

    @app.get("/side")
    def side():
        from dualapp import request

        return "wsgi" if "wsgi.input" in request.environ and "asgi.scope" not in request.environ \
            else "asgi"

    @app.get("/fails")
    def fails():
        raise LookupError("out of stock")

    return app


async def create_late(greeting):
    await asyncio.sleep(0)
    return create_app(greeting)


app = create_app()
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url):
    """Ask; give status and text, also of an error."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def wait_for(question, answer, seconds=20, alive=lambda: True):
    """Ask again until the answer is there; give the last one."""
    end = time.monotonic() + seconds
    found = None
    while time.monotonic() < end and found != answer and alive():
        with contextlib.suppress(OSError):
            found = question()
        time.sleep(0.05)
    return found


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Start ``python -m dualapp`` in the test's folder; give the URL, the process and its log."""
    processes = []
    log = tmp_path / "server.log"

    def serve(*args, app="shop.py", debug=()):
        port = free_port()
        command = ["--app", app, *debug, "run", "--port", str(port), *args]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "dualapp", *command],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": HOME},
            )
        processes.append(process)
        url = f"http://127.0.0.1:{port}"
        status = wait_for(lambda: get(f"{url}/async")[0], 200, alive=lambda: process.poll() is None)
        assert status == 200, log.read_text()
        return url, process, log

    yield serve
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(autouse=True)
def _shop(write):
    write("shop.py", SHOP)


@pytest.mark.parametrize(
    ("server", "side"), [("dev", "wsgi"), ("gunicorn", "wsgi"), ("uvicorn", "asgi")]
)
@pytest.mark.parametrize(
    ("app", "greeting"),
    [("shop.py", "hello"), ("shop:create_app('hi')", "hi"), ("shop:create_late('late')", "late")],
)
def test_serves(serve, server, side, app, greeting):
    workers = [] if server == "dev" else ["--workers", "1"]
    url, process, log = serve("--server", server, *workers, app=app)
    assert get(url) == (200, greeting)
    assert get(f"{url}/async") == (200, f"{greeting} async")
    assert get(f"{url}/side") == (200, side)
    status, page = get(f"{url}/fails")
    assert status == 500
    assert "out of stock" not in page
    if server != "dev":
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) in {0, -signal.SIGTERM}
    assert "GET /async" in log.read_text()


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_no_debugger_in_production(serve, server):
    url, _, log = serve("--server", server, "--workers", "1", debug=["--debug"])
    status, page = get(f"{url}/fails")
    assert status == 500
    assert "debugger" not in page.lower()
    assert get(f"{url}/?__debugger__=yes&cmd=resource&f=debugger.js") == (200, "hello")
    assert f"Debug mode is on under {server}" in log.read_text()


def test_the_development_server_debugs_and_reloads(serve, write):
    url, _, log = serve("--debug")
    status, page = get(f"{url}/fails")
    assert status == 500
    assert "Werkzeug Debugger" in page
    assert "out of stock" in page

    write("shop.py", SHOP.replace('"hello"', '"good morning"'))
    assert wait_for(lambda: get(url), (200, "good morning")) == (200, "good morning")

    write("shop.py", "raise LookupError('closed for now')")
    assert wait_for(lambda: get(url)[0], 500) == 500
    write("shop.py", SHOP)
    assert wait_for(lambda: get(url), (200, "hello")) == (200, "hello")
    assert log.read_text().count("For development only") == 1


def test_uvicorn_reloads_if_asked_to(serve, write):
    url, _, _ = serve("--server", "uvicorn", "--reload")
    write("shop.py", SHOP.replace('"hello"', '"good morning"'))
    assert wait_for(lambda: get(url), (200, "good morning")) == (200, "good morning")
