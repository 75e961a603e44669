"""The machine: what it is, and how its cores are shared out."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from .results import Machine

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
