"""Figures as people read them: with the digits that mean something, and a unit."""

from __future__ import annotations

from collections.abc import Sequence


def seconds(value: float) -> str:
    """Write a time: ``0.21 ms``, ``14 ms``, ``1.20 s``."""
    if value < 0.001:
        return f"{value * 1000:.2f} ms"
    if value < 0.0095:
        return f"{value * 1000:.1f} ms"
    return f"{value * 1000:.0f} ms" if value < 0.9995 else f"{value:.2f} s"


def rate(value: float) -> str:
    """Write how many in a second: ``9.7``, ``412``, ``12,300``."""
    if value < 9.95:
        return f"{value:.1f}"
    return f"{value:.0f}" if value < 9999.5 else f"{round(value, -2):,.0f}"


def times(value: float) -> str:
    """Write a factor: ``5.1``, ``23``."""
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def megabytes(value: float) -> str:
    """Write an amount of memory: ``61 MB``, a million bytes each."""
    return f"{value / 1e6:.0f} MB"


def percent(share: float) -> str:
    """Write a share of 1: ``93 %``."""
    return f"{share * 100:.0f} %"


def listed(names: Sequence[str]) -> str:
    """Write names one after the other: ``a, b and c``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
