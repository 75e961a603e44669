"""Where the time of a request goes in dualapp: the share of each phase, by sampling.

A timer of the operating system interrupts the process a thousand times per CPU second, and what
runs then is noted by its file. So each phase is seen among the others, where it takes longer than
alone. No goals are held against it.

Run it from the root of the repository: ``python -m tests.benchmarks.phases``.
"""

from __future__ import annotations

import signal
import typing as t
from collections import Counter
from pathlib import Path
from types import FrameType

from .command import options, publish, tell
from .driving import Driver
from .peers.roster import ASYNC, SYNC, peers_named
from .table import Column, Table
from .timing import Figures
from .workloads import WORKLOADS

#: What files belong to a phase; the first that fits counts.
PHASES = {
    "benchmark and view": ("tests/benchmarks/",),
    "server's call, side": ("sides/wsgi.py", "sides/asgi.py", "sides/client.py", "sides/entry.py"),
    "scope to environ": ("sides/environ.py", "sides/headers.py"),
    "body": ("sides/body.py", "sides/inbox.py"),
    "request, context": ("/ctx.py", "/globals.py", "/wrappers.py", "/late.py", "dualapp/app.py"),
    "routing": ("/routing.py", "/knownroutes.py"),
    "lifecycle": ("/lifecycle.py", "/calls.py", "/drivers.py", "/colour.py", "/placement.py"),
    "response": ("/returns.py", "/answer.py"),
    "JSON": ("/json/",),
    "event loop": ("/asyncio/", "/lazyloop.py", "/loops.py", "/bridges.py", "weakref"),
    "other dualapp": ("/dualapp/",),
    "werkzeug": ("/werkzeug/",),
    "rest": ("",),
}
ROWS = {
    "WSGI sync": f"WSGI, dualapp, {SYNC}",
    "WSGI async": f"WSGI, dualapp, {ASYNC}",
    "ASGI async": f"ASGI, dualapp, {ASYNC}",
}
_INTERVAL = 0.001
_REQUESTS = 200
_NOTE = (
    "CPU µs of each phase of one request: its share of the samples, times what the request took.\n"
    "Of sync hooks on WSGI, async ones on ASGI; threads are not sampled."
)


class Samples:
    """Counts which phase runs whenever the timer fires."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __enter__(self) -> t.Self:
        signal.signal(signal.SIGPROF, self._note)
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
        return self

    def __exit__(self, *exc_info: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _note(self, number: int, frame: FrameType | None) -> None:
        file = "" if frame is None else Path(frame.f_code.co_filename).as_posix()
        self.seen[_phase_of(file)] += 1


def _phase_of(file: str) -> str:
    return next(phase for phase, parts in PHASES.items() if any(part in file for part in parts))


def main() -> None:
    """Measure all workloads, and print a column for each kind of view and workload."""
    parser = options("phases", __doc__)
    arguments = parser.parse_args()
    seconds = 1.0 if arguments.quick else 10.0
    columns = []
    for workload in WORKLOADS:
        for kind, row in ROWS.items():
            name = f"{workload.name.split('_')[0]}, {kind}"
            tell(name)
            [peer] = [peer for peer in peers_named([row]) if str(peer) == row]
            columns.append(_column(name, peer.driver(workload), seconds))
    publish(Table("phases", _NOTE, columns), arguments)


def _column(name: str, driver: Driver, seconds: float) -> Column:
    driver.run(_REQUESTS)
    taken, requests = 0.0, 0
    with Samples() as samples:
        while taken < seconds:
            taken += driver.run(_REQUESTS)
            requests += _REQUESTS
    one = taken / requests * 1e6
    total = samples.seen.total()
    figures = {phase: Figures([one * samples.seen[phase] / total]) for phase in PHASES}
    figures["all"] = Figures([one])
    return Column(name, name, "CPU µs", figures)


if __name__ == "__main__":
    main()
