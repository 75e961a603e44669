"""What an expression stands for, as far as that is certain.

Names are looked up where the function would: in its own bindings, its closure, its module. So
``from time import sleep as nap`` is found, and a function of one's own called ``sleep`` is not
mistaken for it. No code of the application is run: attributes are read statically.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import inspect
import sys
import types
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.local import LocalProxy

from .known import CHAINED, ITEMS, RESULTS, STANDS_FOR, Name
from .sources import FunctionNode

if t.TYPE_CHECKING:
    from .scopes import Scope


@dataclass(frozen=True, eq=False)
class Live:
    """An object that is there."""

    object: t.Any


@dataclass(frozen=True, eq=False)
class Made:
    """What the code will make: an object of a class, or of a class of this full name."""

    cls: type | str


@dataclass(frozen=True)
class Named:
    """What the code will import: something with this full name."""

    name: str


@dataclass(frozen=True, eq=False)
class Member:
    """An attribute that the class of an object has.

    Attributes:
        owner: The class, or its full name.
        name: The attribute's name.
        found: The attribute as it is in the class; None if that is not known.
        receiver: The object whose attribute it is.
    """

    owner: type | str
    name: str
    found: t.Any
    receiver: Live | Made


@dataclass(frozen=True, eq=False)
class Nested:
    """A function that is defined inside the one being read."""

    node: FunctionNode
    scope: Scope


#: More of them around one function are a circle.
_MOST_WRAPPERS = 50

Value = Live | Made | Named | Member | Nested


def evaluate(node: ast.expr, scope: Scope) -> Value | None:
    """Say what an expression stands for; None if that is not certain."""
    if isinstance(node, ast.Name):
        return scope.look_up(node.id)
    if isinstance(node, ast.Attribute):
        return attribute(evaluate(node.value, scope), node.attr)
    if isinstance(node, ast.Call):
        return result_of(evaluate(node.func, scope))
    if isinstance(node, ast.NamedExpr):
        return evaluate(node.value, scope)
    if isinstance(node, ast.Subscript):
        return _item_of(evaluate(node.value, scope))
    return None


def attribute(value: Value | None, name: str) -> Value | None:
    """Say what an attribute of a value stands for."""
    if isinstance(value, Named):
        return Named(f"{value.name}.{name}")
    if isinstance(value, Made):
        return _of_class(value.cls, name, value)
    if isinstance(value, Member):
        return attribute(_property_of(value), name)
    if not isinstance(value, Live) or is_a(value.object, LocalProxy):
        return None
    owner = value.object
    if is_a(owner, types.ModuleType):
        return _of_module(owner, name)
    if is_a(owner, type):
        return _of_class(owner, name, value)
    fields = fields_of(owner)
    return Live(fields[name]) if name in fields else _of_class(type(owner), name, value)


def result_of(value: Value | None) -> Value | None:
    """Say what calling a value gives."""
    if isinstance(value, Live) and is_a(value.object, type):
        return Made(value.object)
    for name in names_of(value):
        if name in RESULTS:
            return Made(RESULTS[name])
    if isinstance(value, Member) and any(cls in CHAINED for cls in class_names(value.owner)):
        return Made(value.owner)
    if isinstance(value, Named) and value.name.rpartition(".")[2][:1].isupper():
        return Made(value.name)
    return None


def names_of(value: Value | None) -> Iterator[Name]:
    """Give the full names of what is called, that by the most derived class first."""
    if isinstance(value, Named):
        owner, _, member = value.name.rpartition(".")
        yield owner, member
    elif isinstance(value, Member):
        yield from ((cls, value.name) for cls in class_names(value.owner))
    elif isinstance(value, Made):
        yield from ((cls, "__call__") for cls in class_names(value.cls))
    elif isinstance(value, Live):
        yield from _names_of_object(value.object)


def class_names(cls: type | str) -> list[str]:
    """Give the full names of a class and its bases, by method resolution order."""
    if isinstance(cls, str):
        return [cls]
    return [f"{base.__module__}.{base.__qualname__}" for base in cls.__mro__[:-1]]


def function_in(value: Value | None) -> tuple[types.FunctionType, Value | None] | None:
    """Give the Python function that calling a value runs, and the object that it is bound to."""
    receiver: Value | None = None
    found: t.Any = None
    if isinstance(value, Member):
        receiver, found = _receiver_of(value), value.found
    elif isinstance(value, Live):
        found = value.object
        if is_a(found, type):
            receiver, found = Made(found), inspect.getattr_static(found, "__init__", None)
        elif is_a(found, types.MethodType):
            receiver = Live(found.__self__)
        elif plain_function(found) is None:
            receiver, found = value, inspect.getattr_static(type(found), "__call__", None)
    function = plain_function(found)
    return None if function is None else (function, receiver)


def _receiver_of(member: Member) -> Value | None:
    """Say what the first parameter of a method is."""
    is_of_class = is_a(getattr(member.receiver, "object", None), type)
    if is_a(member.found, staticmethod):
        return None
    if is_a(member.found, classmethod):
        return Live(member.owner) if is_a(member.owner, type) else None
    return None if is_of_class else member.receiver


def plain_function(found: t.Any) -> types.FunctionType | None:
    """Give the function behind a method, a partial, a cache, a context manager.

    Other objects that wrap one, such as asgiref's ``sync_to_async``, may call it elsewhere.
    """
    for _ in range(_MOST_WRAPPERS):
        if is_a(found, staticmethod, classmethod, types.MethodType):
            found = found.__func__
        elif is_a(found, functools.partial):
            found = found.func
        elif is_a(found, functools._lru_cache_wrapper) or _is_of_contextlib(found):
            found = fields_of(found).get("__wrapped__")
        else:
            return found if is_function(found) else None
    return None


def _is_of_contextlib(found: t.Any) -> bool:
    return is_function(found) and found.__code__.co_filename == contextlib.__file__


def is_function(found: t.Any) -> t.TypeGuard[types.FunctionType]:
    """Tell whether something is a function written in Python."""
    return type(found) is types.FunctionType


def is_a(found: t.Any, *classes: type) -> bool:
    """Tell whether an object is of a class, without asking it as ``isinstance`` would."""
    return issubclass(type(found), classes)


def _of_module(module: types.ModuleType, name: str) -> Value | None:
    fields = vars(module)
    if name in fields:
        return Live(fields[name])
    inner = f"{module.__name__}.{name}"
    return Live(sys.modules[inner]) if inner in sys.modules else Named(inner)


def _of_class(cls: type | str, name: str, receiver: Live | Made) -> Value | None:
    if isinstance(cls, str):
        return Member(cls, name, None, receiver) if cls not in ITEMS else Made(ITEMS[cls])
    try:
        found = inspect.getattr_static(cls, name)
    except (AttributeError, TypeError):
        return _item_of(Made(cls))
    for stands_for in class_names(type(found)):
        if stands_for in STANDS_FOR:
            return Made(STANDS_FOR[stands_for])
    return Member(cls, name, found, receiver)


def _item_of(value: Value | None) -> Value | None:
    if isinstance(value, Live):
        value = Made(type(value.object))
    if isinstance(value, Made):
        for cls in class_names(value.cls):
            if cls in ITEMS:
                return Made(ITEMS[cls])
    return None


def _property_of(member: Member) -> Value | None:
    """Say what a property is."""
    for name in names_of(member):
        if name in RESULTS:
            return Made(RESULTS[name])
    if is_a(member.found, property, types.FunctionType) or member.found is None:
        return None
    return Live(member.found)


def _names_of_object(found: t.Any) -> Iterator[Name]:
    if is_a(found, types.MethodType):
        owner = found.__self__
        cls = owner if is_a(owner, type) else type(owner)
        yield from ((name, found.__name__) for name in class_names(cls))
    elif is_a(found, types.FunctionType, types.BuiltinFunctionType, type):
        module, qualname = found.__module__, found.__qualname__
        if isinstance(module, str):
            owner, _, member = f"{module}.{qualname}".rpartition(".")
            yield owner, member
    else:
        yield from ((name, "__call__") for name in class_names(type(found)))


def fields_of(found: t.Any) -> dict[str, t.Any]:
    """Read an object's own attributes without asking it."""
    try:
        fields = object.__getattribute__(found, "__dict__")
    except (AttributeError, TypeError):
        return {}
    return dict(fields) if is_a(fields, dict, types.MappingProxyType) else {}


def of_builtins(name: str) -> Value | None:
    """Look a name up among Python's own."""
    return Live(getattr(builtins, name)) if hasattr(builtins, name) else None
