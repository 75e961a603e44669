"""``dualapp shell``."""

from __future__ import annotations

import code
import sys

import pytest

from dualapp import DualApp
from dualapp.cli import FlaskGroup


@pytest.fixture
def app():
    app = DualApp("shop")

    @app.shell_context_processor
    def names():
        return {"answer": 42}

    @app.shell_context_processor
    async def more_names():
        return {"late": 43}

    return app


@pytest.fixture
def shell(runner, app, monkeypatch):
    monkeypatch.delenv("PYTHONSTARTUP", raising=False)
    monkeypatch.delattr(sys, "__interactivehook__", raising=False)

    def shell(text, **env):
        result = runner.invoke(
            FlaskGroup(create_app=lambda: app), ["shell"], input=text + "\n", env=env
        )
        assert result.exit_code == 0, result.output
        return result.output

    return shell


def test_banner(shell, app, monkeypatch):
    shown = []
    monkeypatch.setattr(code, "interact", lambda banner, local: shown.append(banner))
    shell("")
    python, name, instance = shown[0].rsplit("\n", 2)
    assert python.startswith(f"Python {sys.version}")
    assert (name, instance) == (
        "Application 'shop'",
        f"Instance folder {app.instance_path}",
    )


def test_names(shell):
    assert "shop 42 43\n" in shell("print(app.name, answer, late)")


def test_application_context(shell):
    assert "shop!\n" in shell(
        "from dualapp.globals import current_app; print(current_app.name + '!'); g.x = 1"
    )


def test_startup_file(shell, write):
    file = write("startup.py", "greeting = 'good morning'\nanswer = 'overruled'\n")
    assert "good morning 42\n" in shell("print(greeting, answer)", PYTHONSTARTUP=str(file))


def test_a_missing_startup_file_is_no_error(shell):
    assert "42\n" in shell("print(answer)", PYTHONSTARTUP="missing.py")


def test_completion(shell, monkeypatch):
    readline = pytest.importorskip("readline")
    completers = []
    hooked = []
    monkeypatch.setattr(readline, "set_completer", completers.append)
    monkeypatch.setattr(sys, "__interactivehook__", lambda: hooked.append(1), raising=False)
    shell("")
    assert hooked == [1]
    assert completers[-1]("answ", 0) == "answer"


def test_python_without_readline(shell, monkeypatch):
    monkeypatch.setattr(sys, "__interactivehook__", lambda: None, raising=False)
    monkeypatch.setitem(sys.modules, "readline", None)
    assert "42\n" in shell("print(answer)")
