"""``install_as_flask()``: from then on the name ``flask`` leads to dualapp, by :mod:`.finder`."""

from __future__ import annotations

import importlib
import sys
import threading
import types
import typing as t
from collections.abc import Iterator

from werkzeug.local import LocalProxy

if t.TYPE_CHECKING:
    from .finder import FlaskFinder

#: The release whose names and behaviour are dualapp's.
FLASK_VERSION = "3.1.3"

#: Set to 1, it lets a process begin with the name ``flask`` leading here, see :mod:`.startup`.
AS_FLASK_VARIABLE = "DUALAPP_AS_FLASK"

#: The submodules that Flask has.
SUBMODULES = frozenset(
    [
        "__main__",
        "app",
        "blueprints",
        "cli",
        "config",
        "ctx",
        "debughelpers",
        "globals",
        "helpers",
        "json",
        "json.provider",
        "json.tag",
        "logging",
        "sansio",
        "sansio.app",
        "sansio.blueprints",
        "sansio.scaffold",
        "sessions",
        "signals",
        "templating",
        "testing",
        "typing",
        "views",
        "wrappers",
    ]
)

_lock = threading.Lock()


def install_as_flask() -> None:
    """Let ``import flask`` mean dualapp in this process; call it before anything imports Flask.

    Legacy code and extensions then run on dualapp unchanged, on both sides. Calling it again does
    nothing. ``dualapp run --as-flask`` and the environment variable ``DUALAPP_AS_FLASK=1`` do it
    without an edit.

    Raises:
        RuntimeError: Flask itself was imported already; the message says by which modules.
    """
    place_finder()
    importlib.import_module("flask")


def place_finder() -> FlaskFinder:
    """Do what :func:`install_as_flask` does, but import nothing under the name yet."""
    from .finder import FlaskFinder  # it needs importlib.metadata, which takes a while

    with _lock:
        for finder in sys.meta_path:
            if isinstance(finder, FlaskFinder):
                return finder
        if "flask" in sys.modules:
            raise RuntimeError(_imported_too_early(sys.modules["flask"]))
        finder = FlaskFinder()
        sys.meta_path.insert(0, finder)
        # Warnings that name a module are filtered by the name that legacy code knows.
        vars(importlib.import_module("dualapp.app"))["__name__"] = "flask.app"
        return finder


def _imported_too_early(flask: types.ModuleType) -> str:
    importers = list(_users_of(flask))
    more = f" and {len(importers) - 3} more" if len(importers) > 3 else ""
    who = f"by {', '.join(importers[:3])}{more}" if importers else "by a module that kept nothing"
    return (
        f"The real Flask ({getattr(flask, '__file__', 'unknown file')}) was imported already,"
        f" {who}. What was made with it would not fit what dualapp makes. Call"
        " dualapp.install_as_flask() before that import, or start with DUALAPP_AS_FLASK=1."
    )


def _users_of(flask: types.ModuleType) -> Iterator[str]:
    """Name the modules outside Flask that hold it or something of it, in the order they loaded."""
    proxies = [value for value in vars(flask).values() if type(value) is LocalProxy]
    for name, module in list(sys.modules.items()):
        if _in_flask(name) or not isinstance(module, types.ModuleType):
            continue
        for value in list(vars(module).values()):
            if _is_of_flask(value) or any(value is proxy for proxy in proxies):
                yield name
                break


def _is_of_flask(value: object) -> bool:
    """Tell whether this is a module, a function or a class of Flask, or derived from one."""
    kind = type(value)  # isinstance would ask a lazy object for its class, and wake it
    if issubclass(kind, types.ModuleType):
        return _in_flask(vars(value).get("__name__"))
    if issubclass(kind, types.FunctionType):
        return _in_flask(getattr(value, "__module__", None))
    return issubclass(kind, type) and any(
        _in_flask(vars(base).get("__module__")) for base in t.cast(type, value).__mro__
    )


def _in_flask(module: object) -> bool:
    return str(module).partition(".")[0] == "flask"
