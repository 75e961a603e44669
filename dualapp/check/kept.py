"""DA3xx: objects that belong to an event loop and outlive it.

The user's modules, and what extensions left on the application, are searched for them.
"""

from __future__ import annotations

import ast
import sys
import typing as t
from collections.abc import Iterator, Mapping

from ..sides.usercode import is_users
from .application import Registered
from .codes import KEPT, SHARED
from .findings import Finding, Place
from .known import LOOP_BOUND
from .scopes import closure_of, inside
from .sources import place_in, place_of, tree_of
from .values import class_names, fields_of, is_a

#: A name, what it stands for, and the place to show.
Candidate = tuple[str, t.Any, Place | None]


def find(registered: Registered) -> Iterator[Finding]:
    """Find them, if anything that could use them is async."""
    if not registered.has_async:
        return
    is_kept = registered.app.config["WSGI_EVENT_LOOP"] == "worker"
    seen: set[int] = set()
    for name, found, place in _candidates(registered):
        kind = _loop_bound(found)
        if kind is not None and id(found) not in seen:
            seen.add(id(found))
            what = f"'{name}' ({kind}) is made once for all requests"
            yield Finding(SHARED if is_kept else KEPT, what, place)


def _candidates(registered: Registered) -> Iterator[Candidate]:
    """Give each object that is kept; where several names stand for one, the best comes first."""
    yield from _in_modules(registered)
    yield from _in_closures(registered)
    for key, extension in registered.app.extensions.items():
        for path, found in _within(f"app.extensions[{key!r}]", extension):
            yield path, found, None
    for key, setting in registered.app.config.items():
        yield f"app.config[{key!r}]", setting, None


def _in_modules(registered: Registered) -> Iterator[Candidate]:
    """Give what the user's modules assign; what they import is found where it was made."""
    for module in list(sys.modules.values()):
        file = fields_of(module).get("__file__")
        if isinstance(file, str) and is_users(file, registered.root):
            places = _assignments_in(file)
            for name in [name for name in places if name in vars(module)]:
                for path, found in _within(f"{module.__name__}.{name}", vars(module)[name]):
                    yield path, found, places[name]


def _in_closures(registered: Registered) -> Iterator[Candidate]:
    """Give what functions keep that were made by another one, such as ``create_app``."""
    for part in registered.parts:
        for function in part.functions:
            for name, value in closure_of(function).items():
                yield name, value, place_of(function)


def _within(path: str, value: t.Any) -> Iterator[tuple[str, t.Any]]:
    """Give an object and what is one step inside: in a collection, or in its attributes."""
    yield path, value
    if is_a(value, dict):
        yield from ((f"{path}[{key!r}]", found) for key, found in list(value.items()))
    elif is_a(value, list, tuple):
        yield from ((f"{path}[{number}]", found) for number, found in enumerate(value))
    elif not is_a(value, type):
        yield from ((f"{path}.{name}", found) for name, found in fields_of(value).items())


def _loop_bound(found: t.Any) -> str | None:
    """Give the class of an object that belongs to a loop, in a short way."""
    for name in class_names(type(found)):
        if name in LOOP_BOUND:
            return None if _keeps_no_connection(found) else f"{type(found).__qualname__}"
    return None


def _keeps_no_connection(found: t.Any) -> bool:
    """Tell of an engine of SQLAlchemy with a NullPool, which opens a connection for each use."""
    engine = getattr(found, "sync_engine", None)
    return type(getattr(engine, "pool", None)).__name__ == "NullPool"


def _assignments_in(file: str) -> Mapping[str, Place]:
    """Give the place of each name that a module assigns at its top level."""
    tree = tree_of(file)
    places: dict[str, Place] = {}
    for node in () if tree is None else inside(tree):
        targets = _targets_of(node)
        for name in (each.id for each in targets if isinstance(each, ast.Name)):
            places[name] = place_in(file, t.cast(ast.stmt, node))
    return places


def _targets_of(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign) else []
