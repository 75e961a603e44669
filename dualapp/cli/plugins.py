"""Commands that installed packages add to the command line."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

import click

from ..alias import install_as_flask

#: Where packages offer commands; a name in a later group overrules one in an earlier group.
ENTRY_POINT_GROUPS = ("flask.commands", "dualapp.commands")


def plugin_commands() -> Iterator[tuple[str, click.Command]]:
    """Load the commands of all installed plugins, by name.

    One that fails is left out with a message: a package that is broken, or made for another
    framework, must not take the whole command line away.
    """
    for group in ENTRY_POINT_GROUPS:
        for entry_point in importlib.metadata.entry_points(group=group):
            command = _load(entry_point)
            if command is not None:
                yield entry_point.name, command


def _load(entry_point: importlib.metadata.EntryPoint) -> click.Command | None:
    try:
        if entry_point.group == "flask.commands":
            install_as_flask()  # what it imports as flask must be what runs it
        command = entry_point.load()
    except Exception as error:
        _report(entry_point, f"it raised {type(error).__name__}: {error}")
        return None
    if isinstance(command, click.Command):
        return command
    _report(entry_point, f"it is {type(command).__name__!r}, not a click command")
    return None


def _report(entry_point: importlib.metadata.EntryPoint, reason: str) -> None:
    click.secho(
        f"Warning: the command {entry_point.name!r} is left out: loading {entry_point.value!r}"
        f" failed, {reason}. Update or uninstall the package that offers it in the entry point"
        f" group {entry_point.group!r}.",
        fg="yellow",
        err=True,
    )
