"""Results as JSON."""

from __future__ import annotations

import json

import pytest

from dualapp.lab.advice import advise
from dualapp.lab.jsonfile import dumps, loads

from . import small_results


def test_there_and_back():
    found = [small_results.figures(small_results.SYNC, "GET /report", 10, errors={"status 500": 1})]
    parts = {"dualapp": 0.001, "view, waiting": 0.2}
    results = small_results.results(found, parts=parts, waits_at="shop, line 7", notes=["A note."])
    assert results.advice is None
    assert loads(dumps(results)) == results
    advised = small_results.results(found, parts=parts, advice=advise(results))
    assert loads(dumps(advised)) == advised


@pytest.mark.parametrize("text", ["[]", "{}", json.dumps({"format": 999})])
def test_another_layout_is_refused(text):
    with pytest.raises(ValueError, match="its format is"):
        loads(text)
