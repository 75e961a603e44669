"""What a view returns in pieces: the generators that become its response's body."""

from __future__ import annotations

import ast
import inspect
import typing as t
from collections.abc import Iterator

from werkzeug.wrappers import Response

from .scopes import Scope, body_of, inside
from .values import Member, Named, Nested, Value, evaluate, function_in, is_a, names_of

Colour = t.Literal["sync", "async"]

#: Functions that pass a generator on, or make one, by the end of their full names.
_PASSES_ON = "stream_with_context"
_MAKES_SYNC_STREAM = frozenset({"stream_template", "stream_template_string"})


class Streamed(t.NamedTuple):
    """An expression that gives a generator, and its colour."""

    node: ast.expr
    colour: Colour


def streams_of(scope: Scope) -> list[Streamed]:
    """Give the generators that a function returns as a response, or as its body."""
    streams = []
    for node in body_of(scope.node):
        if isinstance(node, ast.Return) and node.value is not None:
            body = _body_in(node.value, scope)
            colour = None if body is None else _colour_of(body, scope)
            if body is not None and colour is not None:
                streams.append(Streamed(body, colour))
    return streams


def yields(flags: int) -> Colour | None:
    """Tell from a code object's flags whether it is a generator, and of which colour."""
    if flags & inspect.CO_ASYNC_GENERATOR:
        return "async"
    return "sync" if flags & inspect.CO_GENERATOR else None


def _body_in(node: ast.expr, scope: Scope) -> ast.expr | None:
    """Give the body in what a view returns: the first of a tuple, what a response is made of."""
    for _ in range(10):  # names may refer to each other
        if isinstance(node, ast.Tuple) and node.elts:
            node = node.elts[0]
        elif isinstance(node, ast.Name) and (bound := scope.sole_value(node.id)) is not None:
            node = bound
        elif isinstance(node, ast.Call) and _wraps_body(evaluate(node.func, scope)):
            given = [*node.args, *(each.value for each in node.keywords if each.arg == "response")]
            if not given:
                return None
            node = given[0]
        else:
            return node
    return None


def _wraps_body(value: Value | None) -> bool:
    if any(member == _PASSES_ON for _, member in names_of(value)):
        return True
    found: t.Any = value.found if isinstance(value, Member) else getattr(value, "object", None)
    if is_a(found, type):
        return issubclass(found, Response)
    return isinstance(value, Named) and value.name.endswith(".Response")


def _colour_of(node: ast.expr, scope: Scope) -> Colour | None:
    if isinstance(node, ast.GeneratorExp):
        return "async" if any(each.is_async for each in node.generators) else "sync"
    if not isinstance(node, ast.Call):
        return None
    value = evaluate(node.func, scope)
    if isinstance(value, Nested):
        return _colour_of_nested(value)
    if any(member in _MAKES_SYNC_STREAM for _, member in names_of(value)):
        return "sync"
    called = function_in(value)
    return None if called is None else yields(called[0].__code__.co_flags)


def _colour_of_nested(value: Nested) -> Colour | None:
    if isinstance(value.node, ast.Lambda) or not any(_yields_in(value.node)):
        return None
    return "async" if isinstance(value.node, ast.AsyncFunctionDef) else "sync"


def _yields_in(node: ast.AST) -> Iterator[bool]:
    return (isinstance(each, ast.Yield | ast.YieldFrom) for each in inside(node))
