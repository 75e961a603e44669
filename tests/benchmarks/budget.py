"""What dualapp is held to: the goals of ``budget.toml``, and whether a table meets them."""

from __future__ import annotations

import tomllib
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .table import Table

Bound = t.Literal["at_most", "at_least"]

_BOUNDS: tuple[Bound, ...] = ("at_most", "at_least")
_FILE = Path(__file__).with_name("budget.toml")


@dataclass(frozen=True)
class Goal:
    """A row is to have at most, or at least, so much in one column.

    Attributes:
        command: The command that measures it.
        column: The name of the column.
        row: The row that is judged.
        reference: The row that it is compared with; None if the limit is in the column's unit.
        bound: On which side of the limit it is to be.
        limit: How many times what the reference has, or how much.
    """

    command: str
    column: str
    row: str
    reference: str | None
    bound: Bound
    limit: float

    def is_met_by(self, value: float) -> bool:
        """Tell whether what was measured is within the limit."""
        return value <= self.limit if self.bound == "at_most" else value >= self.limit

    def __str__(self) -> str:
        limit = f"{self.bound.replace('_', ' ')} {_number(self.limit)}"
        of = f" of {self.reference}" if self.reference else ""
        return f"{self.command}, {self.column}: {self.row}, {limit}{of}"


@dataclass(frozen=True)
class Verdict:
    """A goal, and what was measured; None if one of the rows was not."""

    goal: Goal
    value: float | None

    @property
    def is_met(self) -> bool:
        return self.value is not None and self.goal.is_met_by(self.value)

    def __str__(self) -> str:
        if self.value is None:
            return f"----  {self.goal}: not measured"
        return f"{'pass' if self.is_met else 'FAIL'}  {self.goal}: {_number(self.value)}"


def read() -> dict[str, list[dict[str, t.Any]]]:
    """Read the file: the entries of each command."""
    with _FILE.open("rb") as file:
        return tomllib.load(file)


def goals() -> list[Goal]:
    """Give all goals, in the order of the file."""
    entries = ((command, entry) for command, entries in read().items() for entry in entries)
    return [goal for command, entry in entries for goal in _goals_of(command, entry)]


def _goals_of(command: str, entry: dict[str, t.Any]) -> Iterator[Goal]:
    for bound in _BOUNDS:
        for column, limit in entry.get(bound, {}).items():
            yield Goal(command, column, entry["row"], entry.get("reference"), bound, limit)


def verdicts(table: Table) -> list[Verdict]:
    """Judge all goals of the command that made a table."""
    return [
        Verdict(goal, table.value(goal.column, goal.row, goal.reference))
        for goal in goals()
        if goal.command == table.command
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
