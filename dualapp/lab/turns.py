"""In which order things are measured, and what the rounds of one figure make together."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .load import Found
from .results import Figures, Spread


@dataclass(frozen=True)
class Turn:
    """One setup is asked one request with so many under way."""

    setup: str
    request: str
    concurrency: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one turn found.

    Attributes:
        found: What the client saw.
        cpu: CPU seconds that the server took for all of it.
        memory: Resident bytes of the server afterwards.
    """

    found: Found
    cpu: float
    memory: int


def one_round(
    number: int, setups: Sequence[str], requests: Sequence[str], levels: Sequence[int]
) -> Iterator[Turn]:
    """Give the turns of a round.

    The setups follow each other within a request and a concurrency, so that what disturbs the
    machine for some seconds hits all of them; each round begins with another one.

    Args:
        number: Of the round, from 0.
        setups: Their names.
        requests: Their names.
        levels: Requests under way at once.
    """
    start = number % len(setups) if setups else 0
    order = [*setups[start:], *setups[:start]]
    for request in requests:
        for level in levels:
            for setup in order:
                yield Turn(setup, request, level)


def spread(values: Iterable[float]) -> Spread:
    """Give the median, the lowest and the highest of some values, one at the least."""
    found = list(values)
    return Spread(median=statistics.median(found), low=min(found), high=max(found))


def figures_of(turn: Turn, rounds: Sequence[Measured]) -> Figures | None:
    """Put the rounds of a figure together; None if nothing was answered in any of them.

    A round without an answer counts for the rate, as none in a second, and for the latencies if
    its requests waited until patience was out.
    """
    errors: Counter[str] = Counter()
    for measured in rounds:
        errors.update(measured.found.errors)
        if measured.found.waiting:
            errors["no answer in time"] += measured.found.waiting
    answered = [measured for measured in rounds if measured.found.answered]
    if not answered:
        return None
    timed = [each.found for each in rounds if each.found.answered or each.found.waiting]
    return Figures(
        setup=turn.setup,
        request=turn.request,
        concurrency=turn.concurrency,
        per_second=spread(each.found.per_second for each in rounds),
        p50=spread(each.p50 for each in timed),
        p95=spread(each.p95 for each in timed),
        p99=spread(each.p99 for each in timed),
        answered=sum(each.found.answered for each in rounds),
        errors=dict(errors),
        cpu=spread(each.cpu / each.found.answered for each in answered),
        memory=spread(each.memory for each in answered),
    )
