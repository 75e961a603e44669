"""Starts gunicorn and uvicorn on free ports of this machine, and always ends them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import dualapp

from .client import ask
from .measured import Served
from .probes import Kind, Probe
from .progress import Progress

APP = "dualapp.demo.app:app"
READY = Probe("whether it is ready", Kind.COMPUTES, "/")

#: Seconds that a server may take to start, and to end when told so.
START = 20
END = 5
LOOK = 0.05

#: Settings of the servers in the environment, which would make each demo another one.
_FOREIGN = ("GUNICORN_", "UVICORN_", "DUALAPP_", "FLASK_", "WEB_CONCURRENCY")


class ServerError(Exception):
    """A server is missing, did not start or does not answer; the message says what to do."""


class Server:
    """A server in a process group of its own, so that its workers end with it.

    Args:
        served: What it is.
        options: Its command line after the port.
        folder: An empty folder to run in: servers read settings where they are started.
    """

    def __init__(self, served: Served, options: Callable[[int], list[str]], folder: Path) -> None:
        self.served = served
        self.port = _free_port()
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", served.name, *options(self.port), APP],
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the demo, which ends its servers itself
            )

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self, tick: Callable[[], None]) -> None:
        """Wait until it answers.

        Args:
            tick: Called while waiting.

        Raises:
            ServerError: It ended or does not answer.
        """
        deadline = time.monotonic() + START
        while True:
            self.check()
            with contextlib.suppress(OSError):
                ask(self.port, READY)
                return
            if time.monotonic() > deadline:
                raise ServerError(self.with_log(f"did not answer within {START} s"))
            tick()
            time.sleep(LOOK)

    def check(self) -> None:
        """Find out whether it still runs.

        Raises:
            ServerError: It does not.
        """
        code = self._process.poll()
        if code is not None:
            raise ServerError(self.with_log(f"ended by itself with exit code {code}"))

    def tell_to_end(self) -> None:
        """Ask it to end, without waiting."""
        if self._process.poll() is None:
            self._process.terminate()

    def end(self, tick: Callable[[], None]) -> None:
        """Wait until it has ended; make it, and what is left of its workers, if it does not."""
        deadline = time.monotonic() + END
        try:
            while self._process.poll() is None and time.monotonic() < deadline:
                tick()
                time.sleep(LOOK)
        finally:
            _kill_group(self._process)

    def with_log(self, what: str) -> str:
        """Make a message of what happened and of what the server wrote last."""
        lines = self._log.read_text(errors="replace").splitlines()[-40:]
        said = "\n  ".join(lines) or "(nothing)"
        return f"{self.served.name} {what}. The last that it wrote:\n  {said}"


@contextlib.contextmanager
def both(workers: int, progress: Progress) -> Iterator[tuple[Server, Server]]:
    """Start gunicorn and uvicorn; end them, whatever happens.

    Args:
        workers: Of gunicorn; uvicorn is one process.
        progress: Told what takes time.

    Raises:
        ServerError: One did not start.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dualapp-demo-"))
        servers: list[Server] = []
        stack.callback(_end_all, servers, progress)
        for served, options in (
            (Served("gunicorn", "WSGI", workers), _gunicorn_options(workers)),
            (Served("uvicorn", "ASGI", 1), _uvicorn_options),
        ):
            own = Path(folder, served.name)
            own.mkdir()
            servers.append(Server(served, options, own))
        for server in servers:
            progress.begin(f"Starting {server.served.name}")
            server.wait_until_ready(progress.go_on)
        yield servers[0], servers[1]


def check_installed() -> None:
    """Find out whether this machine can run both servers.

    Raises:
        ServerError: It cannot.
    """
    if os.name == "nt":
        raise ServerError("gunicorn does not run on Windows. Run the demo in WSL, or on Linux.")
    missing = [name for name in ("gunicorn", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise ServerError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed for"
            f" {sys.executable}. Install the servers: pip install 'dualapp[servers]'"
        )


def _end_all(servers: list[Server], progress: Progress) -> None:
    progress.begin("Ending the servers")
    with contextlib.ExitStack() as stack:  # each is ended, even if waiting for one is broken off
        for server in servers:
            stack.callback(server.end, progress.go_on)
            server.tell_to_end()
    progress.clear()


def _gunicorn_options(workers: int) -> Callable[[int], list[str]]:
    return lambda port: [
        "--worker-class=sync",
        f"--workers={workers}",
        f"--bind=127.0.0.1:{port}",
        "--log-level=warning",
    ]


def _uvicorn_options(port: int) -> list[str]:
    return ["--host=127.0.0.1", f"--port={port}", "--log-level=warning"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return t.cast(int, probe.getsockname()[1])


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    paths = kept.get("PYTHONPATH", "").split(os.pathsep)
    home = str(Path(dualapp.__file__).parents[1])
    if home not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        paths.insert(0, home)  # a checkout, found because the demo was started in it
    # The servers are started in another folder, where a relative path leads elsewhere.
    absolute = [str(Path(path).absolute()) for path in paths if path]
    return {**kept, "PYTHONPATH": os.pathsep.join(absolute), "PYTHONUNBUFFERED": "1"}


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # The first process of the group gave it its number; workers may have outlived it.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
