"""Which setup serves best: a rule, applied to the figures.

A setup's *rate* for a request is the highest that it reached where the request was served well:
with at most one error in a hundred, and a p99 within :data:`SLOWER` times what the request takes
alone at the fastest setup (or :data:`PATIENCE`, if that is more). Its *score* is the geometric mean
of its rate's share of the best one's, over all requests that some setup serves well. Setups whose
scores overlap within the spread of the rounds, or nearly so, tie, and of these the one with the
smallest memory comes first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .results import Figures, Results, Spread

#: How many times as long as alone a request may take when many are under way.
SLOWER = 10
#: Seconds that are no reason to call a setup slow, however fast it is with one request.
PATIENCE = 0.5
#: The share of requests that may fail.
ERRORS = 0.01
#: By which factor the spreads of two figures must be apart: three rounds do not show all of it.
MARGIN = 1.05
#: The share that counts for a request that a setup does not serve well at any concurrency.
NOTHING = 0.01


@dataclass(frozen=True)
class Scored:
    """A setup's score, from 0 to 1, and its memory in bytes."""

    setup: str
    score: Spread
    memory: float


def ranked(results: Results) -> list[Scored]:
    """Give the setups that were measured: those that tie with the best first, then the others."""
    setups = list(dict.fromkeys(figures.setup for figures in results.figures))
    scored = sorted(
        (_scored(results, setup) for setup in setups), key=lambda each: -each.score.median
    )
    tied = ties(scored)
    return [*sorted(tied, key=lambda each: each.memory), *scored[len(tied) :]]


def ties(scored: Sequence[Scored]) -> list[Scored]:
    """Give those whose spread reaches into that of the best one; sorted by score, so is this."""
    if not scored:
        return []
    best = max(scored, key=lambda each: each.score.median)
    by_score = sorted(scored, key=lambda each: -each.score.median)
    apart = next(
        (n for n, each in enumerate(by_score) if not overlap(each.score, best.score)),
        len(by_score),
    )
    return by_score[:apart]


def overlap(one: Spread, other: Spread) -> bool:
    """Tell whether two figures cannot be told apart by rounds as few as there are."""
    return one.low <= other.high * MARGIN and other.low <= one.high * MARGIN


def served_well(results: Results) -> list[str]:
    """Give the names of the requests that some setup serves well; others tell none from another."""
    return [
        request
        for request in dict.fromkeys(figures.request for figures in results.figures)
        if any(best_rate(results, setup.name, request) for setup in results.setups)
    ]


def best_rate(results: Results, setup: str, request: str) -> Figures | None:
    """Give the figures with the highest rate at which a setup serves a request well."""
    own = [each for each in results.figures if (each.setup, each.request) == (setup, request)]
    if not own:
        return None
    limit = _limit(results, request)
    well = [
        figures
        for figures in own
        if figures.per_second.median > 0
        and figures.p99.median <= limit
        and sum(figures.errors.values()) <= ERRORS * figures.answered
    ]
    return max(well, key=lambda figures: figures.per_second.median, default=None)


def _limit(results: Results, request: str) -> float:
    """Give the p99, in seconds, up to which a request counts as served well."""
    figures = [each for each in results.figures if each.request == request]
    alone = min(each.concurrency for each in figures)
    fastest = min(each.p50.median for each in figures if each.concurrency == alone)
    return max(SLOWER * fastest, PATIENCE)


def _scored(results: Results, setup: str) -> Scored:
    shares = [_share(results, setup, request) for request in served_well(results)]
    memory = max(each.memory.median for each in results.figures if each.setup == setup)
    return Scored(setup, _mean(shares), memory)


def _share(results: Results, setup: str, request: str) -> Spread:
    own = best_rate(results, setup, request)
    setups = {figures.setup for figures in results.figures}
    all_rates = [found for each in setups if (found := best_rate(results, each, request))]
    if own is None:
        return Spread(median=NOTHING, low=NOTHING, high=NOTHING)
    best = max(found.per_second.median for found in all_rates)
    rate = own.per_second
    return Spread(median=rate.median / best, low=rate.low / best, high=rate.high / best)


def _mean(shares: Sequence[Spread]) -> Spread:
    if not shares:
        return Spread(median=NOTHING, low=NOTHING, high=NOTHING)

    def geometric(of: Callable[[Spread], float]) -> float:
        return math.exp(sum(math.log(max(of(share), NOTHING)) for share in shares) / len(shares))

    return Spread(
        median=geometric(lambda share: share.median),
        low=geometric(lambda share: share.low),
        high=geometric(lambda share: share.high),
    )
