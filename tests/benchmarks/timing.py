"""Rounds over all peers in turn, so that what disturbs the machine disturbs all of them alike."""

from __future__ import annotations

import statistics
import typing as t
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

K = t.TypeVar("K")

_WARM_UP_REQUESTS = 50


class Runs(t.Protocol):
    """What can be measured."""

    def run(self, requests: int) -> float:
        """Ask that many times; gives the CPU seconds taken."""


@dataclass(frozen=True)
class Effort:
    """How much is measured: so many rounds, each with that much time for every peer."""

    rounds: int
    seconds: float


QUICK = Effort(rounds=5, seconds=0.02)
FULL = Effort(rounds=15, seconds=0.1)


@dataclass
class Figures:
    """What was measured of one peer, one number for each round."""

    rounds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle round."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """The width of the middle half of the rounds, as a share of the median."""
        if len(self.rounds) < 2 or not self.median:
            return 0.0
        low, _, high = statistics.quantiles(self.rounds, n=4)
        return (high - low) / self.median

    def ratio_to(self, other: Figures) -> float:
        """Give the median of the ratios within each round, which noise touches the least."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)


def in_turns(peers: Mapping[K, object], rounds: int) -> Iterator[tuple[int, K]]:
    """Give number, from one, and peer of each measurement; every other round goes backwards."""
    order = list(peers)
    for number in range(1, rounds + 1):
        for key in order:
            yield number, key
        order.reverse()


def measure(
    peers: Mapping[K, Runs], effort: Effort, tell: Callable[[int], None]
) -> dict[K, Figures]:
    """Measure CPU µs of one request of each peer, in turns.

    Args:
        peers: What to measure.
        effort: How often and how long.
        tell: Called before each measurement with the number of its round.
    """
    requests = {key: _requests_for(peer, effort.seconds) for key, peer in peers.items()}
    figures: dict[K, Figures] = {key: Figures() for key in peers}
    for number, key in in_turns(peers, effort.rounds):
        tell(number)
        seconds = peers[key].run(requests[key])
        figures[key].rounds.append(seconds / requests[key] * 1e6)
    return figures


def _requests_for(peer: Runs, seconds: float) -> int:
    peer.run(_WARM_UP_REQUESTS)
    one = peer.run(_WARM_UP_REQUESTS) / _WARM_UP_REQUESTS
    return max(_WARM_UP_REQUESTS, int(seconds / one))
