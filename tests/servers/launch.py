"""Starts a server as a process of its own, and always ends it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from . import wire

APPS = Path(__file__).parent / "apps"

#: Seconds until a server must answer; two cores may be busy with other things.
START = 30
#: Seconds that a server may take to end.
END = 15

#: Port to command line.
Command = Callable[[int], list[str]]
#: What the fixture ``serve`` gives.
Serve = Callable[..., contextlib.AbstractContextManager["Running"]]


class Running:
    """A server that answers on a port of 127.0.0.1."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
        self.process = process
        self.port = port
        self._folder = folder

    def ask(
        self,
        request: wire.Request | str,
        name: str = "-",
        patience: float = wire.PATIENCE,
        pause: float = 0,
    ) -> wire.Answer:
        """Send a request, or GET a path; see :func:`wire.ask`."""
        if isinstance(request, str):
            request = wire.Request("GET", request)
        return wire.ask(self.port, request, name, patience, pause)

    @property
    def log(self) -> str:
        """All that the server wrote so far."""
        return log_file(self._folder).read_text(errors="replace")

    @property
    def journal(self) -> list[str]:
        """What the application noted, without the process ids."""
        return [line.partition(" ")[2] for line in self._journal_lines()]

    @property
    def journal_by_process(self) -> dict[str, list[str]]:
        """What the application noted in each process."""
        notes: dict[str, list[str]] = {}
        for line in self._journal_lines():
            pid, _, what = line.partition(" ")
            notes.setdefault(pid, []).append(what)
        return notes

    def _journal_lines(self) -> list[str]:
        file = journal_file(self._folder)
        return file.read_text().splitlines() if file.exists() else []

    def wait_for_note(self, what: str, times: int = 1) -> None:
        """Wait until the application has noted something."""
        deadline = time.monotonic() + wire.PATIENCE
        while self.journal.count(what) < times:
            assert time.monotonic() < deadline, f"{what!r} not in {self.journal}\n{self.log}"
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask the server to end; give its exit code.

        Raises:
            subprocess.TimeoutExpired: It did not.
        """
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(END)


@contextlib.contextmanager
def running(
    command: Command, folder: Path, *, ready: str = "/", **environment: str
) -> Iterator[Running]:
    """Start a server, in a process group of its own, and end the whole group afterwards.

    Args:
        command: Makes the command line for a port.
        folder: Where its log and the application's journal are kept.
        ready: The path that is asked until it is answered.
        **environment: Further environment variables.

    Raises:
        AssertionError: It does not answer; with its log.
    """
    port = free_port()
    with log_file(folder).open("wb") as log:
        process = subprocess.Popen(
            command(port),
            cwd=APPS,
            env=_environment(folder, environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Running(process, port, folder)
    try:
        _wait_until_ready(server, ready)
        yield server
    except BaseException:
        print(f"--- log of {' '.join(command(port))}\n{server.log}\n---")
        raise
    finally:
        _end_group(process)


def free_port() -> int:
    """Give a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def log_file(folder: Path) -> Path:
    return folder / "server.log"


def journal_file(folder: Path) -> Path:
    return folder / "journal"


def _environment(folder: Path, more: dict[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DUALAPP_", "FLASK_", "GUNICORN_", "UVICORN_", "GRANIAN_"))
        and name != "WEB_CONCURRENCY"
    }
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "default::ResourceWarning,default::RuntimeWarning",
        "DUALAPP_TEST_JOURNAL": str(journal_file(folder)),
        **more,
    }


def _wait_until_ready(server: Running, path: str) -> None:
    deadline = time.monotonic() + START
    while True:
        with contextlib.suppress(OSError, AssertionError):
            server.ask(path)
            return
        code = server.process.poll()
        assert code is None, f"the server ended with exit code {code}"
        assert time.monotonic() < deadline, f"the server did not answer within {START} s"
        time.sleep(0.05)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the group; the process was its first member and gave it its number."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
