"""What many requests leave in a process, and what a stream takes while it is open.

A leak adds as much in the second half of the requests as in the first; an allocator that settles
does not.

Run it from the root of the repository: ``python -m tests.benchmarks.memory``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from .budget import goals
from .child import Child, Footprint, Peer, prepared
from .command import add_only, options, publish, tell
from .peers.roster import PEERS, peers_named
from .peers.streams import STREAM_PEERS
from .table import Column, Table
from .timing import Figures
from .workloads import BROWSER, WORKLOADS, Request, Workload

COLUMNS = ("half_way", "growth", "objects", "stream")
ROWS = tuple(map(str, (*PEERS, *STREAM_PEERS)))

_REQUESTS = 1_000_000
_QUICK_REQUESTS = 50_000
_WARM_UP_REQUESTS = 10_000

_STREAMS = 2_000
_WARM_UP_STREAMS = 100


def main() -> None:
    """Measure what the command line asks for, and print it."""
    arguments = _arguments()
    requests = arguments.requests or (_QUICK_REQUESTS if arguments.quick else _REQUESTS)
    workload = next(w for w in WORKLOADS if w.name == arguments.workload)
    left_out: list[str] = []
    columns = _growth(_peers(arguments.only), workload, requests, left_out)
    columns.append(_streams(left_out))
    note = (
        f"What {requests:,} requests after {_WARM_UP_REQUESTS:,} have left ({workload.title}):"
        " resident bytes, objects of the collector;\n"
        f"and the resident bytes of one stream while {_STREAMS:,} are open"
    )
    publish(Table("memory", note, columns, left_out), arguments)


def _arguments() -> argparse.Namespace:
    parser = options("memory", __doc__)
    add_only(parser)
    parser.add_argument("--requests", type=int, metavar="N", help=f"instead of {_REQUESTS:,}")
    parser.add_argument(
        "--workload",
        choices=[workload.name for workload in WORKLOADS],
        default="json_with_hooks",
        help="what is asked; the default has a body, hooks and g",
    )
    return parser.parse_args()


def _peers(words: list[str]) -> Sequence[Peer]:
    """Give the rows that were asked for, or those of the budget: so many requests take long."""
    if words:
        return peers_named(words)
    rows = {goal.row for goal in goals() if (goal.command, goal.column) == ("memory", "growth")}
    return [peer for peer in PEERS if str(peer) in rows]


def _growth(
    peers: Iterable[Peer], workload: Workload, requests: int, left_out: list[str]
) -> list[Column]:
    """Measure what requests leave behind, half-way and at the end."""
    half = requests // 2
    half_way, growth, objects = {}, {}, {}
    portions = [_WARM_UP_REQUESTS, half, requests - half]
    for row, (before, middle, after) in _footprints(peers, workload, portions, left_out):
        half_way[row] = Figures([middle.resident - before.resident])
        growth[row] = Figures([after.resident - before.resident])
        objects[row] = Figures([after.objects - before.objects])
    return [
        Column("half_way", "half-way", "bytes", half_way),
        Column("growth", "all requests", "bytes", growth),
        Column("objects", "", "objects", objects),
    ]


def _streams(left_out: list[str]) -> Column:
    """Measure what streams take that stay open."""
    figures = {}
    portions = [_WARM_UP_STREAMS, _STREAMS]
    request = Request("GET", "/", BROWSER)
    for row, (before, after) in _footprints(STREAM_PEERS, request, portions, left_out):
        figures[row] = Figures([(after.resident - before.resident) / _STREAMS])
    return Column("stream", "an open stream", "bytes", figures)


def _footprints(
    peers: Iterable[Peer], workload: object, portions: Sequence[int], left_out: list[str]
) -> Iterator[tuple[str, list[Footprint]]]:
    """Give each row's footprints after each portion of requests, in a process of its own.

    Several run at the same time: unlike time, memory is not disturbed by what others do.
    """

    def measured(peer: Peer) -> tuple[str, list[Footprint]]:
        row = str(peer)
        tell(row)
        with Child(peer) as child:
            ready, reasons = prepared({row: child}, workload)
            left_out.extend(reasons)
            return row, [_footprint_after(child, portion) for portion in portions if ready]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from ((row, found) for row, found in pool.map(measured, peers) if found)


def _footprint_after(child: Child, requests: int) -> Footprint:
    child.run(requests)
    return child.footprint()


if __name__ == "__main__":
    main()
