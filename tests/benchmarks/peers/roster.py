"""The rows of the tables: which framework, on which side, with views of which kind.

Frameworks are imported when a row's site is made, so that one that is not installed leaves its
rows out and no more. Hooks are of the kind that costs the framework least: sync on WSGI and around
sync views, async where an event loop runs the view.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from ..driving import ASGIDriver, Driver, WSGIDriver
from ..workloads import Workload
from . import flask_like, raw
from .site import Kind, Site, as_async, plain

SYNC = "sync view"
ASYNC = "async view"

#: The environment variable that tells ``served.py`` a row.
ROW_VARIABLE = "BENCHMARK_ROW"

#: What the costs on each side are compared with in the tables.
REFERENCES = {"WSGI": f"WSGI, Flask, {SYNC}", "ASGI": f"ASGI, Quart, {ASYNC}"}


@dataclass(frozen=True)
class Peer:
    """One row; its name is the side, the framework and the variant, as ``str`` gives it."""

    side: str
    name: str
    variant: str
    site: Callable[[], Site]

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.side, self.name, self.variant)))

    def driver(self, workload: Workload) -> Driver:
        """Make the application and what drives it, and check its answer.

        Raises:
            ImportError: The framework is not installed.
            NotOfferedError: It has no ordinary way to do this.
            ValueError: It does not answer as it should.
        """
        application = getattr(self.site(), workload.name)()
        driver_class = WSGIDriver if self.side == "WSGI" else ASGIDriver
        driver = driver_class(application, workload.request)
        answer = driver.answer()
        if answer != workload.wanted:
            raise ValueError(f"{self} answered {answer}, and {workload.wanted} is wanted.")
        return driver


def _falcon_on_wsgi() -> Site:
    from . import falcon_sites

    return falcon_sites.on_wsgi()


def _falcon_on_asgi() -> Site:
    from . import falcon_sites

    return falcon_sites.on_asgi()


def _starlette(view: Kind = plain) -> Site:
    from .starlette_sites import StarletteSite

    return StarletteSite(view)


def _fastapi(view: Kind = plain) -> Site:
    from .starlette_sites import FastAPISite

    return FastAPISite(view)


_with = functools.partial
_dualapp = flask_like.dualapp
_kept_loop = {"WSGI_EVENT_LOOP": "worker"}

PEERS = (
    Peer("WSGI", "raw callable", "", raw.WSGISite),
    Peer("WSGI", "Falcon", SYNC, _falcon_on_wsgi),
    Peer("WSGI", "Flask", SYNC, flask_like.flask),
    Peer("WSGI", "dualapp", SYNC, _dualapp),
    Peer("WSGI", "Flask", ASYNC, _with(flask_like.flask, view=as_async)),
    Peer("WSGI", "dualapp", ASYNC, _with(_dualapp, view=as_async)),
    Peer(
        "WSGI",
        "dualapp",
        f"{ASYNC}, WSGI_EVENT_LOOP=worker",
        _with(_dualapp, view=as_async, config=_kept_loop),
    ),
    Peer("ASGI", "raw callable", "", raw.ASGISite),
    Peer("ASGI", "Falcon", ASYNC, _falcon_on_asgi),
    Peer("ASGI", "Starlette", ASYNC, _with(_starlette, view=as_async)),
    Peer("ASGI", "FastAPI", ASYNC, _with(_fastapi, view=as_async)),
    Peer("ASGI", "Quart", ASYNC, flask_like.quart),
    Peer("ASGI", "dualapp", ASYNC, _with(_dualapp, view=as_async, hooks=as_async)),
    Peer("ASGI", "dualapp", f"{SYNC}, @nonblocking", flask_like.dualapp_nonblocking),
    Peer("ASGI", "Starlette", SYNC, _starlette),
    Peer("ASGI", "FastAPI", SYNC, _fastapi),
    Peer("ASGI", "Flask by a2wsgi", SYNC, flask_like.flask_by_a2wsgi),
    Peer("ASGI", "Flask by asgiref", SYNC, flask_like.flask_by_asgiref),
    Peer("ASGI", "dualapp", SYNC, _dualapp),
)


def peers_named(words: list[str]) -> list[Peer]:
    """Give the rows whose side, name or variant holds one of the words; all without any."""
    wanted = [word.lower() for word in words]
    return [
        peer for peer in PEERS if not wanted or any(word in str(peer).lower() for word in wanted)
    ]


def peer_named(name: str) -> Peer:
    """Give the row of that name."""
    return next(peer for peer in PEERS if str(peer) == name)
