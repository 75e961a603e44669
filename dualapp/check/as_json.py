"""The report as JSON. ``docs/check.md`` documents the layout; what is there stays there."""

from __future__ import annotations

import typing as t

from .codes import Severity
from .findings import Finding, Place
from .report import relative
from .run import Report

#: Counted up when something is taken away or changes its meaning, not when something is added.
LAYOUT = 1


def json_of(report: Report) -> dict[str, t.Any]:
    """Give a report as an object for ``json.dumps``."""
    return {
        "layout": LAYOUT,
        "app": report.name,
        "wsgi_event_loop": report.loop,
        "views": [
            {
                "endpoint": view.endpoint,
                "rules": view.rules,
                "colour": view.colour,
                "package": view.package,
                **_place(view.place),
                "wsgi": view.wsgi,
                "asgi": view.asgi,
            }
            for view in report.views
        ],
        "hooks": [
            {
                "kind": hook.kind,
                "name": hook.name,
                "colour": hook.colour,
                "blueprint": hook.blueprint,
                "package": hook.package,
                **_place(hook.place),
            }
            for hook in report.hooks
        ],
        "extensions": report.extensions,
        "findings": [_finding(finding) for finding in report.findings],
        "counts": {str(severity): report.count(severity) for severity in reversed(Severity)},
    }


def _finding(finding: Finding) -> dict[str, t.Any]:
    return {
        "code": finding.code.name,
        "severity": str(finding.code.severity),
        **_place(finding.place),
        "title": finding.code.title,
        "what": finding.what,
        "why": finding.code.why,
        "fix": finding.advice,
        "chain": [{"function": step.function, **_place(step.place)} for step in finding.chain],
    }


def _place(place: Place | None) -> dict[str, t.Any]:
    if place is None:
        return {"file": None, "line": None}
    return {"file": relative(place.file), "line": place.line}
