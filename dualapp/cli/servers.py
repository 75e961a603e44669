"""The command lines of production servers, with the defaults that ``dualapp run`` gives them."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass

import click

from .target import Target

#: Threads of each gunicorn worker. Most requests of a web application wait for a database or
#: another service; eight such waits at once keep one core busy without much memory.
DEFAULT_THREADS = 8

#: No more worker processes than this unless asked for. Each holds a copy of the application, and
#: in a container the number of cores seen is often the machine's and not the container's share.
MAX_DEFAULT_WORKERS = 4

#: Seconds that requests in flight get at shutdown or reload. Container platforms kill after 30
#: by default; uvicorn by itself would wait for ever for an open stream.
GRACE = 30


@dataclass(frozen=True)
class Service:
    """What to serve, where, and with how much of the machine.

    ``workers`` are processes; ``threads`` are those of each gunicorn worker, while an ASGI server
    leaves threads to the application (its setting ``SYNC_THREADS``).
    """

    target: Target
    host: str
    port: int
    workers: int
    threads: int = DEFAULT_THREADS
    reload: bool = False
    cert: tuple[str, str] | None = None


def default_workers() -> int:
    """Give one worker per core that this process may use, within a limit.

    One process computes on one core at a time (the GIL), and threads or coroutines take up the
    waiting; so more processes than cores would only cost memory.
    """
    return min(_usable_cores(), MAX_DEFAULT_WORKERS)


def gunicorn_command(service: Service) -> list[str]:
    """Give the arguments of gunicorn for the WSGI side."""
    target = service.target
    return [
        # Threads, and one that watches idle connections: a slow client does not block a worker.
        "--worker-class=gthread",
        f"--workers={service.workers}",
        f"--threads={service.threads}",
        f"--graceful-timeout={GRACE}",
        "--access-logfile=-",  # to standard output, as uvicorn does and containers expect
        f"--bind={_address(service)}",
        f"--pythonpath={target.folder}",
        *_files(service, "--certfile", "--keyfile"),
        *_flags(service),
        f"{target.name}()" if target.is_factory else target.name,
    ]


def uvicorn_command(service: Service) -> list[str]:
    """Give the arguments of uvicorn for the ASGI side."""
    target = service.target
    return [
        f"--workers={service.workers}",
        f"--timeout-graceful-shutdown={GRACE}",
        "--lifespan=auto",  # start-up and shutdown hooks run in the server's loop
        "--no-server-header",  # which server this is concerns nobody
        f"--host={service.host}",
        f"--port={service.port}",
        f"--app-dir={target.folder}",
        *_files(service, "--ssl-certfile", "--ssl-keyfile"),
        *_flags(service),
        *(["--factory"] if target.is_factory else []),
        target.name,
    ]


COMMANDS = {"gunicorn": gunicorn_command, "uvicorn": uvicorn_command}


def become(server: str, service: Service) -> None:
    """Replace this process by a server, so that signals reach it and nothing stands in between.

    Args:
        server: ``"gunicorn"`` or ``"uvicorn"``.
        service: What to serve.

    Raises:
        click.ClickException: The server is not installed.
    """
    if importlib.util.find_spec(server) is None:
        raise click.ClickException(
            f"{server} is not installed for {sys.executable}. Install it together with the other"
            " servers: pip install 'dualapp[servers]'"
        )
    os.execvp(sys.executable, [sys.executable, "-m", server, *COMMANDS[server](service)])


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _address(service: Service) -> str:
    host = f"[{service.host}]" if ":" in service.host else service.host
    return f"{host}:{service.port}"


def _files(service: Service, cert_option: str, key_option: str) -> list[str]:
    if service.cert is None:
        return []
    cert, key = service.cert
    return [f"{cert_option}={cert}", f"{key_option}={key}"]


def _flags(service: Service) -> list[str]:
    return ["--reload"] if service.reload else []
