"""Asks the servers: once, to see what they answer, and then in turns, to measure them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from .bench import Bench
from .candidates import Candidate, renew
from .client import PATIENCE, LoadClient
from .errors import LabError
from .load import Found
from .options import Options
from .turns import Measured, Turn, one_round
from .wanted import Wanted, get

#: Seconds that a view which the user did not choose may take.
_CURIOSITY = 3.0
#: Connections that ask once each before anything is measured.
_WARM_UP = 8
#: Seconds that a turn takes at the least.
_SHORTEST = 0.05
#: The share of the time that is for turns; answers under way when a turn ends take the rest.
_LOADED = 0.6
#: By which factor the load may take longer, before rounds are left out; some there must be.
_LATE = 1.2
_ROUNDS = 2


def those_that_answer(
    bench: Bench, client: LoadClient, candidate: Candidate, paths: Sequence[str]
) -> list[Wanted]:
    """Ask a server for paths of the application; give the requests that are worth measuring."""
    bench.progress.begin("Asking every GET route without arguments")
    chosen = []
    for request in map(get, paths):
        if candidate.server is None:
            break  # it did not start anew
        found = client.ask(candidate.server.port, request, patience=_CURIOSITY)
        if found.waiting:
            renew(bench, candidate)
        if found.answered and not found.redirected:
            chosen.append(request)
        elif not found.redirected:
            bench.note(f"{request.name} is left out. {_why(found, _CURIOSITY)}.")
    return chosen


def try_out(
    bench: Bench,
    client: LoadClient,
    candidates: Sequence[Candidate],
    requests: Sequence[Wanted],
    concurrency: int,
) -> set[tuple[str, str]]:
    """Ask every server every request, and so warm it up.

    Args:
        bench: Told what does not answer.
        client: Asks.
        candidates: Their servers run.
        requests: What to ask.
        concurrency: Connections that ask once each, at the most.

    Returns:
        The names of setups and requests that answer.
    """
    bench.progress.begin("Warming up")
    good = set()
    for request in requests:
        failures: dict[str, list[str]] = defaultdict(list)
        for done, candidate in enumerate(candidates):
            if candidate.server is None:
                continue
            bench.progress.count(done, len(candidates), f"{request.name} under {candidate.name}")
            why = _what_is_wrong(bench, client, candidate, request, min(concurrency, _WARM_UP))
            if why is None:
                good.add((candidate.name, request.name))
            else:
                failures[why].append(candidate.name)
        asked = sum(candidate.server is not None for candidate in candidates)
        for why, names in failures.items():
            under = "any server" if len(names) >= asked else ", ".join(names)
            bench.note(
                f"{request.name} is not measured under {under}. {why}. Serve the application by"
                " hand and ask it once, to see why."
            )
    return good


def _what_is_wrong(
    bench: Bench, client: LoadClient, candidate: Candidate, request: Wanted, concurrency: int
) -> str | None:
    assert candidate.server is not None
    port = candidate.server.port
    found = client.ask(port, request)
    many = client.ask(port, request, concurrency=concurrency) if found.answered else found
    if many.waiting:
        renew(bench, candidate)
    if found.redirected:
        bench.note(
            f"{request.name} answers with a redirect, and that is what is measured. Ask where it"
            ' leads to, or send what it needs, as with: -H "Cookie: ..."'
        )
    return None if found.answered else _why(found, PATIENCE)


def _why(found: Found, patience: float) -> str:
    if found.errors:
        return f"It failed: {', '.join(found.errors)}"
    return f"It did not end within {patience:g} s"


@dataclass(frozen=True)
class Loaded:
    """What was measured, in how many rounds, each turn so many seconds long."""

    measured: dict[Turn, list[Measured]]
    rounds: int
    seconds: float


def load_in_turns(
    bench: Bench,
    client: LoadClient,
    candidates: Sequence[Candidate],
    good: set[tuple[str, str]],
    requests: Sequence[Wanted],
    options: Options,
) -> Loaded:
    """Measure all figures; a server that ends meanwhile is left out.

    Args:
        bench: Told how far it is.
        client: Asks.
        candidates: Their servers run.
        good: The names of setups and requests that are worth asking.
        requests: What to ask.
        options: How often, how long, and with how many under way.
    """
    by_name = {candidate.name: candidate for candidate in candidates}
    wanted = {request.name: request for request in requests}
    rounds = [
        [
            turn
            for turn in one_round(number, [*by_name], [*wanted], options.concurrency)
            if (turn.setup, turn.request) in good
        ]
        for number in range(options.rounds)
    ]
    total = sum(map(len, rounds))
    seconds = max(_LOADED * options.seconds / max(total, 1), _SHORTEST)
    measured: dict[Turn, list[Measured]] = defaultdict(list)
    bench.progress.begin("Measuring")
    began = time.monotonic()
    for number, turns in enumerate(rounds):
        if _is_late(bench, time.monotonic() - began, number, options):
            break
        for done, turn in enumerate(turns, sum(map(len, rounds[:number]))):
            candidate = by_name[turn.setup]
            what = f"{turn.request}, {turn.concurrency} at once, under {turn.setup}"
            bench.progress.count(done, total, what)
            try:
                found = _one_turn(bench, client, candidate, wanted[turn.request], turn, seconds)
            except LabError as error:
                candidate.fail(bench, f"{error}. It was asked {what}")
            else:
                measured[turn] += found
    left = {turn: found for turn, found in measured.items() if by_name[turn.setup].server}
    return Loaded(left, max(map(len, left.values()), default=0), seconds)


def _is_late(bench: Bench, passed: float, number: int, options: Options) -> bool:
    """Tell whether a round would take the load far over its time; two are made in any case."""
    if number < _ROUNDS or passed + passed / number <= _LATE * options.seconds:
        return False
    bench.note(
        f"After {passed:.0f} s there was time for {number} of {options.rounds} rounds: answers take"
        " long, or the machine is busy. Measure longer: --seconds"
    )
    return True


def _one_turn(
    bench: Bench,
    client: LoadClient,
    candidate: Candidate,
    request: Wanted,
    turn: Turn,
    seconds: float,
) -> list[Measured]:
    """Load a server once; nothing is found of one that has ended before.

    Raises:
        LabError: It has ended meanwhile.
    """
    server = candidate.server
    if server is None:
        return []
    before = server.usage()
    found = client.ask(server.port, request, concurrency=turn.concurrency, seconds=seconds)
    after = server.usage()
    server.check()
    if found.waiting:
        renew(bench, candidate)
        if candidate.server is not None:
            client.ask(candidate.server.port, request, concurrency=_WARM_UP)
    cpu = max(after.cpu - before.cpu, 0.0)  # workers that end are counted in coarser steps
    return [Measured(found=found, cpu=cpu, memory=after.memory)]
