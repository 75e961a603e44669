"""The commands of the page on migrating: started as it says, in workers and after a reload."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ..servers.launch import Running, running
from .fenced import BLOCKS

pytestmark = pytest.mark.servers

LEGACY = """
import os

from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/")
def index():
    return jsonify({"class": f"{Flask.__module__}.{Flask.__name__}", "process": os.getpid()})


@app.get("/version")
def version():
    return "one"
"""

COMMANDS = [
    line
    for block in BLOCKS
    if block.page == "docs/migrating.md" and block.language == "sh"
    for line in block.text.splitlines()
    if "legacy.app" in line
]


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    """A folder with the package in it."""
    (tmp_path / "legacy").mkdir()
    (tmp_path / "legacy" / "app.py").write_text(LEGACY)
    return tmp_path


def started(line: str, folder: Path, *options: str) -> tuple[Callable[[int], list[str]], dict]:
    """Turn a command line of the page into what is to be started, and its variables."""
    words = shlex.split(line)
    variables = {"PYTHONPATH": str(folder)}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    program = words[1:] if words[0] == "python" else ["-m", *words]
    port = "--bind=127.0.0.1:{}" if words[0] == "gunicorn" else "--port={}"
    return lambda at: [sys.executable, *program, *options, port.format(at)], variables


def processes_of(server: Running) -> set[int]:
    """Ask several times; give the numbers of the processes that answered, all with dualapp."""
    answers = [json.loads(server.ask("/").body) for _ in range(20)]
    assert {answer["class"] for answer in answers} == {"dualapp.app.DualApp"}, server.log
    return {answer["process"] for answer in answers}


def test_the_page_has_a_command_for_each_way() -> None:
    assert [line.partition(" legacy")[0] for line in COMMANDS] == [
        *["dualapp run --as-flask"] * 3,
        "DUALAPP_AS_FLASK=1 gunicorn",
        "DUALAPP_AS_FLASK=1 uvicorn",
        "DUALAPP_AS_FLASK=1 python -m flask --app",
    ]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_serves_the_application(line: str, legacy: Path) -> None:
    is_single = not ("gunicorn" in line or "uvicorn" in line)
    command, variables = started(line, legacy, *([] if is_single else ["--workers=2"]))
    with running(command, legacy, **variables) as server:
        found = processes_of(server)
        if not is_single:
            assert server.process.pid not in found, "a worker answers"


@pytest.mark.parametrize(
    ("line", "options"),
    [
        (COMMANDS[0], ["--debug"]),
        (COMMANDS[3], ["--reload"]),
        (COMMANDS[4], ["--reload", "--reload-dir={}"]),
        (COMMANDS[5], ["--debug"]),
    ],
)
def test_it_holds_after_a_reload(line: str, options: list[str], legacy: Path) -> None:
    options = [option.format(legacy) for option in options]
    command, variables = started(line, legacy, *options)
    with running(command, legacy, **variables) as server:
        before = processes_of(server)
        file = legacy / "legacy" / "app.py"
        file.write_text(LEGACY.replace("one", "two"))
        # A reloader that has only just begun to look takes what it sees first for unchanged.
        patience = iter(range(5))
        while not tells_version(server, b"two"):
            assert next(patience, None) is not None, server.log
            file.touch()
        assert not before & processes_of(server)


def tells_version(server: Running, text: bytes) -> bool:
    """Give the server some seconds to notice that the file changed."""
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, AssertionError):  # it is between two processes
            if server.ask("/version").body == text:
                return True
        time.sleep(0.1)
    return False
