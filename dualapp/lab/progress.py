"""Says what is being done and how long it still takes, so that no wait looks like a hang."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

#: Seconds between signs of life. A line that is overwritten may change often, a new line may not.
LIVE_INTERVAL = 0.1
LINE_INTERVAL = 2.0

_ERASE = "\r\x1b[K"
#: Columns of a terminal that does not tell.
_WIDTH = 80


class Progress:
    """On a terminal one line that changes; elsewhere, as in a log, a line now and then.

    Args:
        output: Where to write; None: nowhere.
        clock: Seconds.
    """

    def __init__(
        self, output: t.TextIO | None, clock: t.Callable[[], float] = time.monotonic
    ) -> None:
        self._output = output
        self._is_live = output is not None and output.isatty()
        self._clock = clock
        self._step = ""
        self._began = self._last = 0.0

    def begin(self, step: str) -> None:
        """Say what is done from now on."""
        self._step = step
        self._began = self._clock()
        self._write(f"{step} ...")

    def go_on(self) -> None:
        """Give a sign of life if it is time for one."""
        if self._is_due():
            self._write(f"{self._step} ... {self._clock() - self._began:.0f} s")

    def count(self, done: int, total: int, what: str) -> None:
        """Say how far the step is, and when it will end if it goes on like this.

        Args:
            done: How many parts of it are done.
            total: How many there are.
            what: The part that is done now.
        """
        if not self._is_due():
            return
        left = ""
        if done:
            seconds = (self._clock() - self._began) / done * (total - done)
            left = f", about {seconds:.0f} s left"
        self._write(f"{self._step}: {done} of {total}{left}; {what}")

    def say(self, message: str) -> None:
        """Write a line that stays."""
        self.clear()
        self._put(f"{message}\n")

    def clear(self) -> None:
        """Leave the line free for what is written next."""
        if self._is_live:
            self._put(_ERASE)

    def _is_due(self) -> bool:
        interval = LIVE_INTERVAL if self._is_live else LINE_INTERVAL
        return self._clock() - self._last >= interval

    def _write(self, line: str) -> None:
        self._put(f"{_ERASE}{self._clipped(line)}" if self._is_live else f"{line}\n")
        self._last = self._clock()

    def _clipped(self, line: str) -> str:
        """Cut a line to the terminal's width: of one that wraps, only the last part is erased."""
        assert self._output is not None
        width = _WIDTH
        with contextlib.suppress(OSError, ValueError):
            # Some terminals say that they have no columns, and mean that they do not know.
            width = os.get_terminal_size(self._output.fileno()).columns or _WIDTH
        return line if len(line) < width else f"{line[: width - 4]}..."

    def _put(self, text: str) -> None:
        if self._output is None:
            return
        try:
            self._output.write(text)
            self._output.flush()
        except OSError:  # nobody reads it any more, which is no reason not to measure
            self._output = None
