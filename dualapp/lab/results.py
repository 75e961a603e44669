"""What a comparison found: plain data, which the terminal, JSON and the HTML page are made from.

Times are seconds, memory is bytes. What several rounds measured is a :class:`Spread`.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

#: Number of the JSON layout; it grows when a reader of an older one would misread it.
FORMAT = 1

Side = t.Literal["wsgi", "asgi"]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A figure of several rounds: their median, and the lowest and highest."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where it was measured.

    Attributes:
        processor: The processor's name, as the operating system gives it.
        cores: How many the comparison could use.
        memory: Bytes of main memory.
        system: Operating system and its release.
        python: Implementation and version: ``CPython 3.11.7``.
        packages: Versions of what was measured, by name.
    """

    processor: str
    cores: int
    memory: int
    system: str
    python: str
    packages: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How it was measured.

    Attributes:
        workers: Processes of each server.
        threads: Threads of each worker that has them.
        concurrency: Requests under way at once, rising.
        rounds: How often each figure was measured, in turns.
        seconds: How long one figure was measured in a round, at the least.
        server_cores: The cores that servers were bound to; empty: all.
        client_cores: The cores that the load came from; empty: all.
    """

    workers: int
    threads: int
    concurrency: list[int]
    rounds: int
    seconds: float
    server_cores: list[int]
    client_cores: list[int]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that every server was asked.

    Attributes:
        name: ``GET /report``, unique.
        view: The view function's dotted name.
        colour: How the view is written.
        title: What it does, in a line; the first line of its docstring, else empty.
    """

    name: str
    view: str
    colour: t.Literal["sync", "async"]
    title: str


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A way to serve the application.

    Attributes:
        name: ``gunicorn gthread``, unique; with the event loop's kind where two differ in it.
        server: The distribution's name.
        side: Which protocol it speaks.
        event_loop: ``WSGI_EVENT_LOOP`` on WSGI, else None.
        threads: Threads per worker that run views; 1 for sync workers.
        command: What a user types to deploy it so.
        idle_memory: Resident bytes of all its processes before the first request; None: unknown.
        failure: One line with what to do, if it could not be measured; else None.
    """

    name: str
    server: str
    side: Side
    event_loop: t.Literal["request", "worker"] | None
    threads: int
    command: str
    idle_memory: int | None = None
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One setup, asked one request, with so many under way.

    Attributes:
        setup: The setup's name.
        request: The request's name.
        concurrency: Requests under way at once.
        per_second: Requests answered in a second.
        p50: Latency that half of the requests kept within, corrected for coordinated omission.
        p95: As above, 95 of 100.
        p99: As above, 99 of 100.
        answered: How many requests were answered, in all rounds.
        errors: How many were not, or with a status of 400 and more; by what went wrong.
        cpu: CPU seconds of all the server's processes per request.
        memory: Resident bytes of all the server's processes at the end.
    """

    setup: str
    request: str
    concurrency: int
    per_second: Spread
    p50: Spread
    p95: Spread
    p99: Spread
    answered: int
    errors: dict[str, int]
    cpu: Spread
    memory: Spread


@dataclass(frozen=True, kw_only=True)
class Apart:
    """Where one request's time goes, the server asked one at a time.

    The parts together are the time that the client saw.

    Attributes:
        setup: The setup's name.
        request: The request's name.
        parts: Seconds by part, in the order in which they are shown: "server and network",
            "dualapp", "event loop" (making, entering and closing it), "hops" (to threads and back),
            "view, computing" and "view, waiting" (hooks included); parts of no length are left out.
        waits_at: ``module, line N`` where a sync view waits most; None if that was not looked for.
    """

    setup: str
    request: str
    parts: dict[str, float]
    waits_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Client:
    """Whether the load generator could have made more than was asked of it.

    Attributes:
        name: Which one it was, with its version.
        per_second: What it can do, measured against a server that answers at once.
        fastest: The highest rate that a setup answered.
    """

    name: str
    per_second: float
    fastest: float

    @property
    def is_bottleneck(self) -> bool:
        """Whether a figure may be the client's rather than the server's."""
        return self.per_second < 3 * self.fastest


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What follows from the figures.

    Attributes:
        sentences: The recommendation and the numbers that carry it, in plain words.
        setup: The name of the setup that is recommended.
        command: The exact command line that deploys it.
    """

    sentences: list[str]
    setup: str
    command: str


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything that one comparison found.

    Attributes:
        app: ``module:app``, as it was asked for.
        made: When it ended, ISO 8601 in UTC.
        seconds: How long it took.
        dualapp: The version that measured.
        advice: None if nothing could be measured.
        notes: Lines about what was left out, and why.
    """

    app: str
    made: str
    seconds: float
    dualapp: str
    machine: Machine
    settings: Settings
    requests: list[Asked]
    setups: list[Setup]
    figures: list[Figures]
    apart: list[Apart]
    client: Client
    advice: Advice | None
    notes: list[str] = field(default_factory=list)
