"""What a server costs: processor time and memory of all its processes."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """CPU seconds so far, and resident bytes now."""

    cpu: float
    memory: int

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.cpu + other.cpu, self.memory + other.memory)


class ProcessTree:
    """A process and all below it.

    They are looked for once, and again when one of them has ended: that takes longer than asking
    them what they use. What one used that has ended is told by the one that waited for it.

    Args:
        pid: Of the first process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._members = self._look()

    def usage(self) -> Usage:
        """Give what all of them use together."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return _sum(self._members)
        self._members = self._look()
        found = Usage(0.0, 0)
        for process in self._members:
            with contextlib.suppress(psutil.NoSuchProcess):  # it ends just now
                found += _usage(process)
        return found

    @property
    def size(self) -> int:
        """How many processes there are."""
        return len(self._members)

    def listens_on(self, port: int) -> bool:
        """Tell whether one of them waits for connections to a port."""
        try:
            return any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
                for process in self._members
                for connection in process.net_connections("tcp")
            )
        except psutil.NoSuchProcess:
            return False

    def _look(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self._pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def _sum(processes: Iterable[psutil.Process]) -> Usage:
    return sum(map(_usage, processes), Usage(0.0, 0))


def _usage(process: psutil.Process) -> Usage:
    times = process.cpu_times()
    # A worker that ended and was replaced must not take its seconds out of the sum.
    ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return Usage(_cpu_seconds(process) + ended, process.memory_info().rss)


def _cpu_seconds(process: psutil.Process) -> float:
    if sys.platform == "linux":
        # psutil counts in ticks of 10 ms, too coarse for a short turn. This is the clock that
        # clock_getcpuclockid(3) gives for a process, see MAKE_PROCESS_CPUCLOCK of the kernel.
        try:
            return time.clock_gettime((~process.pid << 3) | 2)
        except OSError as error:
            raise psutil.NoSuchProcess(process.pid) from error
    times = process.cpu_times()
    return float(times.user + times.system)
