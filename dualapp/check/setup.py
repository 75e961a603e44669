"""DA5xx: middleware and configuration."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import FunctionType

from .. import globals as contexts
from .. import helpers
from ..sessions import SecureCookieSessionInterface
from ..sides import wrapped
from .application import Registered
from .codes import ASGI_WRAPPER, DEBUG_ON, NO_SECRET_KEY, WSGI_WRAPPER
from .findings import Finding, Place
from .scopes import Scope, body_of
from .sources import file_of, node_of, place_in
from .values import Live, Value, evaluate

_CHANGES = frozenset({"clear", "pop", "popitem", "setdefault", "update"})


def find(registered: Registered) -> Iterator[Finding]:
    """Find what holds for the application as a whole."""
    app = registered.app
    wrapper = wrapped.costly_wrapper_of(app)
    if wrapper is not None:
        yield Finding(WSGI_WRAPPER, f"app.wsgi_app is wrapped by {_class_of(wrapper)}")
    if "asgi_app" in vars(app):
        yield Finding(ASGI_WRAPPER, f"app.asgi_app is wrapped by {_class_of(app.asgi_app)}")
    if app.debug:
        yield Finding(DEBUG_ON, "app.debug is on, and neither --debug nor DUALAPP_DEBUG says so")
    if not app.secret_key and isinstance(app.session_interface, SecureCookieSessionInterface):
        yield from _session_changes(registered)


def is_wrapped(registered: Registered) -> bool:
    """Tell whether a WSGI wrapper makes every request of the ASGI side take a thread."""
    return wrapped.costly_wrapper_of(registered.app) is not None


def _class_of(wrapper: object) -> str:
    name = getattr(wrapper, "__qualname__", None) or type(wrapper).__qualname__
    return f"'{name}'"


def _session_changes(registered: Registered) -> Iterator[Finding]:
    seen: set[Place] = set()
    for part in registered.parts:
        for function in part.functions:
            for node in _changes_in(function, part.receiver):
                place = place_in(file_of(function.__code__), node)
                if place not in seen:
                    seen.add(place)
                    what = f"'{ast.unparse(node)}' in '{part.name}' changes the session"
                    yield Finding(NO_SECRET_KEY, what, place)


def _changes_in(function: FunctionType, receiver: Value | None) -> Iterator[ast.expr]:
    """Give the expressions that change the session."""
    tree = node_of(function)
    if tree is None:
        return
    scope = Scope(function, tree, receiver=receiver)
    for node in body_of(tree):
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            if _is(node.value, scope, contexts.session):
                yield node
        elif isinstance(node, ast.Call):
            changed = node.func.value if isinstance(node.func, ast.Attribute) else None
            if changed is not None and node.func.attr in _CHANGES:  # type: ignore[attr-defined]
                if _is(changed, scope, contexts.session):
                    yield node
            elif _is(node.func, scope, helpers.flash):
                yield node


def _is(node: ast.expr, scope: Scope, wanted: object) -> bool:
    value = evaluate(node, scope)
    return isinstance(value, Live) and value.object is wanted
