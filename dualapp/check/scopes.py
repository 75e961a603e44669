"""The names that a function sees, and what they stand for."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import sys
import typing as t
from collections.abc import Iterator
from types import FunctionType

from .sources import FunctionNode
from .values import Live, Made, Named, Nested, Value, class_names, evaluate, of_builtins

#: Inside these, names are others'.
OWN_NAMES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class Scope:
    """The names of one function.

    Args:
        function: The function; for a nested one the function around it.
        node: Its syntax tree.
        outer: The scope around, for a nested function.
        receiver: The object that its first parameter is, if it is a method.
    """

    def __init__(
        self,
        function: FunctionType,
        node: FunctionNode,
        outer: Scope | None = None,
        receiver: Value | None = None,
    ) -> None:
        self.function = function
        self.node = node
        self.outer = outer
        self._bindings = _bindings_in(node)
        self._known: dict[str, Value | None] = {}
        first = [*node.args.posonlyargs, *node.args.args][:1]
        if receiver is not None and first and self._bindings[first[0].arg] == [None]:
            self._known[first[0].arg] = receiver

    def look_up(self, name: str) -> Value | None:
        """Say what a name stands for; None if that is not certain."""
        if name in self._bindings:
            if name not in self._known:
                self._known[name] = None  # for a binding that refers to itself
                self._known[name] = self._bound(self._bindings[name])
            return self._known[name]
        if self.outer is not None:
            return self.outer.look_up(name)
        if name in self.function.__code__.co_freevars:
            closure = closure_of(self.function)
            return Live(closure[name]) if name in closure else None
        namespace = self.function.__globals__
        return Live(namespace[name]) if name in namespace else of_builtins(name)

    def sole_value(self, name: str) -> ast.expr | None:
        """Give the expression that is assigned to a name, if there is one and no more."""
        bound = self._bindings.get(name, ())
        if len(bound) == 1 and isinstance(bound[0], ast.expr):
            return bound[0]
        return None

    def _bound(self, bindings: list[Binding]) -> Value | None:
        """Say what all bindings of a name agree on: one value, or objects of one class."""
        first, *others = map(self._value_of, bindings)
        if not others:
            return first
        classes = {_class_of(value) for value in (first, *others)}
        return first if len(classes) == 1 and None not in classes else None

    def _value_of(self, binding: Binding) -> Value | None:
        if isinstance(binding, str):
            return _imported(binding, self.function)
        if isinstance(binding, ast.FunctionDef | ast.AsyncFunctionDef):
            is_plain = all(map(_leaves_as_it_is, binding.decorator_list))
            return Nested(binding, self) if is_plain else None
        if isinstance(binding, ast.Lambda):
            return Nested(binding, self)
        return None if binding is None else evaluate(binding, self)


def _class_of(value: Value | None) -> str | None:
    return class_names(value.cls)[0] if isinstance(value, Made) else None


#: What a name is bound to: an expression, a nested function, what is imported; None: unknown.
Binding = ast.expr | ast.FunctionDef | ast.AsyncFunctionDef | str | None


def inside(node: ast.AST) -> Iterator[ast.AST]:
    """Give a function's own nodes, without those of functions and classes inside it."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, OWN_NAMES):
            yield from inside(child)


def body_of(node: FunctionNode) -> Iterator[ast.AST]:
    """Give the nodes that run when a function is called."""
    for statement in [node.body] if isinstance(node, ast.Lambda) else node.body:
        yield statement
        if not isinstance(statement, OWN_NAMES):
            yield from inside(statement)


def _bindings_in(node: FunctionNode) -> dict[str, list[Binding]]:
    bindings: dict[str, list[Binding]] = {}
    arguments = node.args
    for argument in (
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        *filter(None, (arguments.vararg, arguments.kwarg)),
    ):
        bindings[argument.arg] = [None]
    others: set[str] = set()
    for child in body_of(node):
        if isinstance(child, ast.Global | ast.Nonlocal):
            others.update(child.names)
        for name, binding in _bindings_by(child):
            bindings.setdefault(name, []).append(binding)
    return {name: bound for name, bound in bindings.items() if name not in others}


def _bindings_by(node: ast.AST) -> Iterator[tuple[str, Binding]]:
    """Give the names that one node binds, each once for the whole function."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        yield from _assigned(node.targets[0], node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield from _assigned(node.target, node.value)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield from _assigned(node.optional_vars, node.context_expr)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0], _module_bound(alias)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            path = ".".join(filter(None, (node.module, alias.name)))
            yield alias.asname or alias.name, "." * node.level + path
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name, node
    elif isinstance(node, ast.ClassDef):
        yield node.name, None
    else:
        yield from _unknown_by(node)


def _unknown_by(node: ast.AST) -> Iterator[tuple[str, Binding]]:
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension | ast.AugAssign):
        targets = [node.target]
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name, None
    for target in targets:
        yield from _assigned(target, None)


def _assigned(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, Binding]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    else:  # what a tuple's parts are is not certain
        for child in ast.walk(target):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                yield child.id, None


def _module_bound(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]


def _imported(name: str, function: FunctionType) -> Value | None:
    """Find what a function will import, if it is loaded; nothing is imported for it."""
    if name.startswith("."):
        try:
            name = importlib.util.resolve_name(name, function.__globals__.get("__package__"))
        except ImportError:
            return None
    if name in sys.modules:
        return Live(sys.modules[name])
    owner, _, member = name.rpartition(".")
    module = sys.modules.get(owner)
    if module is not None and member in vars(module):
        return Live(vars(module)[member])
    return Named(name)


def _leaves_as_it_is(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).endswith("stream_with_context")


def closure_of(function: FunctionType) -> dict[str, t.Any]:
    """Give what a function keeps of the one around it, as far as that is filled in."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    filled: dict[str, t.Any] = {}
    for name, cell in cells:
        with contextlib.suppress(ValueError):  # it is empty
            filled[name] = cell.cell_contents
    return filled
