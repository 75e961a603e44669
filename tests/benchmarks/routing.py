"""CPU µs of finding a request's route among few and among many, in dualapp and in Flask.

Run it from the root of the repository: ``python -m tests.benchmarks.routing``.
"""

from __future__ import annotations

import contextlib

from .child import Child, prepared
from .command import options, publish, tell
from .peers.routes import FEW, KINDS, MANY, ROUTING_PEERS, SLOW_KINDS, Kind
from .table import Column, Table
from .timing import FULL, QUICK, Effort, measure

COLUMNS = tuple(kind.name for kind in KINDS)
ROWS = tuple(map(str, ROUTING_PEERS))

_NOTE = (
    "CPU µs of one request's context and match, spread over all routes of a kind, median of the"
    " rounds;\n"
    f"ratio: to {FEW} routes of the same framework in the same round"
)
_REFERENCES = {
    str(peer): str(few)
    for peer in ROUTING_PEERS
    for few in ROUTING_PEERS
    if few.routes == FEW and few.name == peer.name
}


def main() -> None:
    """Measure what the command line asks for, and print it."""
    parser = options("routing", __doc__)
    parser.add_argument(
        "--slow",
        action="store_true",
        help=f"also {MANY:,} expressions in one place, which takes Flask many minutes",
    )
    arguments = parser.parse_args()
    effort = QUICK if arguments.quick else FULL
    kinds = (*KINDS, *SLOW_KINDS) if arguments.slow else KINDS
    left_out: list[str] = []
    columns = [_column(kind, effort, left_out) for kind in kinds]
    publish(Table("routing", _NOTE, columns, list(dict.fromkeys(left_out))), arguments)


def _column(kind: Kind, effort: Effort, left_out: list[str]) -> Column:
    """Measure one kind, in new processes: caches of other kinds are none of its business."""
    with contextlib.ExitStack() as stack:
        children = {str(peer): stack.enter_context(Child(peer)) for peer in ROUTING_PEERS}
        tell(f"{kind.name}: adding routes")
        ready, reasons = prepared(children, kind)
        left_out += reasons
        figures = measure(ready, effort, lambda number: tell(f"{kind.name}: round {number}"))
    return Column(kind.name, kind.name, "CPU µs", figures, _REFERENCES)


if __name__ == "__main__":
    main()
