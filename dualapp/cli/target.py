"""What a web server in a process of its own is told to load."""

from __future__ import annotations

import os
import sys
import typing as t
from dataclasses import dataclass

import click

from .discovery import name_in
from .environment import own_name
from .importing import open_import_path
from .scriptinfo import ScriptInfo

if t.TYPE_CHECKING:
    from ..app import DualApp


@dataclass(frozen=True)
class Target:
    """An import name for a server's command line."""

    #: ``module:name``
    name: str
    #: The folder that must be on the server's ``sys.path``.
    folder: str
    #: Whether the name is that of a function to call.
    is_factory: bool


def find_target(info: ScriptInfo) -> Target:
    """Say what a server must load to serve the application of this run.

    An application that a module holds is named as it is. For a factory it is :func:`load_app`,
    which each worker calls: uvicorn passes no arguments, and no server waits for an ``async``
    factory. So no factory runs in this process, which only starts another one.

    Raises:
        NoAppException: There is no such application.
        click.UsageError: It was made by a function of the running program, which no other
            process can import.
    """
    if info.create_app is not None:
        raise click.UsageError(
            "This command line makes its application itself, where a server in another process"
            " cannot reach it. Use --server dev, or start the server with the module that holds"
            " the application."
        )
    module, app_name = open_import_path(info.app_import_path)
    folder = sys.path[0]  # the import put it there
    name, is_app = name_in(module, app_name)
    if is_app:
        return Target(f"{module.__name__}:{name}", folder, is_factory=False)
    if info.app_import_path:
        os.environ[own_name("app")] = info.app_import_path
    return Target(f"{__name__}:load_app", folder, is_factory=True)


def load_app() -> DualApp:
    """Load the application that the environment names, for a server's worker process."""
    return ScriptInfo(os.environ.get(own_name("app"))).load_app()
