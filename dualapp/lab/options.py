"""What the user asked for."""

from __future__ import annotations

from dataclasses import dataclass

from .setups import EventLoop, Way
from .wanted import Wanted

PACKAGED = "dualapp.lab.app:app"


@dataclass(frozen=True, kw_only=True)
class Options:
    """A comparison to be made.

    Attributes:
        app: ``module:app``.
        requests: What to ask; empty: what the application offers.
        ways: The servers.
        event_loops: Kinds of ``WSGI_EVENT_LOOP`` to compare; empty: the application's own.
        concurrency: Requests under way at once, rising.
        workers: Processes of each server.
        threads: Threads of each worker, where the server has such.
        rounds: How often each figure is measured.
        seconds: How long the load takes in all; shared out among the turns.
    """

    app: str
    requests: list[Wanted]
    ways: list[Way]
    event_loops: tuple[EventLoop, ...]
    concurrency: list[int]
    workers: int
    threads: int
    rounds: int
    seconds: float
