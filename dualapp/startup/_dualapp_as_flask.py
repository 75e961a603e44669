"""Waits for the first import of ``flask`` and lets it lead to dualapp; the standard library only.

It is imported before pytest is, which would warn that it comes too late: PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys


class _FirstImport(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Install dualapp's own finder in this one's place, and let that answer."""
        if fullname.partition(".")[0] != "flask":
            return None
        sys.meta_path.remove(self)
        from dualapp.alias import place_finder

        return place_finder().find_spec(fullname)


def watch() -> None:
    """Begin to wait; called once, when the interpreter starts."""
    sys.meta_path.insert(0, _FirstImport())
