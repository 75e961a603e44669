"""The bench that a comparison is made on: what all of its steps share."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import machine
from .processes import Processes
from .progress import Progress


@dataclass(kw_only=True)
class Bench:
    """Processes, cores, a folder, and what is told to the user.

    Attributes:
        processes: Starts and ends all processes.
        progress: Told what is done.
        folder: For logs and sockets.
        server_cores: To which servers are bound; empty: to none in particular.
        client_cores: To which the load client is bound, and what views wait for.
        notes: Lines about what was left out and why.
    """

    processes: Processes
    progress: Progress
    folder: Path
    server_cores: list[int]
    client_cores: list[int]
    notes: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        """Tell the user a thing, now and in the results."""
        if line not in self.notes:
            self.notes.append(line)
            self.progress.say(f"Note: {line}")

    def new_folder(self) -> Path:
        """Make an empty folder."""
        return Path(tempfile.mkdtemp(dir=self.folder))


@contextlib.contextmanager
def set_up(progress: Progress) -> Iterator[Bench]:
    """Make a bench; afterwards nothing is left of it, neither processes nor files."""
    with tempfile.TemporaryDirectory(prefix="dualapp-") as folder, Processes() as processes:
        server_cores, client_cores = machine.share_out(machine.usable_cores())
        yield Bench(
            processes=processes,
            progress=progress,
            folder=Path(folder),
            server_cores=server_cores,
            client_cores=client_cores,
        )
