"""CPU µs of one request, without a server, side by side for dualapp and its peers.

Run it from the root of the repository: ``python -m tests.benchmarks.inprocess``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from .child import Child, prepared
from .command import add_only, options, publish, tell
from .peers.roster import PEERS, REFERENCES, peers_named
from .table import Column, Table
from .timing import FULL, QUICK, Effort, measure
from .workloads import WORKLOADS, Workload

COLUMNS = tuple(workload.name for workload in WORKLOADS)
ROWS = tuple(map(str, PEERS))

_NOTE = (
    "CPU µs of all threads for one request, median of the rounds; spread: middle half of the"
    " rounds, at its widest;\nratio: to the reference in the same round ("
    + "; ".join(REFERENCES.values())
    + ")"
)


def main() -> None:
    """Measure what the command line asks for, and print it."""
    parser = options("inprocess", __doc__)
    add_only(parser)
    arguments = parser.parse_args()
    effort = QUICK if arguments.quick else FULL
    columns, left_out = [], []
    with contextlib.ExitStack() as stack:
        children = {
            str(peer): stack.enter_context(Child(peer)) for peer in peers_named(arguments.only)
        }
        for workload in WORKLOADS:
            ready, reasons = prepared(children, workload)
            columns.append(_column(workload, ready, effort))
            left_out += [f"{workload.title}: {reason}" for reason in reasons]
    publish(Table("inprocess", _NOTE, columns, left_out), arguments)


def _column(workload: Workload, ready: Mapping[str, Child], effort: Effort) -> Column:
    figures = measure(ready, effort, lambda number: tell(f"{workload.title}: round {number}"))
    references = {row: REFERENCES[row.partition(",")[0]] for row in ready}
    return Column(workload.name, workload.title, "CPU µs", figures, references)


if __name__ == "__main__":
    main()
