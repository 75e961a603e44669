"""Each name at the top level of each of Flask's modules is there, wherever its home is.

Flask is installed beside its extensions; its files are read here, and never imported.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import types
from collections.abc import Iterator

import pytest

from dualapp.alias import FLASK_VERSION, SUBMODULES

#: Names that mean nothing outside of Flask, and why.
NOT_OFFERED = {
    "_werkzeug_version": "where flask.testing remembers what _get_werkzeug_version() gave",
}


@pytest.fixture(scope="module", autouse=True)
def _flask_is_installed() -> None:
    try:
        version = importlib.metadata.version("flask")
    except importlib.metadata.PackageNotFoundError:
        version = "none"
    if version != FLASK_VERSION or not importlib.metadata.files("flask"):
        pytest.skip(f"Flask's files are not installed in version {FLASK_VERSION}")


def source_of(module: str) -> str:
    """Read a module of the installed Flask."""
    path = f"flask/{module.replace('.', '/')}"
    for file in importlib.metadata.files("flask") or ():
        if str(file) in (f"{path}.py", f"{path}/__init__.py"):
            return file.read_text()
    raise AssertionError(f"Flask has no {module}")


def names_in(nodes: list[ast.stmt]) -> Iterator[str]:
    """Give what statements define or import when they run."""
    for node in nodes:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from (name.id for name in ast.walk(node) if is_set(name))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from names_in(node.body)
            yield from names_in(node.orelse)


def is_set(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


@pytest.mark.parametrize("module", sorted(SUBMODULES - {"sansio"}))
def test_a_module_has_all_names_that_flasks_has(module: str) -> None:
    names = set(names_in(ast.parse(source_of(module)).body)) - NOT_OFFERED.keys()
    assert names
    ours = importlib.import_module(f"flask.{module}")
    assert {name for name in names if not hasattr(ours, name)} == set()


def test_what_a_name_of_another_home_stands_for() -> None:
    import flask
    import flask.app
    import flask.globals
    import werkzeug.exceptions
    from flask.helpers import request

    assert request is flask.request
    assert flask.app.BadRequestKeyError is werkzeug.exceptions.BadRequestKeyError
    assert isinstance(flask.app.click, types.ModuleType)
    assert flask.globals._no_app_msg.startswith("Working outside of application context")
