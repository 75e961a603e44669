"""The examples in this process, for the test client, and under real servers, for a browser."""

from __future__ import annotations

import contextlib
import importlib
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ..servers.launch import running
from .browser import Browser

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Import a module of an example; several examples have one named ``app``."""

    def load(example: str, module: str = "app") -> ModuleType:
        monkeypatch.syspath_prepend(EXAMPLES / example)
        return importlib.import_module(module)

    yield load
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(EXAMPLES):
            del sys.modules[name]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., tuple[Browser, Browser]]]:
    """Start an example as its README says, under gunicorn and uvicorn; give a browser for each.

    Options come from the README's two commands. In an environment variable's value, ``{}`` stands
    for a folder that each server has for itself.
    """
    with contextlib.ExitStack() as stack:

        def start(example: str, **environment: str) -> tuple[Browser, Browser]:
            wsgi, asgi = (
                _start(stack, command, EXAMPLES / example, tmp_path, environment)
                for command in _commands(example)
            )
            return wsgi, asgi

        yield start


def _commands(example: str) -> list[list[str]]:
    """Read the two commands of an example's README."""
    readme = (EXAMPLES / example / "README.md").read_text()
    lines = [line.strip() for line in readme.splitlines() if line.startswith("    ")]
    commands = [shlex.split(line) for line in lines if line.startswith(("gunicorn ", "uvicorn "))]
    assert [command[0] for command in commands] == ["gunicorn", "uvicorn"]
    return commands


def _start(
    stack: contextlib.ExitStack,
    command: list[str],
    example: Path,
    folder: Path,
    environment: dict[str, str],
) -> Browser:
    server, *options = command
    own = folder / server
    own.mkdir()
    settings = {name: value.format(own) for name, value in environment.items()}

    def command_for(port: int) -> list[str]:
        where = {
            "gunicorn": [f"--chdir={example}", f"--bind=127.0.0.1:{port}"],
            "uvicorn": [f"--app-dir={example}", f"--port={port}"],
        }
        return [sys.executable, "-m", server, *where[server], *options]

    running_server = stack.enter_context(running(command_for, own, **settings))
    return Browser(f"http://127.0.0.1:{running_server.port}")
