"""The order of the turns, and what their rounds make together."""

from __future__ import annotations

import pytest

from dualapp.lab.load import Found
from dualapp.lab.results import Spread
from dualapp.lab.turns import Measured, Turn, figures_of, one_round, spread

TURN = Turn("uvicorn", "GET /", 4)


def measured(rate, *, answered=100, cpu=0.2, errors=None, waiting=0, p99=0.03):
    found = Found(
        answered=answered,
        per_second=rate,
        mean=0.01,
        p50=0.01,
        p95=0.02,
        p99=p99,
        errors=errors or {},
        waiting=waiting,
        redirected=0,
    )
    return Measured(found=found, cpu=cpu, memory=1000)


def test_setups_take_turns_and_each_round_begins_with_another():
    first = list(one_round(0, ["a", "b"], ["GET /"], [1, 4]))
    assert first == [Turn(s, "GET /", n) for n, s in ((1, "a"), (1, "b"), (4, "a"), (4, "b"))]
    second = list(one_round(1, ["a", "b"], ["GET /"], [1, 4]))
    assert [turn.setup for turn in second] == ["b", "a", "b", "a"]
    assert set(first) == set(second)
    assert list(one_round(0, [], ["GET /"], [1])) == []


def test_a_spread():
    assert spread([3, 1, 2]) == Spread(median=2, low=1, high=3)


def test_rounds_become_figures():
    figures = figures_of(TURN, [measured(90), measured(110), measured(100, cpu=0.4)])
    assert figures.per_second == Spread(median=100, low=90, high=110)
    assert figures.cpu.median == pytest.approx(0.002)
    assert figures.cpu.high == pytest.approx(0.004)
    assert (figures.answered, figures.errors, figures.memory.median) == (300, {}, 1000)


def test_errors_are_added_up_and_a_round_without_answers_counts_as_none():
    rounds = [
        measured(90, errors={"status 500": 2}),
        measured(0, answered=0, errors={"status 500": 1}, waiting=3, p99=10.0),
    ]
    figures = figures_of(TURN, rounds)
    assert figures.per_second == spread([90, 0])
    assert figures.p99 == spread([0.03, 10.0])
    assert figures.cpu == spread([0.002])
    assert figures.errors == {"status 500": 3, "no answer in time": 3}
    assert figures_of(TURN, rounds[1:]) is None


def test_a_round_that_only_failed_says_nothing_about_latencies():
    failed = measured(0, answered=0, errors={"status 500": 1}, p99=0.0)
    figures = figures_of(TURN, [measured(90), failed, failed])
    assert figures.per_second == Spread(median=0, low=0, high=90)
    assert figures.p99 == spread([0.03])
