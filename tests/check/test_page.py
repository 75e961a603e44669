"""The page ``docs/check.md``: its examples are checked, and its output is what is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dualapp.check.codes import CODES
from dualapp.check.report import text_of
from dualapp.check.run import check

PAGE = (Path(__file__).parents[2] / "docs" / "check.md").read_text("utf-8")
SECTION = re.compile(r"^### (DA\d+) \((\w+)\): ([^\n]+)\n\n(?:```python\n(.*?)```)?", re.M | re.S)
SECTIONS = [found.groups() for found in SECTION.finditer(PAGE)]
#: These need an installed package to be shown; test_examples.py has them.
OF_PACKAGES = {"DA204", "DA206", "DA208"}

HEAD = """
import asyncio
import functools
import time
import urllib.request
from pathlib import Path

from dualapp import DualApp, Response, g, nonblocking, request, session
from dualapp.views import MethodView

app = DualApp(__name__)

async def ask(what):
    return what

class SomeMiddleware:
    def __init__(self, inner):
        self.inner = inner
    def __call__(self, *args):
        return self.inner(*args)

"""


def test_each_code_is_there_with_its_severity():
    told = [(code, severity, title) for code, severity, title, _ in SECTIONS]
    assert told == [(code.name, str(code.severity), code.title) for code in CODES.values()]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section[0])
def test_the_example_of_a_code_is_found(load, section):
    code, _, _, example = section
    if code in OF_PACKAGES:
        assert example is None
        return
    if "httpx" in example:
        pytest.importorskip("httpx")
        example = f"import httpx\n{example}"
    text = HEAD + example
    found = check(load(text).app).findings
    marked = {
        (number, name)
        for number, line in enumerate(text.splitlines(), 1)
        for name in re.findall(r"DA\d+", line)
    }
    assert {each.code.name for each in found} == {code, *(name for _, name in marked)}
    assert {(each.place.line, each.code.name) for each in found if each.place} == marked


def test_the_output_is_what_is_written(load, tmp_path):
    example = PAGE.partition("```python\n")[2].partition("```")[0]
    output = PAGE.partition("```text\n")[2].partition("```")[0]
    assert text_of(check(load(example, "shop").app)) + "\n" == output
