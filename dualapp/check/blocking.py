"""DA1xx: code that holds up the event loop.

Read is what runs there: async functions, sync ones that are marked nonblocking, and the user's own
functions that they call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import FunctionType

from .application import Part, Registered
from .codes import BLOCKS, BROKEN_PROMISE, NESTED_LOOP
from .findings import Finding, Step
from .known import LOOP_METHODS, Known, find_known
from .layers import function_of, looks_async, name_of_code
from .sources import place_in, place_of
from .values import Value, names_of
from .walk import Site, calls_from

_LOOP_METHOD = Known("", "", "starts an event loop", code=NESTED_LOOP)


@dataclass(frozen=True)
class Root:
    """A function that the event loop runs.

    Attributes:
        function: The function.
        receiver: The object that it is a method of.
        is_marked: It is sync, and marked nonblocking.
    """

    function: FunctionType
    receiver: Value | None
    is_marked: bool


def find(registered: Registered) -> Iterator[Finding]:
    """Find the calls, each once, however many views lead there."""
    found: dict[object, Finding] = {}
    for root in roots_of(registered):
        for site in calls_from(root.function, registered.root, root.receiver):
            known = known_call(site)
            if known is not None:
                found.setdefault(site.node, _finding(site, known, root))
    yield from found.values()


def roots_of(registered: Registered) -> list[Root]:
    """Give the functions that run on the event loop as they are, each once."""
    roots: dict[object, Root] = {}
    for part in registered.parts:
        for root in _roots_in(part):
            roots.setdefault((root.function.__code__, id(root.receiver)), root)
    return list(roots.values())


def _roots_in(part: Part) -> Iterator[Root]:
    if part.runs_on_loop and not part.is_async:
        yield from (Root(function, part.receiver, True) for function in part.functions)
        return
    for layer in part.layers:
        function = function_of(layer)
        if function is not None and looks_async(layer):
            yield Root(function, part.receiver, False)


def known_call(site: Site) -> Known | None:
    """Look up whether a call blocks."""
    if isinstance(site.node.func, ast.Attribute) and site.node.func.attr in LOOP_METHODS:
        return _LOOP_METHOD
    known = find_known(names_of(site.value))
    return None if known is None or _says_not_to_wait(site.node) else known


def _says_not_to_wait(call: ast.Call) -> bool:
    """Tell of ``queue.get(block=False)``, ``event.wait(0)`` and their like."""
    given = [
        *call.args[:1],
        *(each.value for each in call.keywords if each.arg in {"block", "blocking", "timeout"}),
    ]
    return any(isinstance(each, ast.Constant) and each.value in (False, 0) for each in given)


def _finding(site: Site, known: Known, root: Root) -> Finding:
    code = BROKEN_PROMISE if root.is_marked and known.code is BLOCKS else known.code
    return Finding(
        code,
        f"'{ast.unparse(site.node.func)}(…)' {known.does} in {_way_to(site, root)}",
        place_in(site.file, site.node),
        f"Use {known.instead}." if known.instead and code is BLOCKS else "",
        tuple(map(_step, site.chain)),
    )


def _way_to(site: Site, root: Root) -> str:
    first, *others = map(name_of_code, site.chain)
    start = f"{'@nonblocking' if root.is_marked else 'async'} '{first}'"
    callers = [start, *(f"'{name}'" for name in others)][::-1]
    return ", called by ".join(callers)


def _step(function: FunctionType) -> Step:
    return Step(name_of_code(function), place_of(function))
