"""Dictionaries that tell when they were changed.

An application's hooks, views and configuration are public dictionaries, and anybody may write to
them. What was worked out of them (:mod:`.plan`) hears of it here, so that no request has to look.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict
from weakref import ref

K = t.TypeVar("K")
V = t.TypeVar("V")


class Hearer(t.Protocol):
    """What can be told of a change."""

    def drop(self) -> None:
        """Forget what was worked out."""


class Hearers:
    """Those who hear of something, each held weakly. Threads may add some while others are told."""

    def __init__(self) -> None:
        self._all: set[ref[t.Any]] = set()

    def add(self, hearer: Hearer) -> None:
        """Tell this one too from now on."""
        self._all.add(ref(hearer, self._all.discard))

    def tell(self) -> None:
        """Tell all of them."""
        for each in self._all.copy():
            hearer = each()
            if hearer is not None:
                hearer.drop()


class Watched(dict[K, V]):
    """A dictionary that tells of each change, right after it."""

    _hearers: Hearers | None = None

    @property
    def hearers(self) -> Hearers:
        """Those who are told."""
        hearers: Hearers = self.__dict__.setdefault("_hearers", Hearers())
        return hearers

    def _changed(self) -> None:
        if self._hearers is not None:
            self._hearers.tell()

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        self._changed()

    def __delitem__(self, key: K) -> None:
        super().__delitem__(key)
        self._changed()

    def __ior__(self, other: t.Any) -> t.Self:  # type: ignore[misc, override]
        self.update(other)
        return self

    def clear(self) -> None:
        super().clear()
        self._changed()

    def pop(self, *args: t.Any) -> t.Any:
        try:
            return super().pop(*args)
        finally:
            self._changed()

    def popitem(self) -> tuple[K, V]:
        try:
            return super().popitem()
        finally:
            self._changed()

    def setdefault(self, *args: t.Any) -> t.Any:
        try:
            return super().setdefault(*args)
        finally:
            self._changed()

    def update(self, *args: t.Any, **kwargs: t.Any) -> None:
        try:
            super().update(*args, **kwargs)
        finally:
            self._changed()

    def __getstate__(self) -> dict[str, t.Any]:
        """Leave out of a copy who hears of the original."""
        return {name: value for name, value in vars(self).items() if name != "_hearers"}


class WatchedLists(Watched[K, list[V]], defaultdict[K, list[V]]):
    """The same with a list for each key, as ``defaultdict(list)`` has it.

    A list may grow unheard; that there is one is told.
    """
