"""Latency percentiles, corrected for coordinated omission.

A client that waits for each answer before it asks again asks *less* while the server stalls: one
request sees the stall, and those that real users would have sent meanwhile are missing. The remedy
is that of HdrHistogram's ``recordValueWithExpectedInterval``: for a latency longer than the
interval in which a connection was expected to ask, the requests that were left out are put in,
each waiting one interval less. See https://github.com/HdrHistogram/HdrHistogram and Gil Tene, "How
NOT to Measure Latency".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence


def corrected(
    latencies: Iterable[float], interval: float, last: Iterable[tuple[float, float]] = ()
) -> list[float]:
    """Give the latencies with those that were never measured, sorted.

    Args:
        latencies: What was measured, in seconds.
        interval: Seconds after which a connection was expected to ask again; in a closed loop of
            N connections that is N / throughput. Zero or less: nothing is corrected.
        last: Latencies that went on when the time was up, each with the seconds that were left of
            it at their beginning. After that nobody asks any more, so nothing is left out.
    """
    each = [*((latency, math.inf) for latency in latencies), *last]
    found = [latency for latency, _ in each]
    if interval > 0:
        found += [missing for one in each for missing in _left_out(*one, interval)]
    return sorted(found)


def _left_out(latency: float, left: float, interval: float) -> Iterator[float]:
    missing = latency - interval
    while missing >= interval and latency - missing <= left:
        yield missing
        missing -= interval


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Give the smallest value that at least so many per cent of all do not exceed.

    Args:
        ordered: Sorted values, one at the least.
        percent: Above 0, up to 100.
    """
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[max(rank, 1) - 1]
