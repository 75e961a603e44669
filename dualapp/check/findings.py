"""What was found, and which of it is asked for."""

from __future__ import annotations

import linecache
import re
import typing as t
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .codes import Code

#: Silences a line for the codes that it names: ``# dualapp: ignore[DA101, DA203]``.
_IGNORE = re.compile(r"#\s*dualapp:\s*ignore\[([\w\s,]*)\]")


@dataclass(frozen=True, order=True)
class Place:
    """Where something is.

    Attributes:
        file: An absolute path.
        line: The line to show.
        first: The first line on which a comment may silence a finding here.
        last: The last one.
    """

    file: str
    line: int
    first: int
    last: int


class Step(t.NamedTuple):
    """A function on the way to a finding."""

    function: str
    place: Place


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        code: Which kind.
        what: What it is, in this application.
        place: Where it is; None if no line of code is to blame.
        fix: What to do, if it is more than what the code says.
        chain: The functions that lead there, from the registered one on.
    """

    code: Code
    what: str
    place: Place | None = None
    fix: str = ""
    chain: tuple[Step, ...] = ()

    @property
    def advice(self) -> str:
        """What to do."""
        return f"{self.fix} {self.code.fix}".strip()

    @property
    def is_silenced(self) -> bool:
        """Whether a comment at its place says so."""
        return self.place is not None and self.code.name in _silenced(self.place)


def chosen(
    findings: Iterable[Finding], select: Collection[str], ignore: Collection[str]
) -> list[Finding]:
    """Give the findings that are asked for, in the order of their places.

    Args:
        findings: All of them.
        select: Codes, or beginnings of codes such as ``DA1``; empty means all.
        ignore: Likewise, what to leave out.
    """
    wanted = {
        finding
        for finding in findings
        if (not select or finding.code.name.startswith(tuple(select)))
        and not finding.code.name.startswith(tuple(ignore))
        and not finding.is_silenced
    }
    return sorted(wanted, key=_order)


def _order(finding: Finding) -> tuple[int, str, str, int, str]:
    place = finding.place
    file, line = ("", 0) if place is None else (place.file, place.line)
    return (-finding.code.severity, finding.code.name, file, line, finding.what)


def _silenced(place: Place) -> set[str]:
    names: set[str] = set()
    for number in range(place.first, place.last + 1):
        for codes in _IGNORE.findall(linecache.getline(place.file, number)):
            names.update(codes.replace(",", " ").split())
    return names
