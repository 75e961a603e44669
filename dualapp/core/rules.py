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
    """A map that counts its changes, so that what was found in it may be kept meanwhile.

    Attributes:
        changes: How often something was added, or a rule of it changed.
    """

    changes = 0

    def add(self, rulefactory: RuleFactory) -> None:
        """Add a rule, or several; see werkzeug's."""
        super().add(rulefactory)
        self.changes += 1


class Rule(BaseRule):
    """A rule that compiles its way to build URLs when the first one is built.

    Werkzeug compiles two functions for each rule, which takes most of the time that adding it
    does, and an application builds URLs for few of its rules.
    """

    _methods: set[str] | None = None

    @property
    def methods(self) -> set[str] | None:
        """The methods that it takes; None for all. A set in its place counts as a change."""
        return self._methods

    @methods.setter
    def methods(self, methods: set[str] | None) -> None:
        self._methods = methods
        url_map = getattr(self, "map", None)
        if isinstance(url_map, Map):
            url_map.changes += 1

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
