"""Many routes of one kind in Flask and in dualapp, and what drives their matching."""

from __future__ import annotations

import itertools
import random
import time
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from werkzeug.routing import BaseConverter
from werkzeug.test import create_environ

_DOMAIN = "example.test"

#: How many matches are timed at a time. Their environs are made before, untimed, and have to stay
#: in the processor's cache: what is not the router's is to be no dearer with many routes.
_BATCH = 50

#: CPU seconds that may be spent on asking each route once, before anything is timed.
_WARM_UP_SECONDS = 5


class Regex(BaseConverter):
    """``<regex("[a-z]+"):name>``, as Werkzeug's documentation has it."""

    def __init__(self, map: t.Any, pattern: str) -> None:
        super().__init__(map)
        self.regex = pattern


@dataclass(frozen=True)
class Kind:
    """Routes of one kind; ``{}`` in a text stands for the route's number.

    Attributes:
        name: Of the kind.
        rule: The path of the rule.
        path: A path that only this rule takes.
        bound_to: What else the rule has: a host or a subdomain.
        host: The host that is asked.
        settings: Arguments of the application class.
    """

    name: str
    rule: str
    path: str
    bound_to: dict[str, str] = field(default_factory=dict)
    host: str = _DOMAIN
    settings: dict[str, t.Any] = field(default_factory=dict)

    def add_to(self, app: t.Any, number: int, view: Callable[..., str]) -> None:
        """Register one route."""
        bound_to = {name: value.format(number) for name, value in self.bound_to.items()}
        app.add_url_rule(self.rule.format(number), f"route{number}", view, **bound_to)


KINDS = (
    Kind("static", "/section{}/page", "/section{}/page"),
    Kind("converter", "/section{}/<int:number>", "/section{}/42"),
    Kind("regex", '/section{0}/<regex("[a-z]+-{0}"):code>', "/section{0}/abc-{0}"),
    Kind(
        "host",
        "/page",
        "/page",
        bound_to={"host": f"host{{}}.{_DOMAIN}"},
        host=f"host{{}}.{_DOMAIN}",
        settings={"host_matching": True},
    ),
    Kind(
        "subdomain",
        "/page",
        "/page",
        bound_to={"subdomain": "host{}"},
        host=f"host{{}}.{_DOMAIN}",
        settings={"subdomain_matching": True},
    ),
)

#: Werkzeug tries one expression after the other, and compiles each anew: minutes for 10,000.
SLOW_KINDS = (Kind("regex_in_one_place", '/<regex("[a-z]+-{}"):code>', "/abc-{}"),)


class MatchDriver:
    """Matches requests for all routes in turn, in an order that only looks random."""

    def __init__(self, app: t.Any, kind: Kind, routes: int) -> None:
        self._app = app
        self._kind = kind
        self._environ = create_environ("/")
        order = random.Random(routes).sample(range(routes), routes)
        self._check(order)
        self._numbers = itertools.cycle(order)

    def run(self, requests: int) -> float:
        """Match that many times; gives the CPU seconds that contexts and matches took."""
        request_context = self._app.request_context
        seconds = 0.0
        for batch in self._batches(requests):
            environs = [self._environ_of(number) for number in batch]
            began = time.process_time()
            for environ in environs:
                request_context(environ).match_request()
            seconds += time.process_time() - began
        return seconds

    def _batches(self, requests: int) -> Iterator[list[int]]:
        for begin in range(0, requests, _BATCH):
            yield list(itertools.islice(self._numbers, min(_BATCH, requests - begin)))

    def _environ_of(self, number: int) -> dict[str, t.Any]:
        host, path = self._kind.host.format(number), self._kind.path.format(number)
        return {**self._environ, "HTTP_HOST": host, "PATH_INFO": path}

    def _check(self, order: list[int]) -> None:
        """Ask every route once, which also fills all caches, unless that would take too long."""
        end = time.process_time() + _WARM_UP_SECONDS
        for number in order:
            context = self._app.request_context(self._environ_of(number))
            context.match_request()
            rule = context.request.url_rule
            if rule is None or rule.endpoint != f"route{number}":
                raise ValueError(f"{self._kind.name}: {rule!r} instead of route {number}")
            if time.process_time() > end:
                return


def _flask() -> Callable[..., t.Any]:
    import flask

    return flask.Flask


def _dualapp() -> Callable[..., t.Any]:
    import dualapp

    return dualapp.DualApp


@dataclass(frozen=True)
class RoutingPeer:
    """One row: a framework with so many routes."""

    name: str
    app_class: Callable[[], Callable[..., t.Any]]
    routes: int

    def __str__(self) -> str:
        return f"{self.name}, {self.routes:,} routes"

    def driver(self, kind: Kind) -> MatchDriver:
        """Make the application and what drives its matching, and check what it finds."""
        app = self.app_class()("benchmark", static_folder=None, **kind.settings)
        app.config["SERVER_NAME"] = _DOMAIN
        app.url_map.converters["regex"] = Regex
        for number in range(self.routes):
            kind.add_to(app, number, _view)
        return MatchDriver(app, kind, self.routes)


def _view(**values: t.Any) -> str:
    return "never called"


FEW, MANY = 10, 10_000

ROUTING_PEERS = tuple(
    RoutingPeer(name, app_class, routes)
    for name, app_class in (("Flask", _flask), ("dualapp", _dualapp))
    for routes in (FEW, MANY)
)
