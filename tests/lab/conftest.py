"""Fixtures of the lab's tests."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from pathlib import Path

import pytest

from dualapp.lab.bench import set_up
from dualapp.lab.progress import Progress

APPS = Path(__file__).parent / "apps"


@pytest.fixture
def in_apps(monkeypatch):
    """Be in the folder of the applications."""
    monkeypatch.chdir(APPS)


@pytest.fixture
def bench():
    """A bench whose processes end with the test."""
    with set_up(Progress(None)) as bench:
        yield bench


class Marked:
    """Finds processes by a variable in their environment, which all that they start inherit."""

    def __init__(self):
        self.mark = f"LAB_TEST_{uuid.uuid4().hex}=1"
        self.environment = {**os.environ, self.mark[:-2]: "1"}

    def running(self):
        """Give the command lines of the processes that run."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self.mark.encode() in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_text().replace("\0", " "))
        return found

    def left(self):
        """Give those that go on; one that was killed may take a moment to be gone."""
        return self._settled(0)

    def started(self):
        """Give how many there are, of two; a new one may take a moment to be seen."""
        return len(self._settled(2))

    def _settled(self, number):
        deadline = time.monotonic() + 10
        while len(found := self.running()) != number and time.monotonic() < deadline:
            time.sleep(0.02)
        return found


@pytest.fixture
def marked():
    """Tell which processes of a test run."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("this system does not tell the environment of processes")
    return Marked()
