"""Says what is being done, so that no wait looks like a hang."""

from __future__ import annotations

import time
import typing as t

#: Seconds between signs of life. A line that is overwritten may change often, a new line may not.
LIVE_INTERVAL = 0.1
LINE_INTERVAL = 1.0

_ERASE = "\r\x1b[K"


class Progress:
    """On a terminal one line that changes; elsewhere, as in a log, a line per step.

    Args:
        output: Where to write.
    """

    def __init__(self, output: t.TextIO) -> None:
        self._output = output
        self._is_live = output.isatty()
        self._step = ""
        self._began = self._last = 0.0

    def begin(self, step: str) -> None:
        """Say what is done from now on."""
        self._step = step
        self._began = time.monotonic()
        self._write(f"{step} ...")

    def go_on(self, detail: str = "") -> None:
        """Give a sign of life if it is time for one.

        Args:
            detail: How far it is.
        """
        now = time.monotonic()
        if now - self._last >= (LIVE_INTERVAL if self._is_live else LINE_INTERVAL):
            passed = f"{now - self._began:.1f} s"
            self._write(f"{self._step} ... {f'{detail}, ' if detail else ''}{passed}")

    def clear(self) -> None:
        """Leave the line free for what is written next."""
        if self._is_live:
            self._output.write(_ERASE)
            self._output.flush()

    def _write(self, line: str) -> None:
        self._output.write(f"{_ERASE}{line}" if self._is_live else f"{line}\n")
        self._output.flush()
        self._last = time.monotonic()
