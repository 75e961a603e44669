"""CPU µs of one request, without a server, side by side for dualapp and its peers.

Run it from the root of the repository: ``python -m tests.benchmarks.inprocess``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from .child import Child
from .peers.roster import Key, peers_named
from .peers.site import NotOfferedError
from .report import data_of, heading, machine, text_of
from .timing import FULL, QUICK, Cost, Effort, measure
from .workloads import WORKLOADS, Workload


def main() -> None:
    """Measure what the command line asks for, and print it."""
    arguments = _arguments()
    effort = QUICK if arguments.quick else FULL
    found = []
    print(heading())
    with contextlib.ExitStack() as stack:
        children = {
            peer.key: stack.enter_context(Child(peer)) for peer in peers_named(arguments.only)
        }
        for workload in WORKLOADS:
            costs, left_out = _measured(workload, children, effort)
            print(f"\n{text_of(workload, costs, left_out)}", flush=True)
            found.append(data_of(workload, costs, left_out))
    if arguments.json:
        data = {"machine": machine(), "workloads": found}
        arguments.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="tests.benchmarks.inprocess")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument(
        "--only",
        type=lambda words: words.split(","),
        default=[],
        metavar="WORDS",
        help='rows that hold one of these words, such as "dualapp,flask"',
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rounds to a file")
    return parser.parse_args()


def _measured(
    workload: Workload, children: Mapping[Key, Child], effort: Effort
) -> tuple[dict[Key, Cost], list[str]]:
    """Measure the peers that can be; give the reasons for those that cannot."""
    ready: dict[Key, Child] = {}
    left_out = []
    for key, child in children.items():
        try:
            child.prepare(workload)
            ready[key] = child
        except (ImportError, NotOfferedError) as reason:
            left_out.append(f"{', '.join(key)}: {reason}")
    return measure(ready, effort, lambda number: _tell(workload, number, effort)), left_out


def _tell(workload: Workload, number: int, effort: Effort) -> None:
    """Show progress, but not in a file."""
    if sys.stderr.isatty():
        end = "\n" if number == effort.rounds else ""
        print(f"\r{workload.name}: round {number} of {effort.rounds}", end=end, file=sys.stderr)


if __name__ == "__main__":
    main()
