"""Charts as plain data: where each line, bar and label goes; ``templates/charts.html`` draws them.

They are drawn by hand. Libraries that make SVG (pygal, leather, matplotlib) were considered: none
has charts that fit a phone and a desk without a script, follow the reader's light or dark, name
lines where they end, and carry their numbers as a table for those who do not see them. What is
needed of geometry is little: horizontal places are percentages, so that a chart is as wide as there
is room while its letters keep their size; vertical ones are CSS pixels.
"""

from __future__ import annotations

import math
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from .charts_axes import Scale, Tick, doubling, for_figures, is_wide, kept_apart
from .results import Spread
from .words import Writer, count

#: Pixels from the top of a line chart to its x axis; more lines than fit make it higher.
HEIGHT = 220
EMPTY_HEIGHT = 60
#: Pixels from one line's name to the next.
NAME_GAP = 16
#: Pixels of a row in a bar chart, name and bar.
ROW = 46
#: Where the first and the last point are, in percent, so that markers stay off the edges.
INSET, OUTSET = 3, 96
#: A part of a bar that is at least so many percent has its number written in it.
ROOM_FOR_NUMBER = 9
#: Names are cut after so many characters: beside a line, and above a bar.
BESIDE, ABOVE = 31, 38
#: Colours and markers that there are before they begin again.
LOOKS = 8


@dataclass(frozen=True, kw_only=True)
class Key:
    """How one setup looks in every chart: told apart by letter, colour, marker and dashes.

    Attributes:
        letter: ``A`` for the first setup; stands for its name where there is little room.
        name: The setup's name.
        look: Which colour and marker.
        is_hollow: Whether the marker is, since all solid ones are taken.
        is_dashed: Whether the line is; those of ASGI are.
    """

    letter: str
    name: str
    look: int
    is_hollow: bool
    is_dashed: bool

    @classmethod
    def numbered(cls, index: int, name: str, is_asgi: bool) -> Key:
        """Make the key of the setup with this index."""
        return cls(
            letter=_letters(index),
            name=name,
            look=index % LOOKS,
            is_hollow=index // LOOKS % 2 == 1,
            is_dashed=is_asgi,
        )

    @property
    def beside(self) -> str:
        """The name as there is room for it beside a line."""
        return _cut(self.name, BESIDE)

    @property
    def above(self) -> str:
        """The name as there is room for it above a bar."""
        return _cut(self.name, ABOVE)


@dataclass(frozen=True)
class Table:
    """Numbers in rows; the first cell of each is its heading."""

    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What every chart has.

    Attributes:
        title: What is shown, also the caption.
        unit: The caption's second half: units, and how to read it.
        summary: What there is to see, in words and numbers, for those who do not see it.
        numbers: All that is drawn, as a table.
    """

    title: str
    unit: str
    summary: str
    numbers: Table


@dataclass(frozen=True)
class Point:
    """A measured figure of a line: percent from the left, pixels from the top."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """One setup in a line chart; ``name_at`` is the height of its name, in pixels."""

    key: Key
    points: list[Point]
    name_at: float

    @property
    def path(self) -> str:
        """The points as SVG's ``polyline`` takes them."""
        return " ".join(f"{point.x:g},{point.y:g}" for point in self.points)


@dataclass(frozen=True, kw_only=True)
class LineChart(Chart):
    """Lines over concurrency.

    Attributes:
        height: Pixels from the top to the x axis.
        x_ticks: At percent from the left.
        y_ticks: At pixels from the top.
        lines: May be empty.
        gutter: Characters of the longest name beside a line.
    """

    height: int
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    gutter: int


@dataclass(frozen=True)
class Part:
    """A piece of a bar: where it begins and how long it is, in percent."""

    begin: float
    length: float
    look: str
    number: str


@dataclass(frozen=True)
class Bar:
    """One setup in a bar chart; ``top`` is in pixels, ``text`` is written at its end."""

    key: Key
    top: int
    parts: list[Part]
    text: str

    @property
    def end(self) -> float:
        """Percent from the left where the last part ends."""
        return max((part.begin + part.length for part in self.parts), default=0)


@dataclass(frozen=True, kw_only=True)
class BarChart(Chart):
    """Bars below each other; ``legend`` names the looks of their parts, with their numbers."""

    height: int
    bars: list[Bar]
    legend: list[tuple[str, str, str]]


Series = list[tuple[Key, dict[int, Spread]]]


def over_concurrency(
    title: str,
    unit: str,
    series: Series,
    write: Writer,
    numbers: Table,
    may_be_log: bool = False,
) -> LineChart:
    """Draw a figure over the number of requests under way.

    Args:
        title: What the figure is.
        unit: The caption's second half.
        series: For each setup, the figure by concurrency.
        write: Writes one figure.
        numbers: The table below the chart.
        may_be_log: Whether figures that spread widely get a logarithmic scale.
    """
    series = [(key, _drawable(figures)) for key, figures in series]
    series = [(key, figures) for key, figures in series if figures]
    drawn = [f for _, figures in series for f in figures.values()]
    is_log = may_be_log and is_wide([f.median for f in drawn])
    y = for_figures([f.median for f in drawn] + [f.high for f in drawn], write, is_log)
    x = doubling(sorted({many for _, figures in series for many in figures}))
    height = max(HEIGHT, NAME_GAP * len(series)) if series else EMPTY_HEIGHT
    points = [_points(figures, x, y, height) for _, figures in series]
    names = kept_apart([line[-1].y for line in points], NAME_GAP, 0, height)
    keys = [key for key, _ in series]
    return LineChart(
        title=title,
        unit=f"{unit}; log scale" if is_log else unit,
        summary=_summary_of_lines(series, write),
        numbers=numbers,
        height=height,
        x_ticks=[Tick(_inside(tick.at), tick.text) for tick in x.ticks],
        y_ticks=[Tick(_down(tick.at, height), tick.text) for tick in y.ticks if series],
        lines=[Line(*line) for line in zip(keys, points, names, strict=True)],
        gutter=max((len(key.beside) for key in keys), default=0),
    )


def bars(
    title: str,
    unit: str,
    rows: Sequence[tuple[Key, dict[str, float], str]],
    looks: dict[str, str],
    numbers: Table,
    numbered: bool = False,
) -> BarChart:
    """Draw amounts made of parts, a bar for each setup.

    Args:
        title: What they are.
        unit: The caption's second half.
        rows: For each setup, its parts by name in the order in which they are drawn, and the text
            at the end of its bar.
        looks: The CSS class of each part's name.
        numbers: The table below the chart.
        numbered: Whether parts carry numbers, which the legend explains.
    """
    order = {part: str(n) if numbered else "" for n, part in enumerate(looks, 1)}
    longest = max((sum(_amounts(parts)) for _, parts, _ in rows), default=0) or 1
    drawn = [
        Bar(key, index * ROW, list(_parts(parts, longest, looks, order)), text)
        for index, (key, parts, text) in enumerate(rows)
    ]
    return BarChart(
        title=title,
        unit=unit,
        summary=". ".join(f"{key.name}: {text}" for key, _, text in rows) or "Nothing to show",
        numbers=numbers,
        height=ROW * len(rows),
        bars=drawn,
        legend=[(looks[name], order[name], name) for name in looks if _is_used(name, rows)],
    )


def _cut(name: str, longest: int) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1].rstrip()}…"


def _letters(index: int) -> str:
    """Count as spreadsheets do: A, B … Z, AA, AB …"""
    rest, letter = divmod(index, 26)
    return (_letters(rest - 1) if rest else "") + chr(ord("A") + letter)


def _drawable(figures: dict[int, Spread]) -> dict[int, Spread]:
    """Leave out what is no number: latencies where nothing was answered."""
    return {
        many: f
        for many, f in sorted(figures.items())
        if all(map(math.isfinite, (f.low, f.median, f.high)))
    }


def _points(figures: dict[int, Spread], x: Scale, y: Scale, height: int) -> list[Point]:
    return [
        Point(
            _inside(x.place(many)),
            *(_down(y.place(value), height) for value in (f.median, f.low, f.high)),
        )
        for many, f in figures.items()
    ]


def _inside(share: float) -> float:
    return round(INSET + share * (OUTSET - INSET), 2)


def _down(share: float, height: int) -> float:
    return round((1 - share) * height, 1)


def _summary_of_lines(series: Series, write: Writer) -> str:
    def told(figures: dict[int, Spread]) -> str:
        first, last = min(figures), max(figures)
        ends = [first] if first == last else [first, last]
        return ", ".join(f"{write(figures[many].median)} at {many:,}" for many in ends)

    told_of = [f"{key.name}: {told(figures)}" for key, figures in series]
    if not told_of:
        return "Nothing was measured."
    return f"{count(len(told_of), 'line')}. {'; '.join(told_of)}."


def _amounts(parts: dict[str, float]) -> t.Iterator[float]:
    return (amount if math.isfinite(amount) and amount > 0 else 0 for amount in parts.values())


def _parts(
    parts: dict[str, float], longest: float, looks: dict[str, str], order: dict[str, str]
) -> t.Iterator[Part]:
    begin = 0.0
    for name, amount in zip(parts, _amounts(parts), strict=True):
        length = round(100 * amount / longest, 3)
        if length:
            number = order[name] if length >= ROOM_FOR_NUMBER else ""
            yield Part(round(begin, 3), length, looks[name], number)
        begin += length


def _is_used(name: str, rows: Sequence[tuple[Key, dict[str, float], str]]) -> bool:
    return any(parts.get(name, 0) > 0 for _, parts, _ in rows)
