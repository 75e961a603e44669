"""How many instructions of the processor one request takes.

Counted by valgrind, which need not be alone on the machine: two runs give the same within one part
in a hundred. So a change of a few percent shows here which a clock cannot tell from noise. What it
leaves out are the processor's caches and predictions. No goals are held against it.

Run it from the root of the repository: ``python -m tests.benchmarks.instructions``; valgrind has to
be installed, threads are left out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

from .command import add_only, options, publish, tell
from .peers.roster import ASYNC, REFERENCES, SYNC, Peer, peer_named, peers_named
from .peers.site import NotOfferedError
from .table import Column, Table
from .timing import Figures
from .workloads import WORKLOADS, Workload

#: Rows that run in one thread.
ROWS = (
    f"WSGI, Falcon, {SYNC}",
    f"WSGI, Flask, {SYNC}",
    f"WSGI, dualapp, {SYNC}",
    f"WSGI, dualapp, {ASYNC}",
    f"ASGI, Falcon, {ASYNC}",
    f"ASGI, Starlette, {ASYNC}",
    f"ASGI, Quart, {ASYNC}",
    f"ASGI, dualapp, {ASYNC}",
)
#: Requests until all caches are filled and the interpreter has specialised its code.
_WARM_UP = 200
_NOTE = "Thousands of instructions for one request."


def main() -> None:
    """Count for all workloads, or say what is missing."""
    parser = options("instructions", __doc__)
    add_only(parser)
    arguments = parser.parse_args()
    if shutil.which("valgrind") is None:
        parser.error("valgrind is not installed: 'apt-get install valgrind', or use inprocess")
    peers = [peer for peer in peers_named(arguments.only) if str(peer) in ROWS]
    requests = 100 if arguments.quick else 1000
    columns, left_out = [], []
    for workload in WORKLOADS:
        figures = {}
        for peer in peers:
            tell(f"{workload.title}: {peer}")
            try:
                figures[str(peer)] = Figures([_counted(peer, workload, requests) / 1000])
            except NotOfferedError as reason:
                left_out.append(f"{peer}: {reason}")
        references = {str(peer): REFERENCES[peer.side] for peer in peers}
        columns.append(Column(workload.name, workload.title, "1,000", figures, references))
    publish(Table("instructions", _NOTE, columns, left_out), arguments)


def _counted(peer: Peer, workload: Workload, requests: int) -> float:
    """Count what that many requests take more than the first ones; gives it for one."""
    first, all_of_them = (
        _instructions(peer, workload, number) for number in (_WARM_UP, _WARM_UP + requests)
    )
    return (all_of_them - first) / requests


def _instructions(peer: Peer, workload: Workload, requests: int) -> int:
    """Count a process that answers so many requests."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable]
    child = [*command, "-m", __spec__.name, "--child", str(peer), workload.name, str(requests)]
    # Else dictionaries lie differently in each process.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(child, env=environment, stderr=subprocess.PIPE, text=True)
    counted = re.search(r"Collected : ([0-9]+)", done.stderr)
    if done.returncode or counted is None:
        raise RuntimeError(f"{peer} could not be counted: {' '.join(child)}\n{done.stderr[-2000:]}")
    return int(counted[1])


def _answer(row: str, name: str, requests: str) -> None:
    """Answer requests, as the process that is counted."""
    [workload] = (workload for workload in WORKLOADS if workload.name == name)
    peer_named(row).driver(workload).run(int(requests))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _answer(*sys.argv[2:])
    else:
        main()
