"""From a function to its syntax tree and its place in the source."""

from __future__ import annotations

import ast
import functools
import os
import tokenize
from types import CodeType, FunctionType

from .findings import Place

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@functools.cache
def tree_of(file: str) -> ast.Module | None:
    """Parse a file; None if there is none, or none that parses."""
    try:
        with tokenize.open(file) as source:  # honours the file's own coding line (PEP 263)
            return ast.parse(source.read())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def node_of(function: FunctionType) -> FunctionNode | None:
    """Give a function's part of the syntax tree; None where that is not certain."""
    code = function.__code__
    found = _functions_in(file_of(code)).get((code.co_firstlineno, code.co_name), ())
    return found[0] if len(found) == 1 else None


def place_of(function: FunctionType) -> Place:
    """Say where a function is: at its ``def``, its decorators counting as part of that."""
    code, node = function.__code__, node_of(function)
    first = line = last = code.co_firstlineno
    if node is not None:
        line = last = node.lineno
        if not isinstance(node, ast.Lambda):
            last = max(line, node.body[0].lineno - 1)
    return Place(file_of(code), line, first, last)


def place_in(file: str, node: ast.expr | ast.stmt) -> Place:
    """Say where a piece of code is."""
    return Place(file, node.lineno, node.lineno, node.end_lineno or node.lineno)


def file_of(code: CodeType) -> str:
    """Give the absolute path of the file that code is from."""
    return os.path.abspath(code.co_filename)


@functools.cache
def _functions_in(file: str) -> dict[tuple[int, str], list[FunctionNode]]:
    """List a file's functions by what their code objects know: first line and name."""
    tree = tree_of(file)
    found: dict[tuple[int, str], list[FunctionNode]] = {}
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.Lambda):
            found.setdefault((node.lineno, "<lambda>"), []).append(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            found.setdefault((first, node.name), []).append(node)
    return found
