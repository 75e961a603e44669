"""What the router has found once: small records that answer the same question again.

Among thousands of routes hardly anything is in the processor's cache, so what counts is how many
objects are looked at: here a record, where following werkzeug's states takes some twenty. The
records hold as long as nothing is added to the map. Benchmark: ``tests/benchmarks/routing.py``.
"""

from __future__ import annotations

import re
import sys
import typing as t
from collections.abc import Callable

from werkzeug.routing import Map, Rule, ValidationError

from . import rules
from .memo import Memo

if t.TYPE_CHECKING:
    from werkzeug.routing.matcher import State

Match = tuple[Rule, dict[str, t.Any]]
#: The methods of a rule, the rule, whether it may lead elsewhere, and the record of the rule that
#: is tried next.
Fixed = tuple[set[str] | None, Rule, bool, t.Any]
#: The same, and between: what matches the part with the variable, the group of that, the name and
#: the converter of the variable.
Open = tuple[
    set[str] | None,
    Rule,
    bool,
    Callable[[str], re.Match[str] | None],
    int,
    str,
    Callable[[str], t.Any],
    t.Any,
]


class KnownRoutes:
    """The routes of one map that have matched, if they are of one of two kinds.

    As many as there are rules at most: clients cannot make up any.

    Attributes:
        fixed: By path, the first of the rules without variables.
        open: By all but the last part of a path, the first of those with one variable, as that
            part.
    """

    def __init__(self) -> None:
        self.fixed: dict[str, Fixed] = {}
        self.open: dict[str, Open] = {}

    def match(self, path: str, method: str) -> Match | None:
        """Give the rule and the values that a path and a method lead to; None if not known.

        Args:
            path: The path as it was sent; only what is ASCII, and so means the same decoded, is
                known.
            method: The method.
        """
        fixed: Fixed | None = self.fixed.get(path)
        while fixed is not None:
            methods, rule, leads_elsewhere, fixed = fixed
            if methods is None or method in methods:
                return None if leads_elsewhere else (rule, {})
        before, _, part = path.rpartition("/")
        record: Open | None = self.open.get(before)
        while record is not None:
            methods, rule, leads_elsewhere, match, group, name, convert, record = record
            if methods is None or method in methods:
                taken = match(part)
                if taken is None or leads_elsewhere or not part.isascii():
                    return None
                try:
                    return rule, {name: convert(taken[group])}
                except ValidationError:
                    return None
        return None

    def note(self, url_map: Map, path: str, variables: int) -> None:
        """Keep what a path has led to, if it is of one of the two kinds.

        Args:
            url_map: The map.
            path: A path that matched.
            variables: How many variables the rule has.
        """
        if not path.isascii():
            return
        before, _, part = path.rpartition("/")
        state = start_of(url_map)
        for text in before.split("/"):
            state = None if state is None else state.static.get(text)
        if state is None:
            return
        if not variables:
            self._note_fixed(url_map, path, state.static[part])
        elif variables == 1 and not state.static and len(state.dynamic) == 1:
            self._note_open(url_map, before, state)

    def _note_fixed(self, url_map: Map, path: str, end: State) -> None:
        if not _tell_of_changes(end.rules):
            return
        record: t.Any = None
        for rule in reversed(end.rules):
            if not rule.websocket:
                record = rule.methods, rule, is_special(rule, url_map), record
        self.fixed[path] = record

    def _note_open(self, url_map: Map, before: str, state: State) -> None:
        [(test, end)] = state.dynamic
        match, groups = compiled[test.content]
        # A slash at the end has a say where it is a part of the test, or may follow it.
        if test.final or test.suffixed or end.static or len(groups) != 1:
            return
        if not _tell_of_changes(end.rules):
            return
        record: t.Any = None
        for rule in reversed(end.rules):
            if not rule.websocket:
                [(name, converter)] = rule._converters.items()
                way = match, groups[0], name, converter.to_python
                record = rule.methods, rule, is_special(rule, url_map), *way, record
        self.open[before] = record


def _tell_of_changes(found: list[Rule]) -> bool:
    """Tell whether what was noted of rules is forgotten when they are changed."""
    ours = rules.Rule
    return all(isinstance(rule, ours) and type(rule).methods is ours.methods for rule in found)


def start_of(url_map: Map) -> State | None:
    """Give the state that paths begin in, where no host or subdomain has a say."""
    return url_map._matcher._root.static.get(url_map.default_subdomain or "")


def is_special(rule: Rule, url_map: Map) -> bool:
    """Tell whether a rule that fits may lead elsewhere."""
    if rule.defaults or rule.alias or rule.redirect_to is not None:
        return True
    rules = url_map._rules_by_endpoint[rule.endpoint]
    return len(rules) > 1 and any(other.defaults for other in rules)


def _compile(content: str) -> tuple[Callable[[str], re.Match[str] | None], tuple[int, ...]]:
    """Give what matches a part with variables, and the groups that hold them, in order."""
    pattern = re.compile(content)
    names = [name for name in pattern.groupindex if name.startswith("__werkzeug_")]
    names.sort(key=lambda name: int(name.removeprefix("__werkzeug_")))
    return pattern.match, tuple(pattern.groupindex[name] for name in names)


#: There are as many as rules have different ones, and clients cannot add any.
compiled = Memo(_compile, limit=sys.maxsize)
