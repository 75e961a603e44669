"""What 100,000 requests add to a process, for each kind of view on each side.

A leak adds as much in the second half as in the first; an allocator that settles does not.

Run it from the root of the repository: ``python -m tests.benchmarks.memory``.
"""

from __future__ import annotations

import argparse

from .child import Child
from .peers.roster import Peer, peers_named
from .workloads import WORKLOADS, Workload

#: Bytes that the requests may add.
LIMIT = 1_000_000

_WARM_UP_REQUESTS = 10_000


def main() -> None:
    """Measure what the command line asks for, and print it."""
    arguments = _arguments()
    workload = next(w for w in WORKLOADS if w.name == arguments.workload)
    print(f"{workload.title}\n{arguments.requests:,} requests after {_WARM_UP_REQUESTS:,}\n")
    print(f"{'':4}  {'KiB, half-way':>13}  {'KiB, all':>8}  {'objects':>7}")
    for peer in peers_named(arguments.only):
        print(_line(peer, workload, arguments.requests), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="tests.benchmarks.memory")
    parser.add_argument(
        "--only",
        type=lambda words: words.split(","),
        default=["dualapp"],
        metavar="WORDS",
        help='rows that hold one of these words; "dualapp" if not given',
    )
    parser.add_argument("--requests", type=int, default=100_000, metavar="N")
    parser.add_argument(
        "--workload",
        choices=[workload.name for workload in WORKLOADS],
        default="json_with_hooks",
        help="what is asked; the default has a body, hooks and g",
    )
    return parser.parse_args()


def _line(peer: Peer, workload: Workload, requests: int) -> str:
    with Child(peer) as child:
        child.prepare(workload)
        child.run(_WARM_UP_REQUESTS)
        before = child.footprint()
        child.run(requests // 2)
        half_way = child.footprint()
        child.run(requests - requests // 2)
        after = child.footprint()
    early, added = half_way.resident - before.resident, after.resident - before.resident
    verdict = "pass" if added < LIMIT else "FAIL"
    objects = after.objects - before.objects
    return f"{verdict}  {early / 1024:13.0f}  {added / 1024:8.0f}  {objects:7}  {peer}"


if __name__ == "__main__":
    main()
