"""One peer in a process of its own, as a server has it.

In one process peers could disturb each other: threads that one left behind, heaps that the
collector walks through, and code of shared libraries that the interpreter has specialised for the
types of another. Only one child works at a time; the others wait in a read.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection

from .driving import Driver, close_loop
from .peers.site import NotOfferedError

_spawn = multiprocessing.get_context("spawn")


class Peer(t.Protocol):
    """What a child can be given, pickled."""

    def driver(self, workload: t.Any) -> Driver:
        """Make an application for a workload, check its answer, and give what drives it."""


@dataclass(frozen=True)
class Footprint:
    """What a process holds: resident bytes, and objects that the collector tracks."""

    resident: int
    objects: int


class Child:
    """The process of one peer, seen from outside. Leaving the ``with`` block ends it."""

    def __init__(self, peer: Peer) -> None:
        self._connection, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=_work, args=(peer, theirs), daemon=True)
        self._process.start()
        theirs.close()  # so that a child that dies is noticed

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._connection.close()
        self._process.join()

    def prepare(self, workload: object) -> None:
        """Make the peer's application for a workload and check its answer.

        Raises:
            ImportError: The framework is not installed.
            NotOfferedError: It has no ordinary way to do this.
            ValueError: It does not answer as it should.
        """
        self._ask("prepare", workload)

    def run(self, requests: int) -> float:
        """Ask that many times; gives the CPU seconds that all threads took."""
        return t.cast(float, self._ask("run", requests))

    def footprint(self) -> Footprint:
        """Tell what the process holds, after a collection."""
        return t.cast(Footprint, self._ask("footprint"))

    def _ask(self, task: str, *args: object) -> object:
        self._connection.send((task, args))
        result = self._connection.recv()
        if isinstance(result, BaseException):
            raise result
        return result


def prepared(children: Mapping[str, Child], workload: object) -> tuple[dict[str, Child], list[str]]:
    """Prepare all children; give those that can be measured, and why the others cannot."""
    ready, left_out = {}, []
    for row, child in children.items():
        try:
            child.prepare(workload)
            ready[row] = child
        except (ImportError, NotOfferedError) as reason:
            left_out.append(f"{row}: {reason}")
    return ready, left_out


class _Worker:
    """The same, seen from inside."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._driver: Driver | None = None

    def prepare(self, workload: object) -> None:
        self._driver = None
        self._driver = self._peer.driver(workload)
        gc.collect()
        gc.freeze()  # what importing left is not part of a request's cost

    def run(self, requests: int) -> float:
        assert self._driver is not None
        gc.collect()  # each round begins alike
        return self._driver.run(requests)

    def footprint(self) -> Footprint:
        import psutil

        gc.collect()
        return Footprint(psutil.Process().memory_info().rss, len(gc.get_objects()))


def _stay_on_one_core() -> None:
    """Bind this process to one core, as ``served`` binds a worker, where the system can.

    Else the kernel decides anew for each run whether two threads share a core, and waking one on
    another core costs twice as much.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _work(peer: Peer, connection: Connection) -> None:
    _stay_on_one_core()
    worker = _Worker(peer)
    while True:
        try:
            task, args = connection.recv()
        except EOFError:
            close_loop()
            return
        try:
            result = getattr(worker, task)(*args)
        except Exception as error:
            result = error
        connection.send(result)
