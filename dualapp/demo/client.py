"""Asks a server with a clock in hand: one request alone, or many at once from threads."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from .app import RAN_IN
from .probes import Probe

#: Seconds that a server may stay silent before it counts as hanging.
PATIENCE = 20
#: Seconds between two looks at how far the requests are.
LOOK = 0.1


@dataclass(frozen=True)
class Reply:
    """An answer, and when it came. Times are of ``time.perf_counter``, in seconds."""

    status: int
    body: bytes
    ran_in: str
    started: float
    first_piece: float
    ended: float

    @property
    def seconds(self) -> float:
        """From asking to the last byte."""
        return self.ended - self.started

    @property
    def seconds_to_first(self) -> float:
        """From asking to the first piece of the body."""
        return self.first_piece - self.started


def ask(port: int, probe: Probe) -> Reply:
    """Ask on a connection of its own and read the whole answer.

    Raises:
        OSError: There is no server, or it hangs.
        http.client.HTTPException: What it sends is not HTTP.
    """
    headers = {} if probe.body is None else {"Content-Type": "application/json"}
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(probe.method, probe.path, probe.body, headers)
        response = connection.getresponse()
        body = response.read1()
        first_piece = time.perf_counter()
        body += response.read()
        ended = time.perf_counter()
    finally:
        connection.close()
    ran_in = response.getheader(RAN_IN, "")
    return Reply(response.status, body, ran_in, started, first_piece, ended)


def ask_at_once(port: int, probe: Probe, number: int, report: Callable[[int], None]) -> list[Reply]:
    """Ask from as many threads as there are requests, all of which start together.

    Args:
        port: The server's.
        probe: What to ask.
        number: How many requests.
        report: Called again and again with how many are answered.

    Raises:
        OSError: As for :func:`ask`.
    """
    gate = threading.Barrier(number)

    def ask_when_all_are_ready() -> Reply:
        gate.wait(PATIENCE)
        return ask(port, probe)

    pool = ThreadPoolExecutor(number)
    try:
        futures = [pool.submit(ask_when_all_are_ready) for _ in range(number)]
        return _collect(futures, report)
    finally:
        # After Ctrl-C nobody may wait here: neither for threads that were not started any more, nor
        # for answers, for the servers are ended next.
        gate.abort()
        pool.shutdown(wait=False, cancel_futures=True)


def _collect(futures: list[Future[Reply]], report: Callable[[int], None]) -> list[Reply]:
    while True:
        done, pending = wait(futures, LOOK, FIRST_EXCEPTION)
        report(len(done))
        failed = next((future for future in done if future.exception()), None)
        if failed or not pending:
            return [(failed or future).result() for future in futures]
