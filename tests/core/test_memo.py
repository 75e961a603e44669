"""The one cache that there is."""

from __future__ import annotations

import pytest

from dualapp.core.memo import LONG, Memo


def test_a_result_is_worked_out_once():
    asked = []
    memo = Memo(lambda argument: asked.append(argument) or len(asked))
    assert [memo["a"], memo["b"], memo["a"]] == [1, 2, 1]
    assert asked == ["a", "b"]


def test_an_error_is_not_kept():
    memo = Memo(lambda argument: 1 / argument)
    with pytest.raises(ZeroDivisionError):
        memo[0]
    assert memo == {}


@pytest.mark.parametrize("text", ["x", b"x"])
def test_what_clients_make_up_does_not_fill_the_memory(text):
    memo = Memo(len, limit=10)
    for length in range(1, 200):
        assert memo[text * length] == length
        assert len(memo) <= 10
    assert memo[text * (LONG + 1)] == LONG + 1
    assert text * (LONG + 1) not in memo
    assert memo[text * LONG] == LONG
    assert text * LONG in memo
