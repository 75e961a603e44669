"""A cache that is read like a dictionary, which costs a third of a call of a cached function."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

K = t.TypeVar("K")
V = t.TypeVar("V")


#: Characters above which a text is none of those that come again.
LONG = 1024


class Memo(dict[K, V]):
    """The results of a function of one argument: ``memo[argument]``.

    Whatever clients make up must not fill the memory, so it begins anew when it is full, and keeps
    nothing for a long text. Benchmark: ``tests/benchmarks/inprocess.py``.

    Args:
        work_out: The function. An error that it raises is not kept.
        limit: How many results are kept.
    """

    def __init__(self, work_out: Callable[[K], V], limit: int = 512) -> None:
        super().__init__()
        self._work_out = work_out
        self._limit = limit

    def __missing__(self, argument: K) -> V:
        value = self._work_out(argument)
        if isinstance(argument, str | bytes) and len(argument) > LONG:
            return value
        if len(self) >= self._limit:
            self.clear()
        self[argument] = value
        return value
