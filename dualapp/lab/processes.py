"""The processes of a run, all of which end with it: after an error, Ctrl-C or SIGTERM, too."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .machine import bound_to

#: Seconds that processes get to end in order.
GRACE = 5
_LOOK = 0.02


class Processes:
    """Starts processes in groups of their own, and ends them with all that they started.

    A signal that asks this process to end raises KeyboardInterrupt, though not between starting a
    process and knowing that it is there, nor while they are ended. Use it as a context manager, in
    the main thread.
    """

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[str]] = []
        self._handlers: dict[int, t.Any] = {}
        self._is_shielded = False
        self._was_interrupted = False

    def __enter__(self) -> Processes:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:  # nohup means it
                self._handlers[number] = before
                signal.signal(number, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_shielded = True
        self.end(*self._running)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start(
        self,
        command: Sequence[str],
        *,
        cores: list[int],
        environment: Mapping[str, str],
        folder: Path,
        log: Path,
        talks: bool = False,
    ) -> subprocess.Popen[str]:
        """Start a process.

        Args:
            command: The program and its arguments.
            cores: To which it is bound; empty: to none in particular.
            environment: All of its environment.
            folder: Where it runs.
            log: The file for what it writes.
            talks: Its standard input and output are pipes, and only its errors go to the log.
        """
        with self._shielded(), bound_to(cores), log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
                stdout=subprocess.PIPE if talks else output,
                stderr=output,
                text=True,
                start_new_session=True,  # Ctrl-C is for the lab, which ends its processes itself
            )
            self._running.append(process)
        return process

    def end(self, *processes: subprocess.Popen[str]) -> None:
        """End processes: politely, then by force, with what is left of their groups."""
        for process in processes:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + GRACE
        while any(process.poll() is None for process in processes):
            if time.monotonic() > deadline:
                break
            time.sleep(_LOOK)
        for process in processes:
            # The first process gave the group its number; workers may have outlived it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._running = [process for process in self._running if process not in processes]

    @contextlib.contextmanager
    def _shielded(self) -> Iterator[None]:
        self._is_shielded = True
        try:
            yield
        finally:
            self._is_shielded = False
        if self._was_interrupted:
            raise KeyboardInterrupt

    def _interrupt(self, *_: object) -> None:
        self._was_interrupted = True
        if not self._is_shielded:
            raise KeyboardInterrupt
