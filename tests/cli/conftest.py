"""What the command line's tests share: a clean environment and folder, and modules made of text."""

from __future__ import annotations

import contextvars
import os
import sys
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner


class IsolatedRunner(CliRunner):
    """Runs each command in a context of its own, as a process of its own would."""

    def __init__(self):
        try:
            super().__init__(mix_stderr=False)
        except TypeError:  # click 8.2 and later never mix them
            super().__init__()

    def invoke(self, *args, **kwargs):
        return contextvars.Context().run(super().invoke, *args, **kwargs)


@pytest.fixture
def runner():
    return IsolatedRunner()


@pytest.fixture(autouse=True)
def _clean_process(monkeypatch, tmp_path):
    """Start each test in an empty folder, without settings, and forget what it imports."""
    for name in list(os.environ):
        if name.startswith(("DUALAPP_", "FLASK_", "WERKZEUG_")) or name == "WEB_CONCURRENCY":
            monkeypatch.delenv(name)
    environment = dict(os.environ)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    modules = set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(tmp_path):
            del sys.modules[name]
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture
def write(tmp_path):
    """Write a file below the test's folder; give its path."""

    def write(name, text=""):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    return write
