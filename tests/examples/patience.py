"""Waiting for what comes about by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds for whatever a busy machine may be slow at.
PATIENCE = 30


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for something that comes about by itself."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
        time.sleep(0.05)
