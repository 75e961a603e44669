"""What a command measured: one row for each peer, one column for each thing that was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .timing import Figures


@dataclass(frozen=True)
class Column:
    """One thing that was measured of all rows that have it.

    Attributes:
        name: As ``budget.toml`` has it.
        title: As people read it.
        unit: Of the figures.
        figures: What was measured, by the row's name.
        references: The row with which a row is compared in the table, by the row's name.
    """

    name: str
    title: str
    unit: str
    figures: Mapping[str, Figures]
    references: Mapping[str, str] = field(default_factory=dict)

    def ratio(self, row: str) -> float | None:
        """Compare a row with its reference; None if one of them was not measured."""
        reference = self.references.get(row)
        return None if reference is None else self.value(row, reference)

    def value(self, row: str, reference: str | None) -> float | None:
        """Give a row's median, or its ratio to another row; None if there is none."""
        if row not in self.figures:
            return None
        if reference is None:
            return self.figures[row].median
        if reference not in self.figures:
            return None
        return self.figures[row].ratio_to(self.figures[reference])


@dataclass(frozen=True)
class Table:
    """All that a command measured.

    Attributes:
        command: Its name.
        note: How to read the table.
        columns: In the order in which they are printed.
        left_out: What could not be measured, and why.
    """

    command: str
    note: str
    columns: Sequence[Column]
    left_out: Sequence[str] = ()

    @property
    def rows(self) -> list[str]:
        """The names of all rows, in the order in which they first appear."""
        return list(dict.fromkeys(row for column in self.columns for row in column.figures))

    def value(self, column: str, row: str, reference: str | None) -> float | None:
        """Give what one column has, see :meth:`Column.value`."""
        found = (c.value(row, reference) for c in self.columns if c.name == column)
        return next(found, None)

    def spread(self, row: str) -> float:
        """Give the widest spread of a row's columns."""
        return max(c.figures[row].spread for c in self.columns if row in c.figures)
