"""The setups of one comparison, and their servers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..alias import AS_FLASK_VARIABLE
from .app import EVENT_LOOP_VARIABLE
from .bench import Bench
from .describe import Described
from .errors import LabError
from .options import Options
from .results import Setup
from .serving import Server, environment_for
from .setups import EventLoop, Target, Way, setup_of

#: How often a server is given another port, if somebody else was quicker to take it.
_PORTS = 3


@dataclass(kw_only=True)
class Candidate:
    """A setup, how it is started, and its server while that runs.

    Attributes:
        setup: As it is reported; told here if it fails.
        way: The server and its options.
        target: What it serves.
        environment: Of its process.
        server: None before it is started, and after it has failed or ended.
    """

    setup: Setup
    way: Way
    target: Target
    environment: dict[str, str]
    server: Server | None = None

    @property
    def name(self) -> str:
        """The setup's."""
        return self.setup.name

    def fail(self, bench: Bench, why: str) -> None:
        """Leave it out from now on."""
        if self.server is not None:
            bench.processes.end(self.server.process)
            self.server = None
        self.setup = replace(self.setup, failure=why)
        bench.note(f"{self.name} is left out. {why}")


def candidates_of(options: Options, app: Described, environment: dict[str, str]) -> list[Candidate]:
    """Make a candidate of each way, on WSGI of each with every kind of event loop.

    Args:
        options: What is compared.
        app: The application.
        environment: Variables that all of them need.
    """
    target = Target(module=app.module, name=app.name, call=app.call)
    found = []
    for way in options.ways:
        for loop in _loops(options, way) or (app.event_loop,):
            own = {EVENT_LOOP_VARIABLE: loop} if _loops(options, way) else {}
            setup = setup_of(
                way,
                target,
                workers=options.workers,
                threads=options.threads,
                sync_threads=app.sync_threads,
                event_loop=loop,
                environment={**_needed_to_load(app), **own},
                name_the_loop=bool(own),
            )
            whole = environment_for(app.folder, **environment, **own)
            found.append(Candidate(setup=setup, way=way, target=target, environment=whole))
    return found


def _needed_to_load(app: Described) -> dict[str, str]:
    """Give the variables without which a server started in this folder would not load it."""
    needed = {}
    if app.is_in_folder and Path(app.folder) != Path.cwd():
        needed["PYTHONPATH"] = app.folder
    if AS_FLASK_VARIABLE in os.environ:
        needed[AS_FLASK_VARIABLE] = os.environ[AS_FLASK_VARIABLE]
    return needed


def _loops(options: Options, way: Way) -> tuple[EventLoop, ...]:
    """Give the kinds of event loops to compare under a server; on ASGI there are none."""
    return options.event_loops if way.side == "wsgi" else ()


def start_servers(
    bench: Bench,
    candidates: Sequence[Candidate],
    *,
    workers: int,
    threads: int,
) -> list[Candidate]:
    """Start the servers of candidates, all together; give those that answer.

    Args:
        bench: Where.
        candidates: One that cannot be started is left out, with a note.
        workers: Processes of each.
        threads: Threads of each worker.
    """
    bench.progress.begin("Starting the servers")
    for candidate in candidates:
        if candidate.setup.failure is None:
            _launch(bench, candidate, workers, threads)
        else:
            bench.note(f"{candidate.name} is left out. {candidate.setup.failure}")
    return [each for each in candidates if _is_up(bench, each, workers, threads)]


def _launch(bench: Bench, candidate: Candidate, workers: int, threads: int) -> None:
    candidate.server = Server(
        bench.processes,
        candidate.way,
        candidate.target,
        workers=workers,
        threads=threads,
        cores=bench.server_cores,
        environment=candidate.environment,
        folder=bench.new_folder(),
    )


def _is_up(bench: Bench, candidate: Candidate, workers: int, threads: int) -> bool:
    """Wait for a server; give it another port if it has lost its own, and leave it out at last."""
    for attempt in range(1, _PORTS + 1):
        if candidate.server is None:
            return False
        try:
            candidate.server.wait_until_ready(bench.progress.go_on)
            return True
        except LabError as error:
            if candidate.server.port_was_taken and attempt < _PORTS:
                bench.processes.end(candidate.server.process)
                _launch(bench, candidate, workers, threads)
            else:
                candidate.fail(bench, f"{error}. To see all of it, run: {candidate.setup.command}")
    return False


def renew(bench: Bench, candidate: Candidate) -> None:
    """Start a server anew that may still work for somebody who does not wait for it any more.

    What is measured next would wait in its queue, or lack the threads that are held.
    """
    old = candidate.server
    assert old is not None
    bench.processes.end(old.process)
    _launch(bench, candidate, old.workers, old.threads)
    _is_up(bench, candidate, old.workers, old.threads)


def end_servers(bench: Bench, candidates: Sequence[Candidate]) -> None:
    """End the servers of candidates."""
    bench.progress.begin("Ending the servers")
    bench.processes.end(*[each.server.process for each in candidates if each.server is not None])
    for candidate in candidates:
        candidate.server = None
