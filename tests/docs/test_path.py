"""The diagrams of a request's path: complete in themselves, told in words too, readable."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ..lab.chromium import Scheme, look
from .fenced import DOCS

DIAGRAMS = sorted((DOCS / "_static").glob("path-*.svg"))
SVG = "{http://www.w3.org/2000/svg}"


def test_there_is_a_diagram_for_each_side_and_colour_and_the_page_shows_it() -> None:
    names = [
        f"path-{side}-{colour}.svg" for side in ("wsgi", "asgi") for colour in ("sync", "async")
    ]
    assert {diagram.name for diagram in DIAGRAMS} == set(names)
    shown = re.findall(r"^:file: _static/(\S+)$", (DOCS / "path.md").read_text("utf-8"), re.M)
    assert shown == names


@pytest.mark.parametrize("diagram", DIAGRAMS, ids=lambda path: path.stem)
def test_a_diagram_is_told_in_words_and_needs_no_other_file(diagram: Path) -> None:
    source = diagram.read_text("utf-8")
    root = ElementTree.fromstring(source)
    title, description = root.findall(f"{SVG}title") + root.findall(f"{SVG}desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text
    assert "view" in (description.text or "")
    assert not re.search(r"href|url\(|@import|<script", source)


def test_hops_are_drawn_on_the_asgi_side_alone() -> None:
    hops = {
        diagram.stem: len(
            [e for e in ElementTree.parse(diagram).iter(f"{SVG}path") if e.get("class") == "hop"]
        )
        for diagram in DIAGRAMS
    }
    assert hops == {
        "path-asgi-async": 3,
        "path-asgi-sync": 2,
        "path-wsgi-async": 0,
        "path-wsgi-sync": 0,
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_text_of_a_diagram_can_be_read(scheme: Scheme, tmp_path: Path) -> None:
    drawn = "\n".join(diagram.read_text("utf-8") for diagram in DIAGRAMS)
    page = f'<!doctype html><meta name="color-scheme" content="light dark"><body>{drawn}'
    pages, console = look(page, [800, 320], scheme, tmp_path)
    assert console == ""
    for seen in pages:
        assert seen.needed <= seen.width
        assert len(seen.pictures) == len(DIAGRAMS)
        for texts in seen.pictures:
            pairs = itertools.combinations(texts, 2)
            assert [(a.text, b.text) for a, b in pairs if a.covers(b)] == []
