"""Sums up where the time of requests goes, inside the process that serves them.

One request at a time is measured, so plain sums will do, and all that a thread computes while a
view is under way belongs to that view.
"""

from __future__ import annotations

import contextlib
import threading
import time
import typing as t
from collections.abc import Iterator
from dataclasses import asdict, dataclass

now = time.perf_counter


@dataclass
class Stopwatch:
    """Seconds since the last reading.

    Attributes:
        requests: How many there were.
        inside: In the application, all in all.
        view: In views and hooks.
        computing: The part of it in which their thread had the processor.
        loop: Making, entering and closing event loops.
        hops: On the way to another thread, and back.
    """

    #: The thread in which sync user code runs just now; 0 if none does.
    thread: t.ClassVar[int] = 0

    requests: int = 0
    inside: float = 0.0
    view: float = 0.0
    computing: float = 0.0
    loop: float = 0.0
    hops: float = 0.0

    def read(self) -> dict[str, float]:
        """Give all sums, and begin anew."""
        found = asdict(self)
        for name in found:
            setattr(self, name, 0)
        return found

    @contextlib.contextmanager
    def user_code(self, is_async: bool) -> Iterator[None]:
        """Measure a view or a hook, which may be awaited inside."""
        began, cpu = now(), time.thread_time()
        Stopwatch.thread = 0 if is_async else threading.get_ident()
        try:
            yield
        finally:
            Stopwatch.thread = 0
            self.view += now() - began
            self.computing += time.thread_time() - cpu

    @contextlib.contextmanager
    def application(self) -> Iterator[None]:
        """Measure a piece of a request in the application."""
        began = now()
        try:
            yield
        finally:
            self.inside += now() - began

    @contextlib.contextmanager
    def around_user_code(self, name: str) -> Iterator[None]:
        """Add to a sum, by its name, but for the user code that runs meanwhile."""
        began, view = now(), self.view
        try:
            yield
        finally:
            passed = now() - began - (self.view - view)
            setattr(self, name, getattr(self, name) + passed)
