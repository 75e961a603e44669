"""Percentiles, and the requests that a waiting client did not send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualapp.lab.percentiles import corrected, percentile


def test_what_was_left_out_during_a_stall_is_put_in():
    # A connection that asks each second waits for five: four more would have asked meanwhile.
    assert corrected([1.0, 1.0, 5.0], 1.0) == [1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_an_even_pace_needs_no_correction():
    assert corrected([1.0, 0.9, 1.9], 1.0) == [0.9, 1.0, 1.9]


def test_without_an_interval_nothing_is_corrected():
    assert corrected([3.0, 1.0], 0) == [1.0, 3.0]


@given(st.lists(st.floats(0.001, 10), min_size=1, max_size=50))
def test_a_closed_loop_is_at_most_doubled(latencies):
    mean = sum(latencies) / len(latencies)
    found = corrected(latencies, mean)
    assert len(latencies) <= len(found) <= 2 * len(latencies)
    assert max(found) == max(latencies)


@pytest.mark.parametrize(
    ("percent", "value"), [(1, 1), (50, 5), (50.1, 6), (90, 9), (99, 10), (100, 10)]
)
def test_a_percentile_is_a_value_that_was_measured(percent, value):
    assert percentile(range(1, 11), percent) == value


def test_the_percentiles_of_one_value():
    assert percentile([7.0], 50) == percentile([7.0], 99) == 7.0


def test_nothing_is_left_out_after_the_end():
    assert corrected([1.0], 0.25, [(1.0, 0.25)]) == [0.25, 0.5, 0.75, 0.75, 1.0, 1.0]
    assert corrected([], 0.25, [(1.0, 0.0)]) == [1.0]
