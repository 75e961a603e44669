"""The load client: a closed loop of N connections, in a process of its own.

``python -m dualapp.lab.load`` reads a job as a line of JSON from standard input and writes what it
found as another, until the input ends. Reading a response costs a few Python calls: httptools (the
C parser of uvicorn) takes it apart, uvloop (where installed) moves the bytes.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
import typing as t
from array import array
from collections import Counter
from dataclasses import asdict, dataclass

import httptools

from .percentiles import corrected, percentile

#: Seconds for making all connections, before the first one asks.
_CONNECTING = 1.0
#: Seconds before a connection that could not be made is tried again.
_RETRY = 0.01
#: The lowest status of a redirect, and the lowest that is an error.
_REDIRECT = 300
_ERROR = 400
#: The share of connections that may have their last answer late without lowering the rate.
_STRAGGLERS = 0.1

_now = time.perf_counter


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to ask, of whom, and for how long.

    Attributes:
        port: Of the server, on 127.0.0.1.
        request: The bytes of the request, as latin-1 text.
        concurrency: Connections; each asks again as soon as it is answered.
        seconds: How long.
        patience: Seconds after that for answers that are under way still.
    """

    port: int
    request: str
    concurrency: int
    seconds: float
    patience: float


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one job found. Times are in seconds.

    Attributes:
        answered: Requests that were answered without an error, also after the time was up.
        per_second: Answers without an error in a second, until the last one came; or until nine of
            ten connections have had their last one, if that is more.
        mean: The latencies' mean, as measured.
        p50: Corrected for coordinated omission, see :mod:`.percentiles`.
        p95: As above.
        p99: As above.
        errors: How many requests failed, by what went wrong.
        redirected: How many of the answers have a status of 300 to 399.
        waiting: Requests without an answer when patience was out. They count for the percentiles
            with the time that they had waited, which is less than the truth.
    """

    answered: int
    per_second: float
    mean: float
    p50: float
    p95: float
    p99: float
    errors: dict[str, int]
    waiting: int
    redirected: int


class Run:
    """The state that all connections of one job share.

    Args:
        job: What to do.
        done: Set when every connection has had its last answer.
    """

    def __init__(self, job: Job, done: asyncio.Future[None]) -> None:
        self.port = job.port
        self.request = job.request.encode("latin-1")
        self.latencies = array("d")
        #: When those were asked that were answered after the end, by their place in the latencies.
        self.late: dict[int, float] = {}
        self.errors: Counter[str] = Counter()
        self.redirected = 0
        self.connections: set[Connection] = set()
        self._seconds = job.seconds
        self._at_work = job.concurrency
        self._few = int(job.concurrency * _STRAGGLERS)
        self._counted: tuple[int, float] | None = None
        self._done = done
        self.start_clock()

    def start_clock(self) -> None:
        """Begin to measure: now."""
        self._begin = _now()
        self.end = self._last = self._begin + self._seconds

    def is_over(self, now: float) -> bool:
        """Tell a connection that got an answer, or none, whether it was its last one."""
        if now < self.end:
            return False
        self._last = now
        self._at_work -= 1
        if self._at_work == self._few:
            self._counted = len(self.latencies), now
        if not self._at_work and not self._done.done():
            self._done.set_result(None)
        return True

    @property
    def per_second(self) -> float:
        """Answers in a second, until the last one came.

        Or until all connections but for a few have had their last one, if that is more: stragglers
        do not lower the rate then. Where there are none, those few are not left out of it.
        """
        ends = [(len(self.latencies), self._last), *([self._counted] if self._counted else [])]
        return max(count / (until - self._begin) if count else 0.0 for count, until in ends)


class Connection(asyncio.Protocol):
    """One TCP connection: asks, reads the answer, asks again; puts another one in its place.

    Args:
        run: What it belongs to.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        #: When it asked, if it has asked and was not answered.
        self.since: float | None = None
        run.connections.add(self)

    async def connect(self) -> None:
        """Connect.

        Raises:
            OSError: The server does not accept it.
        """
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", self._run.port)

    def ask(self) -> None:
        """Send the request; connect first if it is not. That counts as a part of the latency."""
        self.since = _now()
        if self._transport is None:
            self._connecting = asyncio.ensure_future(self._connect_and_ask())
        else:
            self._send()

    def _send(self) -> None:
        """Send the request; on a connection that has just been closed, its loss is told later."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._run.request)

    async def _connect_and_ask(self) -> None:
        try:
            await self.connect()
        except OSError as error:
            await asyncio.sleep(_RETRY)
            self._fail(error.strerror or type(error).__name__)
        else:
            self._send()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = t.cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"no HTTP: {error}")

    def on_message_complete(self) -> None:
        """Note an answer, and ask again; the parser calls this at the end of a response."""
        now = _now()
        run = self._run
        status = self._parser.get_status_code()
        if status < _ERROR:
            if status >= _REDIRECT:
                run.redirected += 1
            run.latencies.append(now - self.since)  # type: ignore[operator]
        else:
            run.errors[f"status {status}"] += 1
        if run.is_over(now):
            if status < _ERROR:
                run.late[len(run.latencies) - 1] = self.since  # type: ignore[assignment]
            self.since = None
        elif self._parser.should_keep_alive():
            self.since = now
            self._send()
        else:
            self._go_on_anew()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self.since is not None:
            self._fail("closed before the answer was complete")

    def _fail(self, why: str) -> None:
        self._run.errors[why] += 1
        self.since = None
        if not self._run.is_over(_now()):
            self._go_on_anew()

    def _go_on_anew(self) -> None:
        self.end()
        Connection(self._run).ask()

    def end(self) -> None:
        """Close it without a word."""
        self.since = None
        self._run.connections.discard(self)
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()


async def load(job: Job) -> Found:
    """Do a job."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    run = Run(job, done)
    connections = [Connection(run) for _ in range(job.concurrency)]
    await _connect(connections)
    run.start_clock()
    for connection in connections:
        connection.ask()
    await asyncio.wait([done], timeout=job.seconds + job.patience)
    now = _now()
    waiting = [each.since for each in run.connections if each.since is not None]
    for connection in list(run.connections):
        connection.end()
    return _found(run, [(now - since, since) for since in waiting], job.concurrency)


async def _connect(connections: list[Connection]) -> None:
    """Connect; one that is refused, or not accepted, is tried again and counted when it asks.

    With more connections than its queue holds, a server that handles one after the other waits for
    the first one to ask, while we wait for it to accept the last one.
    """
    tasks = [asyncio.ensure_future(each.connect()) for each in connections]
    _, late = await asyncio.wait(tasks, timeout=_CONNECTING)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _found(run: Run, waiting: list[tuple[float, float]], concurrency: int) -> Found:
    """Make what is told of a run.

    Args:
        run: It is over.
        waiting: For how long those have waited that were not answered, and since when.
        concurrency: Connections.
    """
    latencies, rate = run.latencies, run.per_second
    late = [(latencies[number], since) for number, since in run.late.items()]
    ordered = corrected(
        [latency for number, latency in enumerate(latencies) if number not in run.late],
        concurrency / rate if rate else 0,
        [(latency, run.end - since) for latency, since in (*late, *waiting)],
    ) or [0.0]
    return Found(
        answered=len(latencies),
        per_second=rate,
        mean=sum(latencies) / len(latencies) if latencies else 0.0,
        p50=percentile(ordered, 50),
        p95=percentile(ordered, 95),
        p99=percentile(ordered, 99),
        errors=dict(run.errors),
        waiting=len(waiting),
        redirected=run.redirected,
    )


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Make uvloop's event loop, or asyncio's own where that is not installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def main() -> None:
    """Do the jobs that standard input brings."""
    gc.disable()  # a collection in the middle would be measured as the server's
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        for line in sys.stdin:
            found = runner.run(load(Job(**json.loads(line))))
            print(json.dumps(asdict(found)), flush=True)
            gc.collect()


if __name__ == "__main__":
    main()
