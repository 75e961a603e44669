"""The machine: what it is, and how its cores are shared out."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import resource
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from .errors import BadInputError
from .results import Machine

#: Files that a process with many connections has open beside them.
_OTHER_FILES = 64

#: What takes part in every run, beside the servers.
_ALWAYS = ("dualapp", "werkzeug", "httptools", "uvloop", "psutil")


def describe_machine(servers: Iterable[str]) -> Machine:
    """Describe this machine.

    Args:
        servers: Distributions whose versions are told.
    """
    return Machine(
        processor=_processor(),
        cores=len(usable_cores()) or os.cpu_count() or 1,
        memory=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages=_versions([*_ALWAYS, *servers]),
    )


def usable_cores() -> list[int]:
    """Give the numbers of the cores that this process may use; empty if that cannot be known."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def share_out(cores: list[int]) -> tuple[list[int], list[int]]:
    """Give the servers' cores and the client's; both empty where they must share all.

    The client is one process and needs one core; the servers get all the others.
    """
    return (cores[:-1], cores[-1:]) if len(cores) > 1 else ([], [])


def make_room_for(connections: int) -> None:
    """Let this process, and those that it starts, have so many connections open.

    Raises:
        BadInputError: They may not.
    """
    needed = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (ValueError, OSError):
        raise BadInputError(
            f"{connections} requests at once need {needed} open files, and a process may have"
            f" {soft} here. Raise that with: ulimit -n {needed}, or ask for fewer: --concurrency"
        ) from None


@contextlib.contextmanager
def bound_to(cores: list[int]) -> Iterator[None]:
    """Bind what is started meanwhile to some cores; no cores: to none in particular."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _versions(names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in dict.fromkeys(names):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
