"""Results as text for a terminal of 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from .results import Asked, Figures, Results
from .words import cores, count, duration, number, size

WIDTH = 100

#: A spread of the rounds that is worth a word: highest rate over lowest.
_NOISY = 1.25


def text_of(results: Results) -> str:
    """Write all of it."""
    blocks = [
        _heading(results),
        *("\n".join(_table(results, request)) for request in results.requests),
        "\n".join(_failures(results)),
        _advice(results),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _heading(results: Results) -> str:
    settings, machine = results.settings, results.machine
    placed = "servers and client share all cores"
    if settings.server_cores:
        placed = (
            f"servers on {cores(settings.server_cores)}, client on {cores(settings.client_cores)}"
        )
    lines = [
        f"{results.app}: {count(settings.workers, 'worker')} per server, {placed};"
        f" {count(settings.rounds, 'round')} of {duration(settings.seconds)} and more in turns;"
        f" {results.seconds:.0f} s in all.",
        f"{machine.processor}, {count(machine.cores, 'core')}, {machine.python}, {machine.system}.",
        "Shown are medians of the rounds. p50 and p99 are latencies at the highest concurrency,"
        " corrected for coordinated omission.",
    ]
    return "\n".join(_folded(line) for line in lines)


def _table(results: Results, request: Asked) -> Iterator[str]:
    """Write one request's table: a line for each setup that was measured."""
    found = [figures for figures in results.figures if figures.request == request.name]
    if not found:
        return
    title = f" - {request.title}" if request.title else f" - {request.colour}, {request.view}"
    yield _folded(f"{request.name}{title}")
    setups = list(dict.fromkeys(figures.setup for figures in found))
    width = max(map(len, [*setups, "requests a second at"]))
    levels = sorted({figures.concurrency for figures in found})
    columns = [*map(str, levels), "p50", "p99", "CPU", "memory"]
    yield _row("requests a second at", width, columns)
    for setup in setups:
        own = {figures.concurrency: figures for figures in found if figures.setup == setup}
        yield _row(setup, width, _cells(own, levels))
    yield from _noise(found)


def _cells(own: dict[int, Figures], levels: Sequence[int]) -> list[str]:
    highest = own[max(own)]
    rates = [number(own[level].per_second.median) if level in own else "-" for level in levels]
    return [
        *rates,
        duration(highest.p50.median),
        duration(highest.p99.median),
        duration(highest.cpu.median),
        size(highest.memory.median),
    ]


def _row(name: str, width: int, cells: Sequence[str]) -> str:
    return f"  {name:<{width}}{''.join(f'{cell:>9}' for cell in cells)}"


def _noise(found: Sequence[Figures]) -> Iterator[str]:
    """Say what went wrong, and how far apart the rounds were if that is far."""
    for figures in found:
        if figures.errors:
            errors = ", ".join(f"{many} times {what}" for what, many in figures.errors.items())
            yield _folded(f"  ! {figures.setup}, {figures.concurrency} at once: {errors}")
    widest = max(found, key=_apart)
    if _apart(widest) > _NOISY:
        yield _folded(
            f"  ~ rounds differ by up to {number(_apart(widest))} times ({widest.setup} at"
            f" {widest.concurrency}: {number(widest.per_second.low)} to"
            f" {number(widest.per_second.high)})"
        )


def _apart(figures: Figures) -> float:
    spread = figures.per_second
    return spread.high / spread.low if spread.low else 1.0


def _failures(results: Results) -> Iterator[str]:
    for note in results.notes:
        yield _folded(f"! {note}")


def _advice(results: Results) -> str:
    advice = results.advice
    if advice is None:
        return ""
    points = [_folded(f"- {sentence}", "  ") for sentence in advice.sentences]
    longer = (
        "For steadier figures measure longer, on a machine that does nothing else: --seconds 300."
    )
    return "\n".join(
        [*points, "", longer, "", f"Deploy {advice.setup}:", "", f"  {advice.command}"]
    )


def _folded(text: str, indent: str = "    ") -> str:
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
