"""The report as text, for a terminal of 100 columns."""

from __future__ import annotations

import itertools
import os
import textwrap
from collections.abc import Iterable, Iterator

from .codes import Code, Severity
from .findings import Finding, Place
from .run import HookReport, Report, ViewReport
from .sidelines import counted

_WIDTH = 100


def text_of(report: Report) -> str:
    """Write a report."""
    return "\n".join(_lines_of(report))


def shown(place: Place | None) -> str:
    """Show a place as editors and terminals understand it, relative to this folder if below it."""
    if place is None:
        return ""
    return f"{relative(place.file)}:{place.line}"


def relative(file: str) -> str:
    """Show a path relative to this folder, if it is below it."""
    folder = os.getcwd() + os.sep
    return file.removeprefix(folder)


def summary_of(report: Report) -> str:
    """Say in a line how many findings there are."""
    counts = [(report.count(severity), str(severity)) for severity in reversed(Severity)]
    said = [counted(number, noun) for number, noun in counts if number]
    return ", ".join(said) or "nothing found"


def _lines_of(report: Report) -> Iterator[str]:
    views = counted(len(report.views), "view")
    yield f'{report.name}: {views}, WSGI_EVENT_LOOP="{report.loop}"'
    for view in report.views:
        yield ""
        yield from _view(view)
    if report.hooks:
        yield from ("", "Hooks around views")
        yield from _table([_hook(hook) for hook in report.hooks])
    if report.extensions:
        yield ""
        yield from _wrapped("Extensions: ", ", ".join(report.extensions))
    for code, findings in itertools.groupby(report.findings, lambda each: each.code):
        yield ""
        yield from _findings(code, findings)
    yield from ("", f"{report.name}: {summary_of(report)}.")


def _view(view: ViewReport) -> Iterator[str]:
    yield f"{view.endpoint}  {view.colour}  {_origin(view)}"
    for rule in view.rules:
        yield f"    {rule}"
    yield from _wrapped("    WSGI: ", view.wsgi)
    yield from _wrapped("    ASGI: ", view.asgi)


def _hook(hook: HookReport) -> tuple[str, ...]:
    return hook.kind, hook.name, hook.colour, hook.blueprint or "", _origin(hook)


def _origin(registered: ViewReport | HookReport) -> str:
    if registered.place is None:
        return f"of {registered.package}" if registered.package else "(no source)"
    return shown(registered.place)


def _findings(code: Code, findings: Iterable[Finding]) -> Iterator[str]:
    yield f"{code.name} {code.severity}: {code.title}"
    yield from _wrapped("    Why: ", code.why)
    yield from _wrapped("    Fix: ", code.fix)
    for finding in findings:
        where = f"{shown(finding.place)}: " if finding.place else ""
        yield from _wrapped("  - ", f"{where}{finding.what}. {finding.fix}".rstrip(), " " * 6)


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    columns = [column for column in zip(*rows, strict=True) if any(column)]
    widths = [max(map(len, column)) for column in columns]
    for row in zip(*columns, strict=True):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"    {'  '.join(cells)}".rstrip()


def _wrapped(start: str, text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=indent or " " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )
