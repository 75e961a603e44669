"""Figures as people read them: short, with a unit, rounded to what can be trusted.

Below ten that is two digits, since no machine gives the same figure twice to more of them.
"""

from __future__ import annotations

import math
import typing as t
from collections.abc import Callable, Sequence
from datetime import datetime

from .results import Spread

#: Makes text of a figure, its unit included.
Writer: t.TypeAlias = Callable[[float], str]

#: Written where there is no figure.
NOTHING = "\N{EN DASH}"


def number(value: float) -> str:
    """Write a number as short as it can be trusted: ``1,234``, ``57``, ``0.25``."""
    if not math.isfinite(value):
        return NOTHING
    if abs(value) >= 1e15:
        return f"{value:.2g}"
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if abs(value) >= size:
            return f"{number(value / size)} {letter}"
    if abs(value) >= 10:
        return f"{value:,.0f}"
    return f"{float(f'{value:.2g}'):g}"


def rate(per_second: float) -> str:
    """Write requests per second: ``1,234/s``."""
    written = number(per_second)
    return written if written == NOTHING else f"{written}/s"


def duration(seconds: float) -> str:
    """Write a time given in seconds: ``12 ms``, ``850 µs``."""
    if not math.isfinite(seconds):
        return NOTHING
    if seconds == 0:
        return "0 s"
    if seconds < 999.5e-6:
        return f"{number(seconds * 1e6)} µs"
    if seconds < 0.9995:
        return f"{number(seconds * 1e3)} ms"
    return f"{number(seconds)} s"


def run_time(seconds: float) -> str:
    """Write how long something took that people waited for: ``45 s``, ``7 min``."""
    return duration(seconds) if seconds < 120 else f"{seconds / 60:,.0f} min"


def size(octets: float) -> str:
    """Write an amount of memory given in bytes: ``48 MB``; a kilobyte is 1,000 bytes."""
    if not math.isfinite(octets):
        return NOTHING
    for unit, letters in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if octets >= unit:
            return f"{number(octets / unit)} {letters}"
    return f"{number(octets)} bytes"


def count(many: int, one: str, more: str = "") -> str:
    """Write how many there are: ``1 request``, ``3 requests``.

    Args:
        many: The number.
        one: What it is called if there is one.
        more: What they are called otherwise, if it is not ``one`` with an s.
    """
    return f"{many:,} {one if many == 1 else more or one + 's'}"


def percent(share: float) -> str:
    """Write a share between 0 and 1, or above: ``7%``."""
    if 0 < share < 0.01:
        return "under 1%"
    return f"{share:.0%}"


def between(spread: Spread, write: Writer) -> str:
    """Write a median and, where rounds differ visibly, their lowest and highest."""
    low, median, high = write(spread.low), write(spread.median), write(spread.high)
    return median if low == high else f"{median} ({low} to {high})"


def cores(numbers: list[int]) -> str:
    """Write which processor cores were used: ``cores 0, 1``; none named means all of them."""
    if not numbers:
        return "all cores"
    return f"core{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def moment(iso: str) -> str:
    """Write an ISO 8601 time for people; what is not one is left as it is."""
    try:
        return f"{datetime.fromisoformat(iso):%d %B %Y, %H:%M} UTC".lstrip("0")
    except ValueError:
        return iso


def listed(names: Sequence[str]) -> str:
    """Write names one after the other: ``a, b and c``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
