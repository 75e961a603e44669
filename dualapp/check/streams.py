"""DA4xx: responses and requests that come in pieces."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .. import globals as contexts
from .application import Part, Registered, View
from .codes import STREAM, SYNC_BODY, SYNC_STREAM
from .findings import Finding
from .layers import function_of, looks_async
from .returned import Colour, streams_of, yields
from .scopes import Scope, body_of
from .sources import file_of, node_of, place_in
from .values import Live, evaluate

#: What reads all of a request's body before it returns.
_READERS = frozenset({"data", "files", "form", "get_data", "get_json", "json", "stream", "values"})


def find(registered: Registered) -> Iterator[Finding]:
    """Find streamed responses, and streamed bodies that async views read in a sync way."""
    for view in registered.views:
        for part in view.parts:
            colour = stream_of(part)
            if colour is not None:
                yield Finding(STREAM, f"'{part.name}' answers with a generator", part.place)
            if colour == "sync":
                what = f"'{part.name}' answers with a sync generator"
                yield Finding(SYNC_STREAM, what, part.place)
            if view.streams_body:
                yield from _sync_reads(view, part)


def stream_of(part: Part) -> Colour | None:
    """Tell whether a view answers with a generator, and of which colour."""
    function = function_of(part.layers[-1])
    if function is None or function not in list(part.functions):
        return None
    colour = yields(function.__code__.co_flags)
    node = node_of(function)
    if colour is not None or node is None:
        return colour
    colours = {each.colour for each in streams_of(Scope(function, node, receiver=part.receiver))}
    return "sync" if "sync" in colours else "async" if colours else None


def _sync_reads(view: View, part: Part) -> Iterator[Finding]:
    function = function_of(part.layers[-1])
    if function is None or not looks_async(part.layers[-1]) or not view.is_async:
        return
    node = node_of(function)
    if node is None:
        return
    scope = Scope(function, node, receiver=part.receiver)
    for child in body_of(node):
        if (
            isinstance(child, ast.Attribute)
            and child.attr in _READERS
            and _is_request(child, scope)
        ):
            what = f"'{ast.unparse(child)}' in '{part.name}', whose route has stream=True"
            yield Finding(SYNC_BODY, what, place_in(file_of(function.__code__), child))


def _is_request(node: ast.Attribute, scope: Scope) -> bool:
    value = evaluate(node.value, scope)
    return isinstance(value, Live) and value.object is contexts.request
