"""``--version``; the other options before the command are tested with the groups."""

from __future__ import annotations

import importlib.metadata
import platform

import click

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
