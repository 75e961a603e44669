"""The replicas of the example ``deploy``, as processes that can be ended and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..servers.launch import free_port
from .deploy_client import Client
from .deploy_launch import DEPLOY, Launch, container_launch, systemd_launch
from .patience import PATIENCE, wait_until

#: What systemd does before it becomes the service: the socket it holds is number 3.
_AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass
class Replica:
    """A server with the notes, that can be ended and started again on the same port.

    Attributes:
        name: What it calls itself in ``X-Served-By``.
        port: Where it listens, on 127.0.0.1.
        launch: How it is started.
        log: The file it writes to.
        held: The socket that systemd would keep open; without, it opens one itself.
    """

    name: str
    port: int
    launch: Launch
    log: Path
    settings: dict[str, str]
    held: socket.socket | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, in a process group of its own."""
        arguments = [sys.executable, "-m", *self.launch.command]
        handed: tuple[int, ...] = ()
        if self.held is not None:
            handed = (self.held.fileno(),)
            arguments = [sys.executable, "-c", _AS_SYSTEMD, str(handed[0]), *arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                arguments,
                cwd=DEPLOY,
                env={**clean_environment(), **self.settings, **self.launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=handed,
            )

    def wait_until_ready(self) -> None:
        """Wait until it wants requests.

        Raises:
            AssertionError: It has ended, or does not become ready.
        """
        wait_until(self._is_ready, f"{self.name} is ready")

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"{self.name} has ended\n{self.text}"
        return self.health("ready") == 200

    def health(self, what: str) -> int | None:
        """Ask ``/health/…``, past nginx; give the status, or nothing if nobody answers."""
        with contextlib.suppress(OSError), Client(self.port) as client:
            return client.call("GET", f"/health/{what}").status
        return None

    @property
    def text(self) -> str:
        """All that it has written."""
        return self.log.read_text(errors="replace")

    def wait_to_note(self, what: str, times: int = 1) -> None:
        """Wait until something is in its log."""
        wait_until(lambda: self.text.count(what) >= times, f"{self.name} notes {what!r}")

    @property
    def drain_file(self) -> Path:
        return Path(self.launch.environment["NOTES_DRAIN_FILE"])

    def terminate(self) -> None:
        """Send SIGTERM to the main process, as systemd and container engines do."""
        assert self.process is not None
        self.process.terminate()

    def wait(self) -> int:
        """Wait for its end; give the exit code."""
        assert self.process is not None
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it and all its workers on the spot."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def clean_environment() -> dict[str, str]:
    """Give this process's environment without what would configure a server."""
    prefixes = ("DUALAPP_", "FLASK_", "GUNICORN_", "NOTES_", "UVICORN_", "WEB_CONCURRENCY")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def listening_socket() -> socket.socket:
    """Make a socket such as the units with ``.socket`` describe."""
    listener = socket.socket()
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    return listener


@contextlib.contextmanager
def replicas(folder: Path, settings: dict[str, str]) -> Iterator[list[Replica]]:
    """Start two replicas as systemd does and two as containers do; end them in any case.

    Gives them in the order of ``upstreams.conf``.
    """
    run = folder / "run"
    started: list[Replica] = []
    with contextlib.ExitStack() as stack:
        for server in ("gunicorn", "uvicorn"):
            held = stack.enter_context(listening_socket())
            port = held.getsockname()[1]
            launch = systemd_launch(server, port, run)
            Path(launch.environment["NOTES_DRAIN_FILE"]).parent.mkdir(parents=True)
            name, log = launch.environment["NOTES_INSTANCE"], folder / f"{server}-systemd.log"
            started.append(Replica(name, port, launch, log, settings, held))

            port, name = free_port(), f"{server}-2"
            launch, log = container_launch(name, port, run), folder / f"{name}.log"
            started.append(Replica(name, port, launch, log, settings))
        for replica in started:
            stack.callback(replica.kill)
            replica.start()
        try:
            for replica in started:
                replica.wait_until_ready()
        except BaseException:
            for replica in started:
                print(f"--- log of {replica.name}\n{replica.text}\n---")
            raise
        yield started
