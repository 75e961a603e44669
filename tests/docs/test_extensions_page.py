"""The page on extensions has the table of the trials, and the figures of the own tests."""

from __future__ import annotations

import re

import pytest

from ..extensions.trial.environment import versions
from ..extensions.trial.kit import all_trials
from ..extensions.trial.table import cases, page_with, table_of
from .fenced import DOCS

PAGE = (DOCS / "extensions.md").read_text("utf-8")
TRIALS = all_trials()


def test_the_table_of_trials_is_what_is_recorded() -> None:
    recorded = {name: trial.fails for name, trial in TRIALS.items()}
    assert page_with(table_of(TRIALS, versions(), recorded), PAGE) == PAGE, "run it with --write"


@pytest.mark.parametrize("name", TRIALS)
def test_a_trial_says_what_it_tries(name: str) -> None:
    trial = TRIALS[name]
    assert trial.run.__doc__
    assert set(trial.fails) <= set(cases())


def test_the_figures_of_the_own_tests_are_those_of_the_page_on_conformance() -> None:
    row = r"^\| ([\w-]+ [\d.]+) \| (\d+) \| (\d+)(?: \(\d+ requests\))? \| (\d+)"
    measured = re.findall(row, (DOCS / "conformance.md").read_text("utf-8"), re.M)
    shown = re.findall(row, PAGE.partition("## Trials")[0], re.M)
    assert shown
    assert set(shown) == {found for found in measured if not found[0].startswith("flask 3")}
