"""Waiting for what comes about by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds for whatever a busy machine may be slow at.
PATIENCE = 30


def wait_until(condition: Callable[[], object], what: str | Callable[[], str]) -> None:
    """Wait for something that comes about by itself.

    Args:
        condition: Asked again and again.
        what: What is said if it does not come about; a function is asked then.

    Raises:
        AssertionError: It does not, within ``PATIENCE``.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(
                f"not within {PATIENCE} s: {what if isinstance(what, str) else what()}"
            )
        time.sleep(0.05)
