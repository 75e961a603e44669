"""The goals of the benchmarks name what the benchmarks measure. Nothing is timed here."""

from __future__ import annotations

import importlib

import pytest

from .benchmarks import __main__ as benchmarks
from .benchmarks import budget, table
from .benchmarks.timing import Figures

GOALS = budget.goals()


@pytest.mark.parametrize("goal", GOALS, ids=str)
def test_a_goal_names_a_column_and_rows_of_its_command(goal: budget.Goal) -> None:
    command = importlib.import_module(f".{goal.command}", benchmarks.__package__)
    assert goal.column in command.COLUMNS
    assert goal.row in command.ROWS
    assert goal.reference is None or goal.reference in command.ROWS
    assert goal.limit > 0


def test_every_command_has_goals() -> None:
    assert {goal.command for goal in GOALS} == set(benchmarks.COMMANDS)


def test_no_goal_is_there_twice() -> None:
    names = [(goal.command, goal.column, goal.row, goal.reference) for goal in GOALS]
    assert len(set(names)) == len(names)


def test_the_file_has_nothing_but_goals() -> None:
    """A misspelt key would silently be no goal."""
    entries = [e for entries in budget.read().values() for e in entries]
    assert {key for e in entries for key in e} <= {"row", "reference", "at_most", "at_least"}
    assert all("at_most" in e or "at_least" in e for e in entries)


@pytest.mark.parametrize(
    ("bound", "ours", "is_met"),
    [
        ("at_most", 4.0, True),
        ("at_most", 6.0, False),
        ("at_least", 6.0, True),
        ("at_least", 4.0, False),
    ],
)
def test_a_goal_is_judged_by_the_ratio(bound: budget.Bound, ours: float, is_met: bool) -> None:
    goal = budget.Goal("inprocess", "hello", "ours", "theirs", bound, 0.5)
    figures = {"ours": Figures([ours] * 3), "theirs": Figures([10.0] * 3)}
    value = table.Column("hello", "hello", "CPU µs", figures).value("ours", "theirs")
    assert budget.Verdict(goal, value).is_met is is_met


def test_a_goal_that_was_not_measured_is_not_met() -> None:
    assert not any(verdict.is_met for verdict in budget.verdicts(table.Table("served", "", [])))
