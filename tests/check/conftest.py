"""Applications made of text: a comment ``#! DA101`` says what is to be found on its line."""

from __future__ import annotations

import importlib
import itertools
import re
import sys
import textwrap
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dualapp.check.findings import Finding
from dualapp.check.run import Report, check

_numbers = itertools.count()

#: Line and code.
Spot = tuple[int, str]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Import a module made of text."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)

    def load(text: str, name: str = "") -> ModuleType:
        name = name or f"checked_{next(_numbers)}"
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text), "utf-8")
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield load
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]


@pytest.fixture
def report_on(load: Callable[..., ModuleType]) -> Callable[..., Report]:
    """Check the ``app`` of a module made of text."""

    def report_on(text: str, **options: t.Any) -> Report:
        return check(load(text).app, **options)

    return report_on


@pytest.fixture
def found_as_marked(load: Callable[..., ModuleType]) -> Callable[[str], list[Finding]]:
    """Check a module made of text, whose marks must be what is found; gives the findings."""

    def found_as_marked(text: str, of: str = "DA") -> list[Finding]:
        module = load(text)
        findings = check(module.app, select=(of,)).findings
        assert module.__file__ is not None
        assert {_spot(finding, module.__file__) for finding in findings} == _marks_in(text)
        return findings

    return found_as_marked


def _spot(finding: Finding, file: str) -> Spot:
    assert finding.place is not None
    assert finding.place.file == file
    return finding.place.line, finding.code.name


def _marks_in(text: str) -> set[Spot]:
    lines = textwrap.dedent(text).splitlines()
    marked = (
        (number, mark)
        for number, line in enumerate(lines, 1)
        for mark in re.findall(r"#! (.*)", line)
    )
    return {(number, code) for number, mark in marked for code in mark.split()}
