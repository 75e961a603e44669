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

from werkzeug.routing import Map, Rule

from .memo import Memo

if t.TYPE_CHECKING:
    from werkzeug.routing.matcher import State

Match = tuple[Rule, dict[str, t.Any]]
#: A rule, and whether it may lead elsewhere.
Fixed = tuple[Rule, bool]
#: The same, and the name and the converter of the one variable.
Open = tuple[Rule, bool, str, Callable[[str], t.Any]]
#: Matches a part of a path with one variable, the group of that, and the rules.
OpenEnd = tuple[Callable[[str], re.Match[str] | None], int, list[Open]]


class KnownRoutes:
    """The routes of one map that have matched, if they are of one of two kinds.

    As many as there are rules at most: clients cannot make up any.

    Attributes:
        fixed: By path, the rules without variables.
        open: By all but the last part of a path, the rules with one variable, as that part.
    """

    def __init__(self) -> None:
        self.fixed: dict[str, list[Fixed]] = {}
        self.open: dict[str, OpenEnd] = {}

    def fixed_match(self, path: str, method: str) -> Match | None:
        """Give the rule at the end of a known path; None if werkzeug is to be asked."""
        for rule, leads_elsewhere in self.fixed[path]:
            if rule.methods is None or method in rule.methods:
                return None if leads_elsewhere else (rule, {})
        return None

    def open_match(self, path: str, method: str) -> Match | None:
        """Give the rule with one variable at the end; None if there is none, or another way.

        Raises:
            werkzeug.routing.ValidationError: The converter refuses the text.
        """
        before, _, part = path.rpartition("/")
        known = self.open.get(before)
        if known is not None:
            match, group, rules = known
            taken = match(part)
            if taken is not None:
                for rule, leads_elsewhere, name, convert in rules:
                    if rule.methods is None or method in rule.methods:
                        return None if leads_elsewhere else (rule, {name: convert(taken[group])})
        return None

    def note(self, url_map: Map, path: str, variables: int) -> None:
        """Keep what a path has led to, if it is of one of the two kinds.

        Args:
            url_map: The map.
            path: A path that matched.
            variables: How many variables the rule has.
        """
        before, _, part = path.rpartition("/")
        state = start_of(url_map)
        for text in before.split("/"):
            state = None if state is None else state.static.get(text)
        if state is None:
            return
        if not variables:
            rules = state.static[part].rules
            self.fixed[path] = [(r, is_special(r, url_map)) for r in rules if not r.websocket]
        elif variables == 1 and not state.static and len(state.dynamic) == 1:
            self._note_open(url_map, before, state)

    def _note_open(self, url_map: Map, before: str, state: State) -> None:
        [(test, end)] = state.dynamic
        match, groups = compiled[test.content]
        # A slash at the end has a say where it is a part of the test, or may follow it.
        if test.final or test.suffixed or end.static or len(groups) != 1:
            return
        rules: list[Open] = []
        for rule in end.rules:
            if not rule.websocket:
                [(name, converter)] = rule._converters.items()
                rules.append((rule, is_special(rule, url_map), name, converter.to_python))
        self.open[before] = match, groups[0], rules


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
