"""Notes of what happened in a server's processes, for the test that started the server."""

from __future__ import annotations

import os


def note(what: str) -> None:
    """Add a line with this process's id; one write, so that lines of several threads stay whole."""
    file = os.environ.get("DUALAPP_TEST_JOURNAL")
    if file is None:
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{os.getpid()} {what}\n".encode())
    finally:
        os.close(descriptor)
