"""The ways to serve an application that are compared: each server's command line.

A way has no flag but those that make it what it is, and those that silence a line of log for each
request, which would be measured as well.
"""

from __future__ import annotations

import importlib.util
import shlex
import sys
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .errors import BadInputError
from .results import Setup, Side

EventLoop = t.Literal["request", "worker"]
#: How a server is told to call a factory: by parentheses, or by an option.
Call = t.Literal["()", "--factory", "--call"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the servers load.

    Attributes:
        module: Dotted name.
        name: The attribute in it.
        call: ``()``, perhaps with literals in it, if that is a function to call; else empty.
    """

    module: str
    name: str
    call: str = ""

    def __str__(self) -> str:
        return f"{self.module}:{self.name}{self.call}"


@dataclass(frozen=True, kw_only=True)
class Way:
    """A server in one of its modes.

    Attributes:
        name: As it is shown, and chosen.
        server: The distribution's name.
        side: The protocol.
        options: Of the command line, with ``{workers}`` and ``{threads}`` in them.
        bind: Where to listen; with ``{port}``.
        factory: How it is told to call a function.
        needs: Modules that must be there.
        has_threads: Whether its workers run views in the number of threads that was asked for.
        only_one_worker: Whether it has no option for more processes.
        quiet: Options that are for the measurement alone.
    """

    name: str
    server: str
    side: Side
    options: tuple[str, ...]
    bind: tuple[str, ...]
    factory: Call
    needs: tuple[str, ...]
    has_threads: bool = False
    only_one_worker: bool = False
    quiet: tuple[str, ...] = ()

    @property
    def is_installed(self) -> bool:
        """Whether all that it needs is there."""
        return all(importlib.util.find_spec(module) is not None for module in self.needs)

    def arguments(self, target: Target, workers: int, threads: int) -> list[str]:
        """Give the command line without the program, the port and what silences it.

        Raises:
            ValueError: The server cannot serve that; with one line that says why.
        """
        if self.only_one_worker and workers > 1:
            raise ValueError(f"{self.name} is one process; leave out --workers to compare it.")
        given = [option.format(workers=workers, threads=threads) for option in self.options]
        if not target.call or self.factory == "()":
            return [*given, str(target)]
        if target.call != "()":
            raise ValueError(
                f"{self.name} passes no arguments to a factory. Write one without:"
                f" {target.module}:create_app()"
            )
        return [*given, self.factory, f"{target.module}:{target.name}"]


def _gunicorn(worker: str, *options: str, side: Side = "wsgi", threads: bool = False) -> Way:
    return Way(
        name=f"gunicorn {worker}",
        server="gunicorn",
        side=side,
        options=(f"--worker-class={worker}", "--workers={workers}", *options),
        bind=("--bind=127.0.0.1:{port}",),
        factory="()",
        needs=("gunicorn", "gevent") if worker == "gevent" else ("gunicorn",),
        has_threads=threads,
        quiet=("--log-level=warning",),
    )


def _granian(side: Side, *options: str) -> Way:
    return Way(
        name=f"granian {side}",
        server="granian",
        side=side,
        options=(f"--interface={side}", "--workers={workers}", *options),
        bind=("--host=127.0.0.1", "--port={port}"),
        factory="--factory",
        needs=("granian",),
        has_threads=side == "wsgi",
        quiet=("--log-level=warning",),
    )


WAYS = (
    _gunicorn("sync"),
    _gunicorn("gthread", "--threads={threads}", threads=True),
    _gunicorn("gevent"),
    Way(
        name="waitress",
        server="waitress",
        side="wsgi",
        options=("--threads={threads}",),
        bind=("--listen=127.0.0.1:{port}",),
        factory="--call",
        needs=("waitress",),
        has_threads=True,
        only_one_worker=True,
    ),
    _granian("wsgi", "--blocking-threads={threads}"),
    _gunicorn("asgi", side="asgi"),
    Way(
        name="uvicorn",
        server="uvicorn",
        side="asgi",
        options=("--workers={workers}", "--no-access-log"),
        bind=("--host=127.0.0.1", "--port={port}"),
        factory="--factory",
        needs=("uvicorn",),
        quiet=("--log-level=warning",),
    ),
    _granian("asgi"),
    Way(
        name="hypercorn",
        server="hypercorn",
        side="asgi",
        options=("--workers={workers}",),
        bind=("--bind=127.0.0.1:{port}",),
        factory="()",
        needs=("hypercorn",),
        quiet=("--log-level=warning",),
    ),
)
#: What is compared with the packaged application, whose run is to be short.
FEW = ("gunicorn sync", "gunicorn gthread", "gunicorn asgi", "uvicorn")


def choose(names: Sequence[str], by_default: Iterable[str] | None = None) -> list[Way]:
    """Choose ways by their names, or by a server's name for all of its ways.

    Args:
        names: As the user writes them: ``gunicorn``, ``gunicorn-sync``, ``uvicorn``. Empty: all.
        by_default: The names of all, where not every installed one is meant.

    Raises:
        BadInputError: There is no such way, or none that is chosen is installed.
    """
    if not names:
        wanted = [way for way in WAYS if by_default is None or way.name in by_default]
        found = [way for way in wanted if way.is_installed]
        if not found:
            raise BadInputError(_not_installed("Any server that can be compared"))
        return found
    chosen: list[Way] = []
    for name in names:
        plain = name.strip().replace("-", " ").lower()
        named = [way for way in WAYS if plain in (way.name, way.server)]
        if not named:
            known = ", ".join(way.name.replace(" ", "-") for way in WAYS)
            raise BadInputError(f"There is no server {name!r}. Known are: {known}")
        installed = [way for way in named if way.is_installed]
        if not installed:
            missing = ", ".join(dict.fromkeys(module for way in named for module in way.needs))
            raise BadInputError(_not_installed(f"{name} ({missing})"))
        chosen += [way for way in installed if way not in chosen]
    return sorted(chosen, key=WAYS.index)


def _not_installed(what: str) -> str:
    return (
        f"{what} is not installed for {sys.executable}. Install it with pip; 'dualapp[lab]' brings"
        " gunicorn and uvicorn."
    )


def setup_of(
    way: Way,
    target: Target,
    *,
    workers: int,
    threads: int,
    sync_threads: int,
    event_loop: EventLoop,
    environment: Mapping[str, str],
    name_the_loop: bool = False,
) -> Setup:
    """Make the setup that is reported for a way.

    Args:
        way: The way.
        target: What it serves.
        workers: Processes.
        threads: Threads of each worker, where the server has such.
        sync_threads: ``SYNC_THREADS`` of the application, its threads on ASGI.
        event_loop: ``WSGI_EVENT_LOOP``, for the WSGI side.
        environment: Variables that are put before the command.
        name_the_loop: Whether that is a part of the name.
    """
    failure, command = None, ""
    try:
        arguments = way.arguments(target, workers, threads)
        variables = [f"{variable}={shlex.quote(value)}" for variable, value in environment.items()]
        command = " ".join([*variables, shlex.join([way.server, *arguments])])
    except ValueError as error:
        failure = str(error)
    is_wsgi = way.side == "wsgi"
    own_threads = threads if way.has_threads else 1
    return Setup(
        name=f"{way.name} ({event_loop} loop)" if is_wsgi and name_the_loop else way.name,
        server=way.server,
        side=way.side,
        event_loop=event_loop if is_wsgi else None,
        threads=own_threads if is_wsgi else sync_threads,
        command=command,
        failure=failure,
    )
