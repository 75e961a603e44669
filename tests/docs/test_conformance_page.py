"""The page on conformance has the suites that are run, and accounts for each test that is lost."""

from __future__ import annotations

import importlib.util
import re
import sys
import typing as t

from .fenced import DOCS, ROOT

PAGE = (DOCS / "conformance.md").read_text("utf-8")
ROWS = re.findall(
    r"^\| ([\w-]+) ([\d.]+)[^|]* \| (\d+) \| (\d+) \(\d+ requests\) \| (\d+) \(\d+ requests\)"
    r" \| (\d+) \|$",
    PAGE,
    re.M,
)


def _suites() -> t.Any:
    path = ROOT / "tests" / "conformance" / "suites.py"
    spec = importlib.util.spec_from_file_location("conformance_suites", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module.SUITES


def test_the_table_has_every_suite_in_its_version() -> None:
    shown = [(name, version) for name, version, *_ in ROWS]
    assert shown == [(suite.name, suite.version) for suite in _suites().values()]


def test_each_lost_test_is_named_with_its_cause() -> None:
    lost = 0
    for name, _, *numbers in ROWS:
        flask, wsgi, asgi, difference = map(int, numbers)
        assert (flask - wsgi) + (flask - asgi) == difference, name
        lost += difference
    named = re.findall(r"^- `[\w/.:\[\]-]+`", PAGE.partition("## Lost tests")[2], re.M)
    assert (lost == 0) == (named == [])
