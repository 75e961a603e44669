"""The calls that a function makes, and those that the user's own functions make for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType

from ..sides.usercode import is_users
from .returned import streams_of
from .scopes import Scope, body_of
from .sources import FunctionNode, file_of, node_of
from .values import Nested, Value, evaluate, function_in

#: The most functions on the way to a call, the first one included.
DEPTH = 3


@dataclass(frozen=True, eq=False)
class Site:
    """A call in the source.

    Attributes:
        node: Its syntax tree.
        value: What is called; None if that is not certain.
        scope: The names around it.
        chain: The functions that lead there, from the first one on.
    """

    node: ast.Call
    value: Value | None
    scope: Scope
    chain: tuple[FunctionType, ...]

    @property
    def file(self) -> str:
        """The file that it is in."""
        return file_of(self.scope.function.__code__)


def calls_from(
    function: FunctionType, root: str | None, receiver: Value | None = None
) -> Iterator[Site]:
    """Give the calls that run when a function is called, or awaited.

    Functions of the user's own are followed where they are called. One that is only handed on, say
    to ``asyncio.to_thread``, is not: who knows where it runs.

    Args:
        function: Where to begin.
        root: The folder of the application.
        receiver: The object that it is a method of.
    """
    yield from _Walk(root).through(function, receiver, ())


class _Walk:
    def __init__(self, root: str | None) -> None:
        self._root = root
        self._seen: set[CodeType] = set()
        self._seen_nodes: set[FunctionNode] = set()

    def through(
        self, function: FunctionType, receiver: Value | None, chain: tuple[FunctionType, ...]
    ) -> Iterator[Site]:
        code = function.__code__
        if code in self._seen or len(chain) == DEPTH or not is_users(code.co_filename, self._root):
            return
        self._seen.add(code)
        node = node_of(function)
        if node is not None:
            yield from self._calls_in(Scope(function, node, receiver=receiver), (*chain, function))

    def _calls_in(self, scope: Scope, chain: tuple[FunctionType, ...]) -> Iterator[Site]:
        # A sync generator that is the response is stepped in worker threads.
        elsewhere = [each.node for each in streams_of(scope) if each.colour == "sync"]
        for node in body_of(scope.node):
            if isinstance(node, ast.AsyncFunctionDef):  # wherever it is called, a loop runs it
                yield from self._calls_in(Scope(scope.function, node, scope), chain)
            elif isinstance(node, ast.Call):
                value = evaluate(node.func, scope)
                yield Site(node, value, scope, chain)
                if node not in elsewhere:
                    yield from self._calls_behind(value, chain)

    def _calls_behind(self, value: Value | None, chain: tuple[FunctionType, ...]) -> Iterator[Site]:
        if isinstance(value, Nested):
            is_async = isinstance(value.node, ast.AsyncFunctionDef)
            if not is_async and value.node not in self._seen_nodes:
                self._seen_nodes.add(value.node)
                yield from self._calls_in(
                    Scope(value.scope.function, value.node, value.scope), chain
                )
            return
        called = function_in(value)
        if called is not None:
            yield from self.through(*called, chain)
