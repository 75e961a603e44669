"""What the demo asks both servers."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass

from . import app


class Kind(enum.Enum):
    """What a view spends its time with, which decides what many requests at once cost."""

    BLOCKS = enum.auto()
    AWAITS = enum.auto()
    COMPUTES = enum.auto()
    STREAMS = enum.auto()


@dataclass(frozen=True)
class Probe:
    """A request, what it is for, and how often it is made.

    Attributes:
        times_alone: How many requests one after the other.
        times_at_once: How many rounds of many at once, of which the middle one counts. What is over
            in a moment needs several.
    """

    title: str
    kind: Kind
    path: str
    method: str = "GET"
    body: bytes | None = None
    times_alone: int = 5
    times_at_once: int = 1

    @property
    def request_line(self) -> str:
        """The request as it is shown: ``GET /path``."""
        return f"{self.method} {self.path}"


_FLOWER = {"sepal_length": 6.1, "sepal_width": 2.9, "petal_length": 4.7, "petal_width": 1.4}

PROBES = (
    Probe(f"a sync view that blocks for {app.WAIT * 1000:.0f} ms", Kind.BLOCKS, "/sync"),
    Probe(f"an async view that awaits for {app.WAIT * 1000:.0f} ms", Kind.AWAITS, "/async"),
    Probe(
        "a sync view that asks a trained model",
        Kind.COMPUTES,
        "/predict",
        method="POST",
        body=json.dumps(_FLOWER).encode(),
        times_alone=25,
        times_at_once=7,
    ),
    Probe(
        f"an async generator, {len(app.WORDS)} words {app.PAUSE * 1000:.0f} ms apart",
        Kind.STREAMS,
        "/stream",
    ),
)
