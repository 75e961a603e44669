"""What was measured, and what follows from it by arithmetic alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from .client import Reply
from .probes import Probe


def seconds_of(replies: Sequence[Reply]) -> float:
    """Give the time from the first request's start to the last one's end."""
    return max(reply.ended for reply in replies) - min(reply.started for reply in replies)


@dataclass(frozen=True)
class Served:
    """Who answered: a server and how many processes of it."""

    name: str
    side: str
    processes: int


@dataclass(frozen=True)
class Measured:
    """One probe on one server: asked alone some times, then many at once."""

    served: Served
    probe: Probe
    alone: Sequence[Reply]
    at_once: Sequence[Reply]

    @property
    def number(self) -> int:
        """How many requests came at once."""
        return len(self.at_once)

    @property
    def seconds_alone(self) -> float:
        """What a request takes that has the server for itself."""
        return median(reply.seconds for reply in self.alone)

    @property
    def seconds_at_once(self) -> float:
        """From the first request's start to the last one's end."""
        return seconds_of(self.at_once)

    @property
    def under_way(self) -> float:
        """How many requests were under way at a time, on average.

        One after the other they would have taken ``number`` times as long as one alone.
        """
        return self.number * self.seconds_alone / self.seconds_at_once

    @property
    def per_second(self) -> float:
        """How many requests a second were answered when many came at once."""
        return self.number / self.seconds_at_once

    @property
    def first_piece_alone(self) -> float:
        """Seconds to the first piece of the body, for a request that has the server for itself."""
        return median(reply.seconds_to_first for reply in self.alone)

    @property
    def last_first_piece(self) -> float:
        """Seconds to the first piece for the one of many who waited longest."""
        return max(reply.seconds_to_first for reply in self.at_once)

    @property
    def ran_in(self) -> str:
        """The kinds of threads that ran the view, as the server told."""
        kinds = {reply.ran_in for reply in (*self.alone, *self.at_once)}
        return " or ".join(sorted(kinds - {""}))

    @property
    def answers(self) -> set[tuple[int, bytes]]:
        """The different answers that came: status and body."""
        return {(reply.status, reply.body) for reply in (*self.alone, *self.at_once)}


@dataclass(frozen=True)
class Pair:
    """One probe on both servers."""

    wsgi: Measured
    asgi: Measured

    @property
    def probe(self) -> Probe:
        """What both were asked."""
        return self.wsgi.probe

    @property
    def faster(self) -> Measured:
        """Who was through with all requests first."""
        return min(self.wsgi, self.asgi, key=lambda measured: measured.seconds_at_once)

    @property
    def slower(self) -> Measured:
        """The other one."""
        return self.asgi if self.faster is self.wsgi else self.wsgi

    @property
    def ratio(self) -> float:
        """How many times as long the slower one took for all."""
        return self.slower.seconds_at_once / self.faster.seconds_at_once

    @property
    def same_answer(self) -> bool:
        """Whether each request on either server got the same status and body."""
        return len(self.wsgi.answers | self.asgi.answers) == 1
