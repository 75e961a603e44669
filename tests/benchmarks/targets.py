"""The ratios that dualapp is held to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .peers.roster import ASYNC, SYNC, Key
from .timing import Cost


@dataclass(frozen=True)
class Target:
    """One of ours may cost at most ``limit`` times what the peer costs."""

    ours: Key
    theirs: Key
    limit: float
    wording: str


TARGETS = (
    Target(
        ("WSGI", "dualapp", SYNC),
        ("WSGI", "Flask", SYNC),
        1 / 3,
        "sync view on WSGI: at most 1/3 of Flask's",
    ),
    Target(
        ("WSGI", "dualapp", ASYNC),
        ("WSGI", "Flask", ASYNC),
        1 / 8,
        "async view on WSGI: at most 1/8 of Flask's",
    ),
    Target(
        ("ASGI", "dualapp", ASYNC),
        ("ASGI", "Quart", ASYNC),
        1 / 5,
        "async view on ASGI: at most 1/5 of Quart's",
    ),
    Target(
        ("ASGI", "dualapp", SYNC),
        ("ASGI", "Starlette", SYNC),
        1.0,
        "sync view on ASGI: below Starlette's sync view",
    ),
)


@dataclass(frozen=True)
class Verdict:
    """A target, and the ratio that was measured."""

    target: Target
    ratio: float

    @property
    def is_met(self) -> bool:
        return self.ratio <= self.target.limit


def verdicts(costs: Mapping[Key, Cost]) -> Iterator[Verdict]:
    """Judge the targets whose two sides were both measured."""
    for target in TARGETS:
        if target.ours in costs and target.theirs in costs:
            yield Verdict(target, costs[target.ours].ratio_to(costs[target.theirs]))
