"""The report as one HTML page that needs nothing else: no network, no script.

This file decides what is said, and in which order; ``charts.py`` where lines and bars go, and
``templates/`` how all of it is written down.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import jinja2

from . import words
from .charts import BarChart, Key, LineChart, Table, bars, over_concurrency
from .results import Apart, Asked, Figures, Results, Setup

#: The looks of the parts that a request's time is taken into; parts of other names share one.
PARTS = {
    "server and network": "p0",
    "dualapp": "p1",
    "event loop": "p2",
    "hops": "p3",
    "view, computing": "p4",
    "view, waiting": "p5",
}
#: The looks of memory's parts.
MEMORY = {"before the first request": "memory", "under load": "memory-more"}
#: Requests above which the contents list folds them away.
MANY = 8
#: Rounds that differ by more than this share of their median are pointed out.
UNSTEADY = 0.2


def render(results: Results) -> str:
    """Write the page.

    Args:
        results: What the comparison found.

    Returns:
        A complete HTML document.
    """
    page = Page(results)
    return _templates().get_template("report.html").render(page=page, results=results, words=words)


@functools.cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("dualapp.lab"),
        autoescape=True,  # names and texts are the application's
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )


@dataclass(frozen=True, kw_only=True)
class RequestPart:
    """What the page says about one request.

    Attributes:
        anchor: The part's id in the page.
        taken_apart: None if it was not.
    """

    anchor: str
    asked: Asked
    throughput: LineChart
    latency: LineChart
    taken_apart: BarChart | None


@dataclass(frozen=True)
class Best:
    """A cell of the overview: the highest rate of one setup for one request, or nothing.

    Rates at which requests were lost count only if there are no others.

    Attributes:
        rate: ``1,234/s``.
        details: Its p99, with how many under way, and how many requests were lost.
        is_highest: Whether no setup answered this request faster without losing some.
    """

    rate: str
    details: list[str]
    is_highest: bool


class Page:
    """The results as the page shows them.

    Args:
        results: What the comparison found.

    Attributes:
        keys: The look of each setup, by its name.
        requests: A part for each request.
    """

    def __init__(self, results: Results) -> None:
        self.results = results
        self.keys = {
            setup.name: Key.numbered(index, setup.name, setup.side == "asgi")
            for index, setup in enumerate(results.setups)
        }
        self._figures = _by_request_and_setup(results.figures)
        self.requests = [
            self._request_part(index, asked) for index, asked in enumerate(results.requests, 1)
        ]
        self.folds_contents = len(self.requests) > MANY

    # -- overview ------------------------------------------------------------------------------

    @property
    def measured(self) -> list[Setup]:
        """The setups that have a figure."""
        names = {figures.setup for figures in self.results.figures}
        return [setup for setup in self.results.setups if setup.name in names]

    def overview(self) -> Iterator[tuple[RequestPart, list[Best]]]:
        """Give a row for each request: the best of each measured setup."""
        for part in self.requests:
            tops = [self._top(part.asked.name, setup.name) for setup in self.measured]
            clean = [top.per_second.median for top in tops if top and not _lost(top)]
            highest = max(clean, default=0.0)
            yield part, [_best(top, highest) for top in tops]

    def _top(self, request: str, setup: str) -> Figures | None:
        figures = self._figures.get((request, setup), {}).values()
        return max(figures, key=lambda f: (not _lost(f), f.per_second.median), default=None)

    # -- charts --------------------------------------------------------------------------------

    def _request_part(self, index: int, asked: Asked) -> RequestPart:
        of_setups = [
            (key, self._figures.get((asked.name, name), {})) for name, key in self.keys.items()
        ]
        figures = [f for _, by_concurrency in of_setups for f in by_concurrency.values()]
        return RequestPart(
            anchor=f"request-{index}",
            asked=asked,
            throughput=over_concurrency(
                "Throughput",
                "requests answered in a second; higher is better",
                [(key, {n: f.per_second for n, f in many.items()}) for key, many in of_setups],
                words.rate,
                _table_of_rates(figures),
            ),
            latency=over_concurrency(
                "Latency, p99",
                "99 of 100 requests took no longer; lower is better",
                [(key, {n: f.p99 for n, f in many.items()}) for key, many in of_setups],
                words.duration,
                _table_of_latencies(figures),
                may_be_log=True,
            ),
            taken_apart=self._taken_apart(asked),
        )

    def _taken_apart(self, asked: Asked) -> BarChart | None:
        found = [
            apart
            for apart in self.results.apart
            if apart.request == asked.name and apart.setup in self.keys
        ]
        if not found:
            return None
        looks = PARTS | {name: "p6" for apart in found for name in apart.parts if name not in PARTS}
        return bars(
            "One request, taken apart",
            "asked one at a time; shorter is better",
            [
                (self.keys[apart.setup], apart.parts, words.duration(sum(apart.parts.values())))
                for apart in found
            ],
            looks,
            _table_of_parts(found, [name for name in looks if any(name in a.parts for a in found)]),
            numbered=True,
        )

    @property
    def memory(self) -> BarChart:
        """Memory of each setup's processes, before the first request and at its highest."""
        rows = [
            (self.keys[setup.name], setup.idle_memory, self._highest_memory(setup))
            for setup in self.results.setups
        ]
        known = [row for row in rows if row[1] is not None or row[2] is not None]
        return bars(
            "Resident memory",
            "of all processes of a server, before the first request and at its highest",
            [(key, _memory_parts(idle, most), _arrow(idle, most)) for key, idle, most in known],
            MEMORY,
            Table(
                ["Setup", "Before the first request", "Highest under load"],
                [[key.name, _size(idle), _size(most)] for key, idle, most in known],
            ),
        )

    def _highest_memory(self, setup: Setup) -> float | None:
        return max(
            (f.memory.median for f in self.results.figures if f.setup == setup.name), default=None
        )

    # -- what went wrong, and how sure all of it is --------------------------------------------

    @property
    def failures(self) -> list[Setup]:
        """The setups that could not be measured."""
        return [setup for setup in self.results.setups if setup.failure is not None]

    @property
    def errors(self) -> Table:
        """Requests that were not answered well, counted by what went wrong."""
        rows = [
            [f.request, f.setup, f"{f.concurrency:,}", what, f"{lost:,}", f"{f.answered:,}"]
            for f in self.results.figures
            for what, lost in sorted(f.errors.items())
            if lost
        ]
        return Table(["Request", "Setup", "At once", "What went wrong", "Times", "Answered"], rows)

    @property
    def spread(self) -> str:
        """Tell in a sentence how far rounds were apart."""
        found = sorted(
            ((f.per_second.high - f.per_second.low) / f.per_second.median, index)
            for index, f in enumerate(self.results.figures)
            if f.per_second.median > 0
        )
        if not found or self.results.settings.rounds < 2:
            return "With a single round nothing is known of the spread."
        half, (widest, index) = found[len(found) // 2][0], found[-1]
        worst = self.results.figures[index]
        told = (
            f"Half of the rates differed by no more than {words.percent(half)} between rounds; the"
            f" widest by {words.percent(widest)}: {worst.request} on {worst.setup} with"
            f" {worst.concurrency:,} at once."
        )
        if half > UNSTEADY:
            told += " That is much: measure again on a machine that does nothing else."
        return told


Found = dict[tuple[str, str], dict[int, Figures]]


def _by_request_and_setup(figures: list[Figures]) -> Found:
    found: Found = {}
    for f in sorted(figures, key=lambda f: f.concurrency):
        found.setdefault((f.request, f.setup), {})[f.concurrency] = f
    return found


def _best(top: Figures | None, highest: float) -> Best:
    if top is None:
        return Best(words.NOTHING, [], False)
    rate = top.per_second.median
    details = [f"p99 {words.duration(top.p99.median)}", f"{top.concurrency:,} at once"]
    lost = _lost(top)
    if lost:
        details.append(words.count(lost, "error"))
    return Best(words.rate(rate), details, not lost and rate == highest > 0)


def _lost(figures: Figures) -> int:
    return sum(figures.errors.values())


def _table_of_rates(figures: list[Figures]) -> Table:
    return Table(
        ["Setup", "At once", "Per second, median", "Lowest to highest round", "CPU per request"],
        [
            [
                f.setup,
                f"{f.concurrency:,}",
                words.rate(f.per_second.median),
                f"{words.rate(f.per_second.low)} to {words.rate(f.per_second.high)}",
                words.duration(f.cpu.median),
            ]
            for f in figures
        ],
    )


def _table_of_latencies(figures: list[Figures]) -> Table:
    return Table(
        ["Setup", "At once", "p50", "p95", "p99", "p99, lowest to highest round"],
        [
            [
                f.setup,
                f"{f.concurrency:,}",
                *(words.duration(spread.median) for spread in (f.p50, f.p95, f.p99)),
                f"{words.duration(f.p99.low)} to {words.duration(f.p99.high)}",
            ]
            for f in figures
        ],
    )


def _table_of_parts(found: list[Apart], names: list[str]) -> Table:
    def write(seconds: float | None) -> str:
        return words.NOTHING if seconds is None else words.duration(seconds)

    return Table(
        ["Setup", *names, "Together"],
        [
            [
                apart.setup,
                *(write(apart.parts.get(name)) for name in names),
                write(sum(apart.parts.values())),
            ]
            for apart in found
        ],
    )


def _memory_parts(idle: int | None, most: float | None) -> dict[str, float]:
    first, more = MEMORY
    if idle is None:
        return {more: most or 0}
    return {first: idle, more: 0 if most is None else max(0, most - idle)}


def _arrow(idle: int | None, most: float | None) -> str:
    if idle is None or most is None or words.size(idle) == words.size(most):
        return _size(idle if most is None else most)
    return f"{_size(idle)} → {_size(most)}"


def _size(octets: float | None) -> str:
    return words.NOTHING if octets is None or math.isnan(octets) else words.size(octets)
