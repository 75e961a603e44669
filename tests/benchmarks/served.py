"""Requests per second under real servers, one worker on one processor core, beside the peers.

Run it from the root of the repository: ``python -m tests.benchmarks.served``.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..servers import catalogue, launch
from . import load
from .command import add_only, options, publish, tell
from .peers.roster import ASYNC, REFERENCES, ROW_VARIABLE, SYNC, Peer, peer_named
from .table import Column, Table
from .timing import Effort, Figures, in_turns
from .workloads import WORKLOADS, Answer

_ROOT = Path(__file__).parents[2]
_TARGET = f"{__package__}.peers.served:app"
_HELLO = WORKLOADS[0]

_WSGI_ROWS = (f"Falcon, {SYNC}", f"Flask, {SYNC}", f"dualapp, {SYNC}", f"dualapp, {ASYNC}")
_ASGI_ROWS = (f"Starlette, {ASYNC}", f"Quart, {ASYNC}", f"dualapp, {ASYNC}")

#: Which rows of the roster each server serves, by the server's name in ``tests/servers``.
_SERVED = {
    "gunicorn sync": ("raw callable", *_WSGI_ROWS),
    "uvicorn httptools": (
        "raw callable",
        f"Falcon, {ASYNC}",
        *_ASGI_ROWS,
        f"Starlette, {SYNC}",
        f"dualapp, {SYNC}",
        f"Flask by a2wsgi, {SYNC}",
    ),
    "hypercorn": _ASGI_ROWS,
    "granian asgi": _ASGI_ROWS,
    "granian wsgi": _WSGI_ROWS,
}

#: A line of log for each request would be measured, too; only uvicorn writes one unasked.
_QUIET = {"uvicorn httptools": ("--no-access-log", "--log-level=warning")}

_NOTE = (
    f"hello, one worker on one core, {load.CONNECTIONS} connections of wrk on another; median of"
    " the rounds;\nratio: to the reference under the same server in the same round ("
    + "; ".join(REFERENCES.values())
    + ")"
)


@dataclass(frozen=True)
class Row:
    """A row of the roster under one server."""

    server: catalogue.Server
    peer: Peer

    def __str__(self) -> str:
        return f"{self.server.name}: {str(self.peer).partition(', ')[2]}"

    @property
    def reference(self) -> str:
        return str(Row(self.server, peer_named(REFERENCES[self.peer.side])))


def _rows_of(server_name: str, peer_names: Sequence[str]) -> Iterator[Row]:
    server = catalogue.BY_NAME[server_name]
    for name in peer_names:
        yield Row(server, peer_named(f"{server.interface.upper()}, {name}"))


_BY_SERVER = {name: tuple(_rows_of(name, peers)) for name, peers in _SERVED.items()}

COLUMNS = ("requests", "cpu")
ROWS = tuple(str(row) for rows in _BY_SERVER.values() for row in rows)


_QUICK = Effort(rounds=2, seconds=1)
_FULL = Effort(rounds=5, seconds=2)


def main() -> None:
    """Measure what the command line asks for, and print it."""
    parser = options("served", __doc__)
    add_only(parser)
    arguments = parser.parse_args()
    missing = load.what_is_missing()
    if missing is not None:
        sys.exit(missing)
    measured = _Measured()
    for rows in _BY_SERVER.values():
        chosen = [row for row in rows if _is_chosen(row, arguments.only)]
        measured.add(chosen, _QUICK if arguments.quick else _FULL)
    publish(measured.table(), arguments)


def _is_chosen(row: Row, words: Sequence[str]) -> bool:
    return not words or any(word.lower() in str(row).lower() for word in words)


class _Measured:
    """What was measured so far."""

    def __init__(self) -> None:
        self._rates: dict[str, Figures] = {}
        self._costs: dict[str, Figures] = {}
        self._references: dict[str, str] = {}
        self._left_out: list[str] = []

    def table(self) -> Table:
        """Give all of it."""
        columns = [
            Column("requests", "throughput", "requests/s", self._rates, self._references),
            Column("cpu", "cost", "CPU µs", self._costs, self._references),
        ]
        return Table("served", _NOTE, columns, self._left_out)

    def add(self, rows: Sequence[Row], effort: Effort) -> None:
        """Start rows of one server, all at once, and load them in turns."""
        with contextlib.ExitStack() as stack:
            running: dict[str, launch.Running] = {}
            for row in rows:
                reason = _why_not(row)
                if reason is None:
                    tell(f"starting {row}")
                    running[str(row)] = stack.enter_context(_running(row))
                    self._references[str(row)] = row.reference
                else:
                    self._left_out.append(f"{row}: {reason}")
            self._measure(running, effort)

    def _measure(self, running: Mapping[str, launch.Running], effort: Effort) -> None:
        for row, server in running.items():
            self._rates[row], self._costs[row] = Figures(), Figures()
            _load(server, effort.seconds)  # to warm up
        for number, row in in_turns(running, effort.rounds):
            tell(f"round {number}: {row}")
            rate, cost = _load(running[row], effort.seconds)
            self._rates[row].rounds.append(rate)
            self._costs[row].rounds.append(cost)


def _why_not(row: Row) -> Exception | None:
    """Tell what is not installed that a row needs."""
    try:
        _ = row.server.version
        row.peer.site()
    except (importlib.metadata.PackageNotFoundError, ImportError) as reason:
        return reason
    return None


@contextlib.contextmanager
def _running(row: Row) -> Iterator[launch.Running]:
    """Start a server on its core, and check what it answers."""
    server_core, _ = load.cores()
    quiet = _QUIET.get(row.server.name, ())
    environment = {"PYTHONPATH": str(_ROOT), ROW_VARIABLE: str(row.peer)}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with load.pinned(server_core):
            server = stack.enter_context(
                launch.running(
                    lambda port: row.server.serve(_TARGET, port, *quiet), folder, **environment
                )
            )
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/") as response:
            answer = Answer.read(response.status, response.headers.items(), response.read())
        if answer != _HELLO.wanted:
            raise ValueError(f"{row} answered {answer}, and {_HELLO.wanted} is wanted.")
        yield server


def _load(server: launch.Running, seconds: float) -> tuple[float, float]:
    """Give the requests per second that were answered, and the CPU µs of one."""
    _, load_core = load.cores()
    before = _cpu_seconds(server.process.pid)
    done = load.ask(server.port, seconds, load_core)
    used = _cpu_seconds(server.process.pid) - before
    return done.per_second, used / done.requests * 1e6


def _cpu_seconds(pid: int) -> float:
    """Tell what a process and its children have used so far."""
    import psutil

    process = psutil.Process(pid)
    times = [p.cpu_times() for p in (process, *process.children(recursive=True))]
    return float(sum(t.user + t.system for t in times))


if __name__ == "__main__":
    main()
