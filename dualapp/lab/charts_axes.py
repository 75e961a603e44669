"""Where figures go in a chart: scales with their ticks, and labels that do not touch.

Places are fractions, 0 at the low end of an axis and 1 at its high end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .words import Writer

#: A logarithmic scale is taken where the highest figure is so many times the lowest.
WIDE = 20

#: Binary fractions of round figures are off by less.
_NEARLY = 1 + 1e-9

#: At most so many ticks on a vertical axis.
_TICKS = 6


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Scale:
    """An axis.

    Attributes:
        place: Tells where a figure goes.
        ticks: Its marks, rising.
    """

    place: Callable[[float], float]
    ticks: list[Tick]


def from_zero(highest: float, write: Writer) -> Scale:
    """Make a linear scale from zero to a round figure that is not below the highest."""
    if not highest > 0:
        highest = 1
    step = _round_step(highest / (_TICKS - 1))
    steps = max(1, math.ceil(round(highest / step, 6)))
    top = step * steps
    return Scale(
        lambda value: min(1.0, max(0.0, value / top)),
        [Tick(n / steps, write(n * step)) for n in range(steps + 1)],
    )


def over_decades(lowest: float, highest: float, write: Writer) -> Scale:
    """Make a logarithmic scale for positive figures, with ticks at round ones."""
    decades = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    marks = [step * 10.0**decade for decade in decades for step in (1, 2, 5)]
    first = max(mark for mark in marks if mark <= lowest * _NEARLY)
    last = min(mark for mark in marks if mark >= highest / _NEARLY and mark > first)
    low, length = math.log(first), math.log(last / first)

    def place(value: float) -> float:
        return 0.0 if value <= first else min(1.0, (math.log(value) - low) / length)

    seen = [mark for mark in marks if first <= mark <= last]
    tens = [mark for mark in marks[::3] if first <= mark <= last]
    shown = thinned(tens if len(tens) > 2 else seen, _TICKS)
    return Scale(place, [Tick(place(mark), write(mark)) for mark in shown])


def for_figures(figures: Sequence[float], write: Writer, is_log: bool) -> Scale:
    """Make a scale that has room for all figures.

    Args:
        figures: What is to be drawn.
        write: Writes a tick.
        is_log: Whether the scale is logarithmic, for which all figures must be positive.
    """
    lowest, highest = min(figures, default=0), max(figures, default=0)
    if is_log:
        return over_decades(lowest, highest, write)
    return from_zero(highest, write)


def is_wide(figures: Sequence[float]) -> bool:
    """Tell whether figures spread so widely that the low ones would lie on the axis."""
    lowest, highest = min(figures, default=0), max(figures, default=0)
    return lowest > 0 and highest / lowest >= WIDE


def doubling(numbers: Sequence[int], most: int = 8) -> Scale:
    """Make a scale on which each doubling has the same length; a single number is in the middle.

    Args:
        numbers: What is to be marked.
        most: At most so many of them are written, so that they do not touch on a phone.
    """
    logs = [math.log2(max(1, number)) for number in numbers]
    low, high = min(logs, default=0), max(logs, default=0)

    def place(value: float) -> float:
        if high == low:
            return 0.5
        return min(1.0, max(0.0, (math.log2(max(1, value)) - low) / (high - low)))

    written: list[Tick] = []
    for number in sorted(set(numbers)):
        if not written or place(number) - written[-1].at >= 1 / most:
            written.append(Tick(place(number), f"{number:,}"))
    return Scale(place, written)


def thinned(marks: list[float], most: int) -> list[float]:
    """Leave out every second mark, or more, until no more than ``most`` are left."""
    return marks[:: math.ceil(len(marks) / most)] if marks else marks


def kept_apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places as little as it takes for none to be nearer to another than ``gap``.

    Args:
        wanted: Where each would best be, in any order.
        gap: The distance to be kept.
        low: The lowest place allowed.
        high: The highest; where there is not enough room, it is passed.

    Returns:
        The places, in the order of ``wanted``.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    places: list[float] = []
    for rank, index in enumerate(order):
        places.append(max(wanted[index], low if rank == 0 else places[-1] + gap))
    limit = max(high, low + gap * (len(places) - 1))
    for rank in reversed(range(len(places))):
        places[rank] = min(places[rank], limit)
        limit = places[rank] - gap
    return [place for _, place in sorted(zip(order, places, strict=True))]


def _round_step(least: float) -> float:
    """Give the smallest of 1, 2, 5, 10, 20 … or their fractions that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return power * next(step for step in (1, 2, 5, 10) if power * step >= least / _NEARLY)
