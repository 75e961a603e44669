"""Why the two servers differ: sentences that follow from what was measured.

What a server is expected to do is known. Whether it did it in this run is decided by the numbers,
and where they say otherwise, the text does too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .measured import Measured, Pair, Served
from .probes import Kind

#: Times that differ by a smaller factor are called alike: runs differ that much among themselves.
ALIKE = 1.25
#: A sync worker has one request under way; an average that is off by this factor still says so.
TOLERANCE = 1.4
#: From this many requests of a process under way, it did not wait for each.
OVERLAP = 2.0


def reasons(pair: Pair) -> Iterator[str]:
    """Give the sentences about one probe."""
    yield _comparison(pair)
    if pair.probe.kind is Kind.COMPUTES:
        yield from _about_computing(pair)
        return
    yield _about_queueing(pair.wsgi)
    yield _about_overlap(pair.asgi)
    if pair.probe.kind is Kind.STREAMS:
        yield _about_first_words(pair)


def advice(pairs: Sequence[Pair]) -> Iterator[str]:
    """Give the sentences at the end, about all probes together."""
    waiting = [pair for pair in pairs if pair.probe.kind is not Kind.COMPUTES]
    overlapped = [p for p in waiting if p.faster is p.asgi and p.ratio >= OVERLAP]
    if overlapped:
        yield (
            f"Where requests wait ({_paths(overlapped)}), {overlapped[0].asgi.served.name} was done"
            f" {_range([pair.ratio for pair in overlapped])} times as fast. Threads overlap such"
            " waits on the WSGI side too: gunicorn --worker-class gthread --threads 32."
        )
    elif waiting:
        yield (
            "Waiting requests did not show the difference in this run that they usually show. A"
            " busy machine can hide it; try again when it is quiet."
        )
    alike = [pair for pair in pairs if pair.ratio < ALIKE]
    if alike:
        yield f"For {_paths(alike)} it made no great difference which side served."


def seconds(value: float) -> str:
    """Write a time with the digits that mean something."""
    if value < 0.01:
        return f"{value * 1000:.1f} ms"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def _comparison(pair: Pair) -> str:
    at_once = f"{pair.wsgi.number} at once:"
    if pair.ratio < ALIKE:
        return f"{at_once} both needed about as long."
    times = f"{pair.ratio:.1f}" if pair.ratio < 9.5 else f"{pair.ratio:.0f}"
    fast, slow = pair.faster.served.name, pair.slower.served.name
    return f"{at_once} {fast} was done {times} times as fast as {slow}."


def _about_queueing(measured: Measured) -> str:
    """Tell whether sync workers had one request each under way."""
    workers = _count(measured.served.processes, "sync worker")
    had = f"{measured.served.name} had about {measured.under_way:.1f} under way at a time"
    share = measured.under_way / measured.served.processes
    if share > TOLERANCE:
        return (
            f"{had}, more than its {workers} can have: those asked alone took longer than they"
            " need to, so the machine was busy or still cold."
        )
    if share < 1 / TOLERANCE:
        return f"{had}, fewer than its {workers} can have: the machine was busy with other things."
    return (
        f"{had} with its {workers}: each does one request from beginning to end, while the others"
        " queue."
    )


def _about_overlap(measured: Measured) -> str:
    """Tell whether waits overlapped in one process."""
    had = f"{measured.served.name} had about"
    processes = _processes(measured.served)
    if measured.under_way < OVERLAP * measured.served.processes:
        return (
            f"{had} {measured.under_way:.1f} with {processes}: the waits hardly overlapped, as they"
            " should; the machine was busy with other things."
        )
    return f"{had} {measured.under_way:.0f} with {processes}: {_how_waits_overlap(measured)}."


def _how_waits_overlap(measured: Measured) -> str:
    if measured.probe.kind is Kind.AWAITS:
        return "at each await the event loop goes on with other requests, so their waits overlap"
    if measured.probe.kind is Kind.STREAMS:
        return "between two words for one reader the event loop serves the others"
    if measured.ran_in == "worker thread":
        return "a sync view runs in a worker thread, and threads wait side by side"
    return f"it ran the view in its {measured.ran_in}, and yet the waits overlapped"


def _about_computing(pair: Pair) -> Iterator[str]:
    """Tell what counts where nothing waits: processes, and what a server does per request."""
    yield (
        "Nothing waits here that could overlap. What counts is processor time: the view's, the"
        " server's, and this demo's own, which asks from the same machine."
    )
    fast, slow = pair.faster.served, pair.slower.served
    if pair.ratio >= ALIKE and fast.processes > slow.processes:
        yield f"{fast.name} has {_processes(fast)} to compute in, {slow.name} has {slow.processes}."
    elif pair.ratio >= ALIKE and fast.processes < slow.processes:
        yield (
            f"{fast.name} was faster although it has {_processes(fast)} and {slow.name} has"
            f" {slow.processes}. Most likely what a server does for each connection weighs more"
            " than this view."
        )
    longer = pair.asgi.seconds_alone - pair.wsgi.seconds_alone
    if longer > pair.wsgi.seconds_alone * (ALIKE - 1) and pair.asgi.ran_in == "worker thread":
        yield (
            f"Alone it took {seconds(longer)} longer under {pair.asgi.served.name}: there a sync"
            " view costs the way to a worker thread and back."
        )


def _about_first_words(pair: Pair) -> str:
    times = " and ".join(
        f"{seconds(side.last_first_piece)} under {side.served.name}"
        for side in (pair.wsgi, pair.asgi)
    )
    return f"The reader who waited longest got the first word after {times}."


def _range(numbers: Sequence[float]) -> str:
    low, high = f"{min(numbers):.0f}", f"{max(numbers):.0f}"
    return low if low == high else f"{low} to {high}"


def _paths(pairs: Sequence[Pair]) -> str:
    return ", ".join(pair.probe.path for pair in pairs)


def _processes(served: Served) -> str:
    return _count(served.processes, "process", "processes")


def _count(number: int, one: str, many: str = "") -> str:
    return f"1 {one}" if number == 1 else f"{number} {many or f'{one}s'}"
