"""Load on a server: ``wrk`` on a processor core of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

#: So many clients ask at the same time, each again as soon as it has its answer.
CONNECTIONS = 16

_TOTAL = re.compile(r"(\d+) requests in ")
_RATE = re.compile(r"Requests/sec: *([\d.]+)")
_FAILURE = re.compile(r"Non-2xx or 3xx responses|connect [1-9]|timeout [1-9]")


def what_is_missing() -> str | None:
    """Tell why no load can be made here; None if it can."""
    if shutil.which("wrk") is None:
        return "wrk is not installed: apt-get install wrk, or see https://github.com/wg/wrk"
    if not hasattr(os, "sched_setaffinity"):
        return "this system cannot pin a process to a processor core"
    if len(os.sched_getaffinity(0)) < 2:
        return "two processor cores are needed, one for the server and one for wrk"
    return None


def cores() -> tuple[int, int]:
    """Give the core of the servers and the core of ``wrk``."""
    first, *_, last = sorted(os.sched_getaffinity(0))
    return last, first


@contextlib.contextmanager
def pinned(core: int) -> Iterator[None]:
    """Pin this process to a core, and all that it starts meanwhile."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True)
class Load:
    """How many requests were answered, and how many in a second."""

    requests: int
    per_second: float


def ask(port: int, seconds: float, core: int) -> Load:
    """Ask for ``/`` on 127.0.0.1 again and again, for whole seconds.

    Raises:
        ValueError: An answer was an error, or did not come.
    """
    url = f"http://127.0.0.1:{port}/"
    command = [
        "wrk",
        "--threads=1",
        f"--connections={CONNECTIONS}",
        f"--duration={seconds:.0f}s",
        url,
    ]
    with pinned(core):
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    total, rate = _TOTAL.search(said), _RATE.search(said)
    if total is None or rate is None or total[1] == "0" or _FAILURE.search(said):
        raise ValueError(f"Not every request was answered: {said}")
    return Load(int(total[1]), float(rate[1]))
