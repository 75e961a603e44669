"""``dualapp shell``: Python with the application at hand."""

from __future__ import annotations

import code
import os
import sys
import typing as t

import click

from ..commands import with_appcontext
from ..globals import current_app


@click.command("shell", short_help="Open a Python shell in the application's context.")
@with_appcontext
def shell_command() -> None:
    """Open an interactive Python shell in the application's context.

    It knows ``app``, ``g`` and what the application's shell context processors add. The file that
    PYTHONSTARTUP names is run first.
    """
    namespace: dict[str, t.Any] = {}
    _run_startup_file(namespace)
    namespace.update(current_app.make_shell_context())
    _set_up_completion(namespace)
    code.interact(banner=_banner(), local=namespace)


def _banner() -> str:
    app = current_app
    lines = [f"Python {sys.version}, {sys.platform}", f"Application {app.import_name!r}"]
    return "\n".join([*lines, f"Instance folder {app.instance_path}"])


def _run_startup_file(namespace: dict[str, t.Any]) -> None:
    """Do what the ``python`` command does at its start and :mod:`code` does not."""
    path = os.environ.get("PYTHONSTARTUP")
    if path and os.path.isfile(path):
        with open(path, encoding="utf-8") as file:
            exec(compile(file.read(), path, "exec"), namespace)


def _set_up_completion(namespace: dict[str, t.Any]) -> None:
    """Turn tab completion on, over the shell's names rather than those of ``__main__``."""
    hook = getattr(sys, "__interactivehook__", None)
    if hook is None:
        return
    hook()
    try:
        import readline
        from rlcompleter import Completer
    except ImportError:  # Python was built without it
        return
    readline.set_completer(Completer(namespace).complete)
