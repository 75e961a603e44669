"""The servers: how each one is told to serve ``module:app``, with no flag but its own."""

from __future__ import annotations

import importlib.metadata
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: A command line with ``{target}`` and ``{port}`` in it.
Template = Sequence[str]

#: Whether to start all servers, not only those that run by default.
ALL = os.environ.get("DUALAPP_ALL_SERVERS") == "1"
#: Whether a server that is not installed is a failure.
STRICT = ALL and os.environ.get("CI", "").lower() == "true"


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server in one of its modes.

    Attributes:
        name: As the table prints it.
        interface: The protocol that it speaks with the application, "wsgi" or "asgi".
        packages: The distributions that it needs; the first one's version is printed.
        command: How it serves ``module:app``.
        factory: How it serves what ``module:create_app`` returns; None if it cannot.
        stop: The signal at which it ends in order.
        rest: Seconds without a request that it needs before, so that it runs what is to be run at
            exit.
        by_default: Whether it runs without ``DUALAPP_ALL_SERVERS=1``.
        deviations: What this server does to an exchange, by the exchange's name, before the
            application sees the request or after it has answered.
    """

    name: str
    interface: str
    packages: tuple[str, ...]
    command: Template
    factory: Template | None = None
    stop: signal.Signals = signal.SIGTERM
    rest: float = 0
    by_default: bool = False
    deviations: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The version that is installed.

        Raises:
            importlib.metadata.PackageNotFoundError: One of the packages is not installed.
        """
        first, *_ = [importlib.metadata.version(package) for package in self.packages]
        return first

    def serve(self, target: str, port: int, *options: str) -> list[str]:
        """Give the command line that serves an application object."""
        return _filled(self.command, target, port, options)

    def serve_factory(self, target: str, port: int) -> list[str]:
        """Give the command line that serves what a factory returns."""
        assert self.factory is not None
        return _filled(self.factory, target, port, ())


def _filled(template: Template, target: str, port: int, options: Sequence[str]) -> list[str]:
    return [part.format(target=target, port=port) for part in template] + list(options)


def _module(name: str, *arguments: str) -> Template:
    return (sys.executable, "-m", name, *arguments)


def _gunicorn(
    worker: str, *options: str, interface: str = "wsgi", needs: str = "gunicorn", **more: bool
) -> Server:
    options = ("--bind=127.0.0.1:{port}", f"--worker-class={worker}", *options)
    return Server(
        name=f"gunicorn {worker.rpartition('.')[2]}",
        interface=interface,
        packages=("gunicorn", needs),
        command=_module("gunicorn", *options, "{target}"),
        factory=_module("gunicorn", *options, "{target}()"),
        **more,
    )


def _uvicorn(parser: str, *, by_default: bool = False) -> Server:
    options = ("--host=127.0.0.1", "--port={port}", f"--http={parser}")
    return Server(
        name=f"uvicorn {parser}",
        interface="asgi",
        packages=("uvicorn", parser),
        command=_module("uvicorn", *options, "{target}"),
        factory=_module("uvicorn", *options, "--factory", "{target}"),
        by_default=by_default,
    )


def _granian(interface: str, deviations: Mapping[str, str] | None = None) -> Server:
    options = ("--host=127.0.0.1", "--port={port}", f"--interface={interface}")
    return Server(
        name=f"granian {interface}",
        interface=interface,
        packages=("granian",),
        command=_module("granian", *options, "{target}"),
        factory=_module("granian", *options, "--factory", "{target}"),
        deviations=deviations or {},
    )


def _uwsgi() -> Server:
    options = (
        str(Path(sys.executable).with_name("uwsgi")),
        "--http=127.0.0.1:{port}",
        "--http-manage-expect",
        "--http-chunked-input",
        f"--virtualenv={sys.prefix}",  # an executable does not know where it was installed
        "--master",
        "--die-on-term",
        "--need-app",
    )
    cut = "uWSGI gives such a stream no framing, so its end is the connection's"
    return Server(
        name="uWSGI",
        interface="wsgi",
        packages=("uWSGI",),
        command=(*options, "--module={target}"),
        factory=(*options, "--module={target}()"),
        rest=0.5,  # its python plugin runs no atexit function in a worker that counts as busy
        deviations={
            "dots in a path": "uWSGI resolves the dots",
            "a stream fails late, sync": cut,
            "a stream fails late, async": cut,
        },
    )


_HEAD = "waitress ends the missing body with a last chunk"
_HANGS = "daphne leaves the connection open"
_WHOLE = "granian ends the chunked body as if it were whole"

SERVERS = [
    _gunicorn("sync", by_default=True),
    _gunicorn("gthread", "--threads=4"),
    _gunicorn("gevent", needs="gevent"),
    _gunicorn("asgi", interface="asgi"),
    _uvicorn("httptools", by_default=True),
    _uvicorn("h11"),
    _gunicorn("uvicorn_worker.UvicornWorker", interface="asgi", needs="uvicorn-worker"),
    Server(
        name="hypercorn",
        interface="asgi",
        packages=("hypercorn",),
        command=_module("hypercorn", "--bind=127.0.0.1:{port}", "{target}"),
        factory=_module("hypercorn", "--bind=127.0.0.1:{port}", "{target}()"),
    ),
    _granian("asgi"),
    _granian(
        "wsgi",
        {
            "a body by lines": "granian's input takes the first line for all of them",
            "latin-1 in a request's header": "granian drops a value that is not ASCII",
            "latin-1 in an answer's header": "granian writes UTF-8",
            "a stream fails late, sync": _WHOLE,
            "a stream fails late, async": _WHOLE,
        },
    ),
    Server(
        name="daphne",
        interface="asgi",
        packages=("daphne",),
        command=_module("daphne", "--bind=127.0.0.1", "--port={port}", "{target}"),
        deviations={"a stream fails late, sync": _HANGS, "a stream fails late, async": _HANGS},
    ),
    Server(
        name="waitress",
        interface="wsgi",
        packages=("waitress",),
        command=_module("waitress", "--listen=127.0.0.1:{port}", "{target}"),
        factory=_module("waitress", "--listen=127.0.0.1:{port}", "--call", "{target}"),
        stop=signal.SIGINT,
        deviations={"HEAD of a stream, sync": _HEAD, "HEAD of a stream, async": _HEAD},
    ),
    Server(
        name="cheroot",
        interface="wsgi",
        packages=("cheroot",),
        command=_module("cheroot", "--bind=127.0.0.1:{port}", "{target}"),
        stop=signal.SIGINT,
        deviations={
            "encoded slash in a path": "cheroot leaves it encoded",
            "repeated header of one's own": "cheroot keeps the last one",
        },
    ),
    _uwsgi(),
]

BY_NAME = {server.name: server for server in SERVERS}
