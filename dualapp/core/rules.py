"""Werkzeug's map and rule, with what costs a large application time put off or noticed.

Benchmarks: ``tests/benchmarks/startup.py`` and ``tests/benchmarks/routing.py``, 10,000 routes.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from werkzeug.routing import Map as BaseMap
from werkzeug.routing import Rule as BaseRule
from werkzeug.routing import RuleFactory

Builder = Callable[..., tuple[str, str]]


class Map(BaseMap):
    """A map that forgets what was found in it when something of it changes.

    Attributes:
        known: What the router keeps of the rules; None after a change.
    """

    known: t.Any = None

    def add(self, rulefactory: RuleFactory) -> None:
        """Add a rule, or several; see werkzeug's."""
        super().add(rulefactory)
        self.known = None


class Rule(BaseRule):
    """A rule that compiles its way to build URLs when the first one is built.

    Werkzeug compiles two functions for each rule, which takes most of the time that adding it
    does, and an application builds URLs for few of its rules.
    """

    _methods: set[str] | None = None

    @property
    def methods(self) -> set[str] | None:
        """The methods that it takes; None for all. A set in its place is a change of the map."""
        return self._methods

    @methods.setter
    def methods(self, methods: set[str] | None) -> None:
        self._methods = methods
        url_map = getattr(self, "map", None)
        if isinstance(url_map, Map):
            url_map.known = None

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        compile_builder: Callable[[bool], Builder] = super()._compile_builder
        if self.defaults:  # a default that its converter refuses is to be told now
            return compile_builder(append_unknown)
        made: list[Builder] = []

        def build(rule: Rule, /, **values: t.Any) -> tuple[str, str]:
            if not made:
                made.append(compile_builder(append_unknown))
            return made[0](rule, **values)

        return build
