"""Commands of installed packages."""

from __future__ import annotations

import importlib.metadata

import click
import pytest

from dualapp import DualApp
from dualapp.cli import FlaskGroup


@click.command()
def hello():
    click.echo("hello from a plugin")


class EntryPoint:
    """Stands for the entry point of an installed package."""

    def __init__(self, name, group, loaded):
        self.name = name
        self.group = group
        self.value = f"package:{name}"
        self.loaded = loaded

    def load(self):
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


@pytest.fixture
def install(monkeypatch):
    installed = []
    monkeypatch.setattr(
        importlib.metadata,
        "entry_points",
        lambda group: [point for point in installed if point.group == group],
    )
    return lambda *args: installed.append(EntryPoint(*args))


def group():
    return FlaskGroup(create_app=lambda: DualApp("shop"))


@pytest.mark.parametrize("name", ["dualapp.commands", "flask.commands"])
def test_both_groups(runner, install, name):
    install("hello", name, hello)
    assert runner.invoke(group(), ["hello"]).output == "hello from a plugin\n"
    assert "\n  hello" in runner.invoke(group(), ["--help"]).output


def test_ours_wins(runner, install):
    install("hello", "dualapp.commands", hello)
    install("hello", "flask.commands", click.Command("hello", callback=lambda: None))
    assert runner.invoke(group(), ["hello"]).output == "hello from a plugin\n"


def test_a_plugin_overrules_a_standard_command(runner, install):
    install("run", "dualapp.commands", hello)
    assert runner.invoke(group(), ["run"]).output == "hello from a plugin\n"


@pytest.mark.parametrize(
    ("loaded", "reason"),
    [
        (ModuleNotFoundError("No module named 'flask'"), "No module named 'flask'"),
        (RuntimeError("too old"), "RuntimeError: too old"),
        ("text", "it is 'str', not a click command"),
    ],
)
def test_one_that_fails_takes_nothing_else_away(runner, install, loaded, reason):
    install("broken", "flask.commands", loaded)
    install("hello", "flask.commands", hello)
    result = runner.invoke(group(), ["hello"])
    assert result.exit_code == 0
    assert result.stdout == "hello from a plugin\n"
    assert "'broken' is left out" in result.stderr
    assert reason in result.stderr
    assert "'flask.commands'" in result.stderr


def test_a_failure_is_reported_once(runner, install):
    install("broken", "flask.commands", RuntimeError("too old"))
    result = runner.invoke(group(), ["--help"])
    assert result.stderr.count("too old") == 1
