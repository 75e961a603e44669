"""How servers look at an application object, asked in their own words."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path

import pytest

from dualapp import DualApp

from . import launch
from .catalogue import BY_NAME
from .conftest import need, need_packages

pytestmark = pytest.mark.servers


@pytest.fixture
def app() -> DualApp:
    return DualApp("one_object")


def test_it_is_no_factory(app: DualApp) -> None:
    """Uvicorn calls what it is given with nothing; only a factory may take that."""
    with pytest.raises(TypeError):
        app()  # type: ignore[call-arg]


def test_its_call_is_a_coroutine_function(app: DualApp) -> None:
    """Hypercorn asks ``inspect``, which knows marks only from Python 3.12."""
    call = app.__call__
    assert inspect.iscoroutinefunction(call)
    assert list(inspect.signature(call).parameters) == ["scope", "receive", "send"]


async def test_what_detectors_read_is_the_application(app: DualApp) -> None:
    sent = []

    async def send(event):
        sent.append(event)

    async def receive():
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    await app.__call__(scope, receive, send)
    assert sent[0]["status"] == 404


def test_uvicorn_takes_it_for_asgi_3(app: DualApp, monkeypatch: pytest.MonkeyPatch) -> None:
    need_packages("uvicorn")
    uvicorn = importlib.import_module("uvicorn")
    config = uvicorn.Config(app, log_config=None)
    config.load()
    assert config.interface == "asgi3"


def test_hypercorn_takes_it_for_asgi(app: DualApp) -> None:
    need_packages("hypercorn")
    assert importlib.import_module("hypercorn.utils").is_asgi(app)


def test_asgiref_takes_it_for_single_callable(app: DualApp) -> None:
    """Daphne and Channels ask this."""
    compatibility = importlib.import_module("asgiref.compatibility")
    assert not compatibility.is_double_callable(app)
    assert compatibility.guarantee_single_callable(app) is app


@pytest.mark.parametrize("name", ["gunicorn sync", "uvicorn httptools"])
def test_wrappers_are_honoured(serve: launch.Serve, name: str) -> None:
    """A replaced ``__call__`` of two arguments and a replaced ``wsgi_app`` hold on both sides."""
    with serve(name, "wrapped:app") as running:
        for path in ("/", "/async"):
            answer = running.ask(path)
            assert answer.status == 200
            assert answer.all("x-wrapped") == ["yes"]
            assert answer.all("x-traced") == ["yes"]
        secret = running.ask("/secret")
        assert secret.status == {"wsgi": 404, "asgi": 401}[BY_NAME[name].interface]


def test_granian_is_told_which_interface_to_use(tmp_path: Path) -> None:
    need(BY_NAME["granian asgi"])

    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "granian", f"--port={port}", "everything:app"]

    with launch.running(command, tmp_path) as running:
        answer = running.ask("/")
    assert answer.status == 500
    assert b"--interface asgi" in answer.body
