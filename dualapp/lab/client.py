"""The load client as the lab sees it: a process that does one job after another."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from .errors import LabError
from .load import Found, Job
from .processes import Processes
from .serving import environment_for
from .wanted import Wanted, get

#: Seconds that answers may still take when a turn's time is up.
PATIENCE = 10.0


class LoadClient:
    """Asks servers, from a process of its own.

    Args:
        processes: Starts and ends it.
        cores: To which it is bound.
        folder: For its log.
    """

    def __init__(self, processes: Processes, cores: list[int], folder: Path) -> None:
        self._log = folder / "client.log"
        self._process = start_module(processes, "load", cores, self._log)

    def ask(
        self,
        port: int,
        request: Wanted,
        *,
        concurrency: int = 1,
        seconds: float = 0,
        patience: float = PATIENCE,
    ) -> Found:
        """Ask a server again and again; with no time given, once on each connection.

        Raises:
            LabError: The client has ended.
        """
        job = Job(
            port=port,
            request=request.on_the_wire().decode("latin-1"),
            concurrency=concurrency,
            seconds=seconds,
            patience=patience,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(asdict(job)) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and so has its output
        line = self._process.stdout.readline()
        if not line:
            raise LabError(f"The load client has ended: {self._log.read_text(errors='replace')}")
        return Found(**json.loads(line))

    def limit(self, processes: Processes, cores: list[int], folder: Path) -> float:
        """Measure how many requests a second it can make, of a server that answers at once.

        The best of some turns counts: whatever else the machine does only makes it slower.

        Args:
            processes: Starts and ends that server.
            cores: To which that is bound.
            folder: For its log.
        """
        log = folder / "responder.log"
        responder = start_module(processes, "responder", cores, log)
        try:
            port = int(said_by(responder, log))
            turns = (self.ask(port, get("/"), concurrency=16, seconds=0.3) for _ in range(4))
            return max(found.per_second for found in turns)
        finally:
            processes.end(responder)


def start_module(
    processes: Processes, name: str, cores: list[int], log: Path, *arguments: str
) -> subprocess.Popen[str]:
    """Start a module of this package as a process."""
    return processes.start(
        [sys.executable, "-m", f"{__package__}.{name}", *arguments],
        cores=cores,
        environment=environment_for(),
        folder=log.parent,
        log=log,
        talks=True,
    )


def client_name() -> str:
    """Name what makes the load, with its versions."""
    parts = [f"dualapp.lab.load on httptools {importlib.metadata.version('httptools')}"]
    if importlib.util.find_spec("uvloop") is not None:
        parts.append(f"uvloop {importlib.metadata.version('uvloop')}")
    return " and ".join(parts)


def said_by(process: subprocess.Popen[str], log: Path) -> str:
    """Wait for the first line of a module that :func:`start_module` has started.

    Raises:
        LabError: It ended without one.
    """
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise LabError(f"A process of the lab did not start: {log.read_text(errors='replace')}")
    return line.strip()
