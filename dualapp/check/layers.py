"""From a registered callable to the functions that it is made of: decorators, what they wrap."""

from __future__ import annotations

import ast
import functools
import os
import types
import typing as t
from collections.abc import Callable, Iterator

from ..sides.colour import is_async, runs_on_loop
from .scopes import Scope, inside
from .sources import node_of
from .values import fields_of, is_a, is_function

Function = Callable[..., t.Any]


def layers_of(function: Function) -> list[Function]:
    """Give a callable and what it wraps, from the outside in.

    A wrapper is seen through by ``__wrapped__``, which functools.wraps sets, or where its code
    returns the call of a function that it was given.
    """
    layers: list[Function] = []
    found: Function | None = function
    while found is not None and all(found is not layer for layer in layers):
        layers.append(found)
        found = _wrapped_by(found)
    return layers


def function_of(layer: Function) -> types.FunctionType | None:
    """Give the Python function that runs when a layer is called itself."""
    if is_a(layer, types.MethodType):
        layer = layer.__func__  # type: ignore[attr-defined]
    found: t.Any = layer if is_function(layer) else getattr(type(layer), "__call__", None)  # noqa: B004
    return found if is_function(found) else None


def name_of_code(function: types.FunctionType) -> str:
    """Name a function as it is written, whatever functools.wraps has called it."""
    return function.__code__.co_qualname.rpartition("<locals>.")[2]


def looks_async(layer: Function) -> bool:
    """Tell whether a layer is async; one that cannot be looked at is not."""
    return _answered(is_async, layer)


def may_run_on_loop(layer: Function) -> bool:
    """Tell whether an event loop calls a layer itself: it is async, or marked nonblocking."""
    return _answered(runs_on_loop, layer)


def _answered(question: Callable[[Function], bool], layer: Function) -> bool:
    try:
        return question(layer)
    except Exception:  # whatever an object does that does not want to be looked at
        return False


def name_of(function: Function) -> str:
    """Name a callable as its author would."""
    for layer in reversed(layers_of(function)):
        name = _text_of(layer, "__qualname__")
        if name:
            return name.rpartition("<locals>.")[2]
    return type(function).__qualname__


def _text_of(layer: Function, attribute: str) -> str:
    try:
        text = getattr(layer, attribute, None)
    except Exception:  # as above
        return ""
    return text if type(text) is str else ""


def package_of(layer: Function) -> str:
    """Name the top-level package that a layer's code is from; "" for code without a file."""
    function = function_of(layer)
    if function is None:
        module: t.Any = _text_of(layer, "__module__") or type(layer).__module__
    elif os.path.isfile(function.__code__.co_filename):
        module = function.__globals__.get("__name__")  # functools.wraps does not reach it
    else:
        module = ""
    return str(module).partition(".")[0]


def _wrapped_by(layer: Function) -> Function | None:
    if is_a(layer, functools.partial):
        return t.cast("functools.partial[t.Any]", layer).func
    if is_a(layer, types.MethodType):
        wrapped = fields_of(layer.__func__).get("__wrapped__")  # type: ignore[attr-defined]
    else:
        wrapped = fields_of(layer).get("__wrapped__")
    if callable(wrapped):
        return t.cast(Function, wrapped)
    return _handed_on_by(layer) if is_function(layer) else None


def _handed_on_by(function: types.FunctionType) -> Function | None:
    """Give the function of its closure whose call a wrapper returns, if there is just one."""
    node = node_of(function) if function.__closure__ else None
    if node is None or isinstance(node, ast.Lambda):
        return None
    scope = Scope(function, node)
    handed_on = {name for name in _returned_calls(node) if name in function.__code__.co_freevars}
    if len(handed_on) != 1:
        return None
    found = getattr(scope.look_up(handed_on.pop()), "object", None)
    return found if is_function(found) else None


def _returned_calls(node: ast.AST) -> Iterator[str]:
    for child in inside(node):
        value = child.value if isinstance(child, ast.Return) else None
        if isinstance(value, ast.Await):
            value = value.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            yield value.func.id
