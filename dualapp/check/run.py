"""From an application to a report."""

from __future__ import annotations

import typing as t
from collections.abc import Collection
from dataclasses import dataclass

from . import blocking, kept, placement, setup, streams
from .application import Hook, Registered, View
from .codes import Severity
from .findings import Finding, Place, chosen
from .sidelines import lines_of

if t.TYPE_CHECKING:
    from ..app import DualApp

FINDERS = (blocking.find, placement.find, kept.find, streams.find, setup.find)


@dataclass(frozen=True)
class ViewReport:
    """One view.

    Attributes:
        endpoint: Its name.
        rules: The URLs that lead to it, each with its methods.
        colour: ``sync``, ``async``, ``nonblocking``, or what is mixed.
        package: The installed package that it is from; None for the user's own.
        place: Where it is; None if that is not known.
        wsgi: What it does on the WSGI side.
        asgi: What it does on the ASGI side.
    """

    endpoint: str
    rules: list[str]
    colour: str
    package: str | None
    place: Place | None
    wsgi: str
    asgi: str


@dataclass(frozen=True)
class HookReport:
    """One hook around views.

    Attributes:
        kind: ``before_request`` and the like.
        name: The function's name.
        colour: ``sync``, ``async`` or ``nonblocking``.
        blueprint: The blueprint that it is registered for; None for all requests.
        package: The installed package that it is from; None for the user's own.
        place: Where it is, if it is the user's own.
    """

    kind: str
    name: str
    colour: str
    blueprint: str | None
    package: str | None
    place: Place | None


@dataclass(frozen=True)
class Report:
    """What was found out about an application.

    Attributes:
        name: The application's name.
        loop: Its ``WSGI_EVENT_LOOP``.
        views: In the order of their endpoints.
        hooks: In the order in which they are registered.
        extensions: The keys of ``app.extensions``.
        findings: Those that were asked for, the worst first.
    """

    name: str
    loop: str
    views: list[ViewReport]
    hooks: list[HookReport]
    extensions: list[str]
    findings: list[Finding]

    def count(self, severity: Severity) -> int:
        """Count the findings of a severity."""
        return sum(finding.code.severity is severity for finding in self.findings)

    def has_any(self, severity: Severity) -> bool:
        """Tell whether there is a finding of this severity, or a worse one."""
        return any(finding.code.severity >= severity for finding in self.findings)


def check(app: DualApp, select: Collection[str] = (), ignore: Collection[str] = ()) -> Report:
    """Read an application.

    Args:
        app: The application, with all that is registered on it.
        select: Codes, or beginnings of codes, to report; empty means all.
        ignore: Likewise, what to leave out.
    """
    registered = Registered(app)
    findings = [finding for find in FINDERS for finding in find(registered)]
    return Report(
        name=app.name,
        loop=str(app.config["WSGI_EVENT_LOOP"]),
        views=[_view(view, registered) for view in registered.views],
        hooks=[_hook(hook) for hook in registered.hooks],
        extensions=sorted(map(str, app.extensions)),
        findings=chosen(findings, select, ignore),
    )


def _view(view: View, registered: Registered) -> ViewReport:
    lines = lines_of(view, registered)
    return ViewReport(
        endpoint=view.endpoint,
        rules=view.rules,
        colour=_colour_of(view),
        package=None if view.place else view.package,
        place=view.place,
        wsgi=lines.wsgi,
        asgi=lines.asgi,
    )


def _colour_of(view: View) -> str:
    if view.is_async:
        return "async"
    if len(view.colours) > 1:
        return "sync + async"
    if view.hides_async:
        return "async, behind a sync decorator"
    return "nonblocking" if view.runs_on_loop else "sync"


def _hook(hook: Hook) -> HookReport:
    colour = "async" if hook.is_async else "nonblocking" if hook.runs_on_loop else "sync"
    package = None if hook.place else hook.package
    return HookReport(hook.kind, hook.name, colour, hook.blueprint, package, hook.place)
