"""Finds out at which line a sync view waits, by looking at its thread again and again."""

from __future__ import annotations

import sys
import sysconfig
import threading
import time
from collections import Counter
from types import FrameType

from .stopwatch import Stopwatch

#: Seconds between two looks.
_INTERVAL = 0.001
_STANDARD_LIBRARY = sysconfig.get_path("stdlib")
_INSTALLED = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))


class Sampler:
    """Looks at the thread in which user code runs.

    Args:
        watch: Knows that thread.
    """

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch
        self._seen: Counter[str] = Counter()
        self._thread: threading.Thread | None = None

    def toggle(self) -> str | None:
        """Begin to look; the next time, stop, and give ``module, line N`` as seen most often."""
        if self._thread is None:
            self._seen.clear()
            self._thread = threading.Thread(target=self._look, name="dualapp-sampler", daemon=True)
            self._thread.start()
            return None
        thread, self._thread = self._thread, None
        thread.join()
        return self._seen.most_common(1)[0][0] if self._seen else None

    def _look(self) -> None:
        while self._thread is not None:
            time.sleep(_INTERVAL)
            frame = sys._current_frames().get(self._watch.thread)
            if frame is not None and (place := place_of(frame)):
                self._seen[place] += 1


def place_of(frame: FrameType | None) -> str | None:
    """Name the line of a stack that says most: the innermost one that is not Python's own."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_INSTALLED) or not file.startswith((_STANDARD_LIBRARY, "<")):
            return f"{frame.f_globals.get('__name__', file)}, line {frame.f_lineno}"
        frame = frame.f_back
    return None
