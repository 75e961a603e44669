"""What a server costs: processor time and memory of all its processes."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Usage:
    """CPU seconds so far, and resident bytes now, of a process and all below it."""

    cpu: float
    memory: int


def usage_of(pid: int) -> Usage:
    """Look at a process and all its descendants; those that end meanwhile are left out."""
    cpu, memory = 0.0, 0
    for process in _tree(pid):
        try:
            memory += process.memory_info().rss
            cpu += _cpu_seconds(process)
        except (psutil.Error, OSError):
            continue
    return Usage(cpu, memory)


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _cpu_seconds(process: psutil.Process) -> float:
    if sys.platform == "linux":
        # psutil counts in ticks of 10 ms, too coarse for a short turn. This is the clock that
        # clock_getcpuclockid(3) gives for a process, see MAKE_PROCESS_CPUCLOCK of the kernel.
        return time.clock_gettime((~process.pid << 3) | 2)
    times = process.cpu_times()
    return times.user + times.system
