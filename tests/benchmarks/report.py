"""A table as text for people and as JSON for programs, each with the verdicts."""

from __future__ import annotations

import importlib.metadata
import platform
import typing as t
from collections.abc import Iterator

from .budget import verdicts
from .table import Column, Table

#: Whose versions are named, where they are installed.
_DISTRIBUTIONS = (
    "dualapp",
    "werkzeug",
    "flask",
    "falcon",
    "quart",
    "starlette",
    "fastapi",
    "a2wsgi",
    "asgiref",
    "gunicorn",
    "uvicorn",
    "hypercorn",
    "granian",
)


def text_of(table: Table) -> str:
    """Write the table, what is missing from it, and the verdicts on what was measured."""
    what = machine()
    versions = ", ".join(f"{name} {version}" for name, version in what["versions"].items())
    lines = [f"{what['python']}, {what['platform']}", versions, table.note, ""]
    lines += _lines(table)
    lines += ["", *(f"not measured: {reason}" for reason in table.left_out)]
    lines += [str(verdict) for verdict in verdicts(table) if verdict.value is not None]
    return "\n".join(lines)


def data_of(table: Table) -> dict[str, t.Any]:
    """Give the same as values for JSON, with every round."""
    return {
        "command": table.command,
        "machine": machine(),
        "columns": [_column_data(column) for column in table.columns],
        "not_measured": list(table.left_out),
        "verdicts": [
            {"is_met": verdict.is_met, "measured": verdict.value, "text": str(verdict)}
            for verdict in verdicts(table)
        ],
    }


def machine() -> dict[str, t.Any]:
    """Tell what was measured, and on what."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "versions": dict(_versions()),
    }


def _versions() -> Iterator[tuple[str, str]]:
    for name in _DISTRIBUTIONS:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue


def _column_data(column: Column) -> dict[str, t.Any]:
    return {
        "column": column.name,
        "unit": column.unit,
        "rows": [
            {
                "row": row,
                "median": figures.median,
                "ratio": column.ratio(row),
                "reference": column.references.get(row),
                "rounds": figures.rounds,
            }
            for row, figures in column.figures.items()
        ],
    }


def _lines(table: Table) -> list[str]:
    """Draw the table: the rows' names to the left, everything else to the right."""
    rows = table.rows
    drawn = [_left(["", "", *rows])]
    drawn += [_right([column.title, *_cells(column, rows)]) for column in table.columns]
    if any(len(figures.rounds) > 1 for c in table.columns for figures in c.figures.values()):
        drawn.append(_right(["", "spread", *(f"{table.spread(row):.0%}" for row in rows)]))
    return ["  ".join(parts).rstrip() for parts in zip(*drawn, strict=True)]


def _cells(column: Column, rows: list[str]) -> list[str]:
    """Write a column: figures, and ratios where it has any."""
    figures = [_figure(column, row) for row in rows]
    if not column.references:
        return [column.unit, *figures]
    ratios = ("-" if r is None else f"{r:.2f}" for r in map(column.ratio, rows))
    pairs = zip([column.unit, *figures], ["ratio", *ratios], strict=True)
    return [f"{figure} {ratio:>5}" for figure, ratio in pairs]


def _figure(column: Column, row: str) -> str:
    if row not in column.figures:
        return "-"
    value = column.figures[row].median
    return f"{value:.1f}" if value % 1 and abs(value) < 100 else f"{value:,.0f}"


def _left(cells: list[str]) -> list[str]:
    width = max(map(len, cells))
    return [cell.ljust(width) for cell in cells]


def _right(cells: list[str]) -> list[str]:
    width = max(map(len, cells))
    return [cell.rjust(width) for cell in cells]
