"""What is said meanwhile."""

from __future__ import annotations

import io

import pytest

from dualapp.lab.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_how_far_it_is_and_how_long_it_still_takes():
    output, clock = io.StringIO(), Clock()
    progress = Progress(output, clock)
    progress.begin("Measuring")
    clock.now += 1
    progress.count(5, 100, "too soon for another line")
    clock.now += 2
    progress.count(10, 100, "GET / under uvicorn")
    assert output.getvalue() == (
        "Measuring ...\nMeasuring: 10 of 100, about 27 s left; GET / under uvicorn\n"
    )


def test_a_terminal_has_one_line_that_changes():
    output, clock = Terminal(), Clock()
    progress = Progress(output, clock)
    progress.begin("Starting 2 servers")
    clock.now += 4
    progress.go_on()
    progress.say("A note.")
    assert output.getvalue() == (
        "\r\x1b[KStarting 2 servers ...\r\x1b[KStarting 2 servers ... 4 s\r\x1b[KA note.\n"
    )


def test_a_line_does_not_wrap():
    output, clock = Terminal(), Clock()
    progress = Progress(output, clock)
    progress.begin("x" * 75)
    progress.begin("y" * 80)
    assert output.getvalue().split("\r\x1b[K") == ["", "x" * 75 + " ...", "y" * 76 + "..."]


def test_a_line_is_as_long_as_the_terminal_is_wide():
    pty = pytest.importorskip("pty")
    termios = pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as screen, open(theirs, "w") as output:
        termios.tcsetwinsize(output, (24, 40))
        Progress(output).begin("x" * 50)
        assert screen.read(1000) == b"\r\x1b[K" + b"x" * 36 + b"..."


def test_nobody_reads_it_any_more():
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    progress = Progress(Closed())
    progress.begin("Starting")
    progress.say("A note.")


def test_quiet():
    progress = Progress(None)
    progress.begin("Starting")
    progress.go_on()
    progress.count(1, 2, "x")
    progress.say("A note.")
    progress.clear()
