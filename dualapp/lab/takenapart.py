"""Takes the time of a request apart: the servers are started once more, with stopwatches inside."""

from __future__ import annotations

import http.client
import json
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import replace

from .bench import Bench
from .candidates import Candidate, end_servers, start_servers
from .client import LoadClient
from .results import Apart
from .served import SIDE_VARIABLE, SUMS, TARGET_VARIABLE, WHERE
from .setups import Target
from .wanted import Wanted

#: Seconds in which a request is asked again and again, one at a time.
_SECONDS = 0.08
_WARM_UP = 0.02
_PATIENCE = 10.0
#: A request waits if at least that share of its time, and so many seconds, are spent so.
MOSTLY = 0.5
A_WAIT = 0.001


def take_apart(
    bench: Bench,
    client: LoadClient,
    candidates: Sequence[Candidate],
    good: set[tuple[str, str]],
    requests: Sequence[Wanted],
    threads: int,
) -> list[Apart]:
    """Measure where the time of each request goes under each server, asked one at a time.

    Args:
        bench: Where.
        client: Asks.
        candidates: Those that were measured; they are started anew, with one worker.
        good: The names of setups and requests that are worth asking.
        requests: What to ask.
        threads: Threads of each worker.
    """
    copies = {
        each.name: _with_stopwatches(each) for each in candidates if each.setup.failure is None
    }
    running = start_servers(bench, [*copies.values()], workers=1, threads=threads)
    pairs = [
        (name, request)
        for request in requests
        for name, copy in copies.items()
        if copy.server is not None and (name, request.name) in good
    ]
    bench.progress.begin("Taking the time of a request apart")
    found: list[Apart] = []
    for done, (name, request) in enumerate(pairs):
        bench.progress.count(done, len(pairs), f"{request.name} under {name}")
        parts = _parts_of(client, copies[name], request)
        if parts:
            is_known = any(each.request == request.name and each.waits_at for each in found)
            place = None if is_known else _where_it_waits(client, copies[name], request, parts)
            found.append(Apart(setup=name, request=request.name, parts=parts, waits_at=place))
    end_servers(bench, running)
    return found


def _with_stopwatches(candidate: Candidate) -> Candidate:
    environment = {
        **candidate.environment,
        TARGET_VARIABLE: str(candidate.target),
        SIDE_VARIABLE: candidate.setup.side,
    }
    setup = replace(candidate.setup, name=f"{candidate.name} with stopwatches")
    target = Target(module="dualapp.lab.served", name="app")
    return replace(candidate, setup=setup, target=target, environment=environment, server=None)


def _parts_of(client: LoadClient, candidate: Candidate, request: Wanted) -> dict[str, float]:
    assert candidate.server is not None
    port = candidate.server.port
    client.ask(port, request, seconds=_WARM_UP)
    try:
        _told(port, SUMS)
        found = client.ask(port, request, seconds=_SECONDS)
        sums = _told(port, SUMS)
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    return parts(found.mean, sums) if found.answered and sums["requests"] else {}


def _where_it_waits(
    client: LoadClient, candidate: Candidate, request: Wanted, parts: Mapping[str, float]
) -> str | None:
    """Have the server look where the view waits, if that is what it mostly does."""
    waits = parts.get("view, waiting", 0.0)
    if waits < A_WAIT or waits < MOSTLY * sum(parts.values()):
        return None
    assert candidate.server is not None
    port = candidate.server.port
    try:
        _told(port, WHERE)
        client.ask(port, request, seconds=_WARM_UP)
        return t.cast("str | None", _told(port, WHERE))
    except (OSError, http.client.HTTPException, ValueError):
        return None


def _told(port: int, path: str) -> t.Any:
    """Ask the stopwatches in a server for what they know."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def parts(seen: float, sums: Mapping[str, float]) -> dict[str, float]:
    """Take the mean time of a request apart.

    Args:
        seen: Seconds that the client saw.
        sums: What the stopwatches say of all requests together, see :class:`.stopwatch.Stopwatch`.

    Returns:
        Seconds by part, together ``seen``; parts of no length are left out.
    """
    count = sums["requests"]
    inside, view, computing, loop, hops = (
        sums[name] / count for name in ("inside", "view", "computing", "loop", "hops")
    )
    # What the application does after the client has all of it is no part of what the client saw.
    inside = min(inside, seen)
    found = {
        "server and network": seen - inside,
        "dualapp": inside - view - loop - hops,
        "event loop": loop,
        "hops": hops,
        "view, computing": min(computing, view),
        "view, waiting": view - computing,
    }
    shown = {name: seconds for name, seconds in found.items() if seconds > 0}
    excess = sum(shown.values()) / seen
    return {name: seconds / excess for name, seconds in shown.items()}
