"""One server: started on a free port, looked at, and told about when it fails."""

from __future__ import annotations

import contextlib
import functools
import http.client
import os
import re
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import dualapp

from .errors import LabError
from .processes import Processes
from .setups import Target, Way
from .usage import ProcessTree, Usage

#: Seconds until a server must answer; all of them start together, on a core or some.
START = 60
#: Seconds that one question whether it is ready may take.
ASK = 5
_LOOK = 0.05
#: Asked to find out whether a server answers; hardly a route of anybody's.
_NOWHERE = "/.dualapp-lab/nowhere"

#: Variables that set up servers, or development: each measurement would be another one.
_FOREIGN = re.compile(
    r"(GUNICORN|UVICORN|GRANIAN|HYPERCORN)_.*|WEB_CONCURRENCY|(DUALAPP|FLASK)_(DEBUG|RUN_.*)"
)
_LAST_WORD = re.compile(r"^(?:\[?ERROR\]?:?\s*)?[\w.]*(?:Error|Exception|NotFound)\b.*|^Error: .*")


class Server:
    """A server under which the application runs.

    Args:
        processes: Starts and ends it.
        way: Which server, and how.
        target: What it serves.
        workers: Processes.
        threads: Threads of each worker.
        cores: To which it is bound.
        environment: Of its process.
        folder: An empty folder of its own.
    """

    def __init__(
        self,
        processes: Processes,
        way: Way,
        target: Target,
        *,
        workers: int,
        threads: int,
        cores: list[int],
        environment: Mapping[str, str],
        folder: Path,
    ) -> None:
        self.port = free_port()
        self.workers = workers
        self.threads = threads
        self._name = way.name
        self._log = folder / "log"
        self._deadline = time.monotonic() + START
        bind = [option.format(port=self.port) for option in way.bind]
        own = [*_without_configuration(way, folder), *bind, *way.quiet]
        self._process = processes.start(
            [sys.executable, "-m", way.server, *own, *way.arguments(target, workers, threads)],
            cores=cores,
            environment=environment,
            folder=Path.cwd(),
            log=self._log,
        )

    def wait_until_ready(self, tick: Callable[[], None]) -> None:
        """Wait until it answers.

        Args:
            tick: Called while waiting.

        Raises:
            LabError: It ended, or does not answer.
        """
        while True:
            self.check()
            if self._answers() and self._is_complete(ProcessTree(self._process.pid)):
                return
            if time.monotonic() > self._deadline:
                raise LabError(self._with_log(f"did not answer within {START} s"))
            tick()
            time.sleep(_LOOK)

    def _is_complete(self, tree: ProcessTree) -> bool:
        """Tell whether it is this server that answers, and whether all of its workers are there."""
        # Somebody else may take a port between our looking for a free one and the server's start.
        # A worker is below a process that starts all of them, unless there is but the one.
        return tree.listens_on(self.port) and (self.workers == 1 or tree.size > self.workers)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ASK)
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            contextlib.closing(connection),
        ):
            connection.request("GET", _NOWHERE)
            connection.getresponse().read()
            return True
        return False

    def check(self) -> None:
        """Find out whether it still runs.

        Raises:
            LabError: It does not.
        """
        code = self._process.poll()
        if code is not None:
            raise LabError(self._with_log(f"ended by itself with exit code {code}"))

    def usage(self) -> Usage:
        """Give what it has cost so far; to be asked once it is ready."""
        return self._tree.usage()

    @functools.cached_property
    def _tree(self) -> ProcessTree:
        return ProcessTree(self._process.pid)

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process that started the others."""
        return self._process

    @property
    def port_was_taken(self) -> bool:
        """Whether it failed because somebody else took its port first."""
        return "in use" in self._log.read_text(errors="replace")

    def _with_log(self, what: str) -> str:
        return f"{self._name} {what}: {last_word(self._log.read_text(errors='replace'))}"


def last_word(log: str) -> str:
    """Give the line of a log that says best what went wrong."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if _LAST_WORD.match(line)]
    return (errors or lines or ["it wrote nothing"])[-1]


def free_port() -> int:
    """Give a port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment_for(folder: str | None = None, **more: str) -> dict[str, str]:
    """Make the environment of a process that the lab starts.

    Args:
        folder: Where the application's module is found.
        **more: Further variables.
    """
    kept = {name: value for name, value in os.environ.items() if not _FOREIGN.fullmatch(name)}
    paths = [] if folder is None else [folder]
    home = str(Path(dualapp.__file__).parents[1])
    if home not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        paths.append(home)  # a checkout, found because the lab was started in it
    paths += [path for path in kept.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1", **more}


def _without_configuration(way: Way, folder: Path) -> list[str]:
    """Keep gunicorn from reading the settings of the folder that it starts in."""
    if way.server != "gunicorn":
        return []
    empty = folder / "gunicorn.conf.py"
    empty.touch()
    return [f"--config={empty}"]
