"""The HTML page in a real browser: wide and narrow, light and dark."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from dualapp.lab.page import render

from .chromium import Scheme, look
from .made_up import crowded, empty, lossy, results, single_point, with_name

WIDTHS = [1280, 600, 360, 320]
PAGES = {
    "usual": results(),
    "crowded": crowded(),
    "lossy": lossy(),
    "one point": single_point(),
    "nothing": empty(),
    "long names": with_name("GET_/a/path/without/an/end" * 8),
}
CASES: list[tuple[str, Scheme]] = [*((name, "light") for name in PAGES), ("usual", "dark")]


@pytest.mark.parametrize(("name", "scheme"), CASES)
def test_a_page_fits_and_the_text_of_its_charts_can_be_read(
    name: str, scheme: Scheme, tmp_path: Path
) -> None:
    pages, console = look(render(PAGES[name]), WIDTHS, scheme, tmp_path)
    assert console == ""
    assert [page.width for page in pages] == WIDTHS
    for page in pages:
        assert page.needed <= page.width
        assert page.ground == {"light": "rgb(252, 252, 250)", "dark": "rgb(20, 23, 27)"}[scheme]
        assert page.pictures
        for texts in page.pictures:
            assert texts
            covered = [
                (one.text, other.text)
                for one, other in itertools.combinations(texts, 2)
                if one.covers(other)
            ]
            assert covered == [], f"at {page.width} pixels"
            cut = [text for text in texts if text.left < 0 or text.right > page.width]
            assert cut == [], f"at {page.width} pixels"
