"""``--version`` and ``--as-flask``; the other options are tested with the groups."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys

import click
import pytest

from dualapp import DualApp
from dualapp.cli import FlaskGroup, get_version, version_option


def test_version(runner):
    result = runner.invoke(FlaskGroup(), ["--version"])
    assert result.exit_code == 0
    assert f"Python {platform.python_version()}" in result.output
    assert "dualapp " in result.output
    assert "Flask 3.1.3" in result.output
    assert f"Werkzeug {importlib.metadata.version('werkzeug')}" in result.output


def test_version_is_said_without_looking_for_an_application(runner, write):
    write("wsgi.py", "raise LookupError('imported')")
    assert runner.invoke(FlaskGroup(), ["--version"]).exit_code == 0


def test_version_does_nothing_while_completing(capsys):
    ctx = click.Context(click.Command("x"), resilient_parsing=True)
    get_version(ctx, version_option, True)
    get_version(click.Context(click.Command("x")), version_option, False)
    assert capsys.readouterr().out == ""


@pytest.fixture
def journal(monkeypatch):
    """Write down what is done, in place of letting this process's ``flask`` be dualapp."""
    done = []
    monkeypatch.setattr("dualapp.cli.options.install_as_flask", lambda: done.append("installed"))
    return done


@pytest.fixture
def group(journal):
    def create_app():
        journal.append("application")
        return DualApp("shop")

    return FlaskGroup(create_app=create_app)


@pytest.mark.parametrize("args", [["--as-flask", "routes"], ["routes"], ["--help"], []])
def test_as_flask_is_done_before_the_application_is_loaded(runner, group, journal, write, args):
    if "--as-flask" not in args:
        write(".env", "DUALAPP_AS_FLASK=1\n")
    runner.invoke(group, args)
    assert journal == ["installed", "application"]
    assert os.environ["DUALAPP_AS_FLASK"] == "1"


@pytest.mark.parametrize(
    ("value", "is_on"), [("1", True), ("yes", True), ("0", False), ("", False)]
)
def test_as_flask_from_the_environment(runner, group, journal, value, is_on):
    """As the file in site-packages reads it."""
    result = runner.invoke(group, ["routes"], env={"DUALAPP_AS_FLASK": value})
    assert result.exit_code == 0
    assert journal == (["installed"] if is_on else []) + ["application"]


def test_as_flask_from_a_named_file(runner, group, journal, write):
    write("my.env", "DUALAPP_AS_FLASK=1\n")
    assert runner.invoke(group, ["-e", "my.env", "routes"]).exit_code == 0
    assert journal == ["installed", "application"]


def test_as_flask_too_late_is_an_error_of_the_command_line(runner, group, monkeypatch):
    def fail():
        raise RuntimeError("The real Flask was imported already, by shop.")

    monkeypatch.setattr("dualapp.cli.options.install_as_flask", fail)
    result = runner.invoke(group, ["--as-flask", "routes"])
    assert result.exit_code == 1
    assert result.stderr == "Error: The real Flask was imported already, by shop.\n"


def test_as_flask_from_a_file_in_a_process(write, tmp_path):
    write(".env", "DUALAPP_AS_FLASK=1\nFLASK_APP=legacy\n")
    legacy = """
        from flask import Flask

        app = Flask(__name__)

        @app.cli.command()
        def which():
            print(f"{Flask.__module__}.{Flask.__name__}")
    """
    write("legacy.py", legacy)
    done = subprocess.run(
        [sys.executable, "-m", "dualapp", "which"], cwd=tmp_path,
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("dualapp.app.DualApp\n", "")
