"""What a server costs: processor time and memory of all its processes."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """CPU seconds so far, and resident bytes now."""

    cpu: float
    memory: int


class ProcessTree:
    """A process and all below it.

    They are looked for once, and again when one of them has ended: that takes longer than asking
    them what they use.

    Args:
        pid: Of the first process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._members = self._look()

    def usage(self) -> Usage:
        """Give what all of them use together."""
        try:
            return self._sum()
        except psutil.NoSuchProcess:
            self._members = self._look()
            return self._sum()

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

    def _sum(self) -> Usage:
        cpu, memory = 0.0, 0
        for process in self._members:
            memory += process.memory_info().rss
            cpu += _cpu_seconds(process)
        return Usage(cpu, memory)

    def _look(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self._pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


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
