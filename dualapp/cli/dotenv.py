"""Environment variables from files, through python-dotenv if it is installed."""

from __future__ import annotations

import os
from pathlib import Path

import click

#: Read from the current folder or one above it; a later file overrules an earlier one.
DEFAULT_FILES = (".flaskenv", ".dualappenv", ".env")


def load_dotenv(path: str | os.PathLike[str] | None = None, load_defaults: bool = True) -> bool:
    """Set environment variables from files, without changing those that are set.

    A variable's value is, in this order, the one it has, the one in ``path``, in ``.env``, in
    ``.dualappenv``, in ``.flaskenv``. The last three are looked for in the current folder
    and upwards.

    Args:
        path: A file to read first. It may be missing.
        load_defaults: Whether the three files are read as well.

    Returns:
        Whether any variable was found in a file.
    """
    try:
        import dotenv
    except ImportError:
        if path or any(Path(name).is_file() for name in DEFAULT_FILES):
            _hint()
        return False

    files = [dotenv.find_dotenv(name, usecwd=True) for name in DEFAULT_FILES if load_defaults]
    if path is not None:
        files.append(os.fspath(path))
    found: dict[str, str | None] = {}
    for file in files:
        if file and os.path.isfile(file):
            found.update(dotenv.dotenv_values(file, encoding="utf-8"))
    for name, value in found.items():
        if value is not None:
            os.environ.setdefault(name, value)
    return bool(found)


def _hint() -> None:
    click.secho(
        " * There is a file with environment variables here, but nothing that can read it:"
        " its settings are not in force. Install python-dotenv: pip install 'dualapp[dotenv]'",
        fg="yellow",
        err=True,
    )
