"""The reports in the docs are what the tool makes of the results kept beside them."""

from __future__ import annotations

import re

import pytest

from dualapp.lab.jsonfile import loads

from .reports import DOCS, REPORTS, SHOWN, file_of, reports

NAMES = ["packaged", "shop"]
PAGE = (DOCS / "tradeoff.md").read_text("utf-8")


def test_both_are_there():
    assert list(reports()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_report_is_what_its_results_give(name):
    """If this fails: ``python -m tests.docs.reports``."""
    assert (REPORTS / f"{name}.html").read_text("utf-8") == reports()[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_report_names_the_machine_and_nothing_private(name):
    text = (REPORTS / f"{name}.json").read_text("utf-8")
    machine = loads(text).machine
    assert machine.processor
    assert machine.cores >= 1
    assert not re.search(r"/(home|root|tmp|work|Users)/", text)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_leads_to_it(name):
    assert f'href="reports/{name}.html"' in PAGE


@pytest.mark.parametrize("name", SHOWN)
def test_a_picture_is_there_in_both_schemes_with_a_text(name):
    for scheme in ("light", "dark"):
        assert file_of(name, scheme).read_bytes().startswith(b"\x89PNG")
        shown = re.search(rf"```{{image}} _static/{name}-{scheme}.png\n(.*?)```", PAGE, re.S)
        assert shown is not None
        assert re.search(r"^:alt: \S.{60,}$", shown[1], re.M)
        assert f":class: only-{scheme}" in shown[1]
