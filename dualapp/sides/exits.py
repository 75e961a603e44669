"""Calling a function when the process ends, whatever started it."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable


def at_exit(function: Callable[..., object], *args: object) -> None:
    """Call a function when this process ends; it may be called a second time."""
    atexit.register(function, *args)
    at_end_of_child(function, *args)


def at_the_very_end(function: Callable[[], object]) -> None:
    """Call a function when this process ends, after all that :func:`at_exit` was told of."""
    _last.append(function)


_last: list[Callable[[], object]] = []


@atexit.register
def _call_the_last() -> None:
    # Python calls first what was registered last, and this is with the module's import.
    while _last:
        _last.pop()()


def at_end_of_child(function: Callable[..., object], *args: object, priority: int = 0) -> None:
    """Call a function when this process ends, if multiprocessing started it.

    A process that multiprocessing forked, such as a WSGI worker of granian, ends without atexit.
    What it does run are its own finalizers, and not those of its parent.

    Args:
        function: What to call.
        *args: Its arguments.
        priority: Functions of a higher one are called before; of the same, the last one first.
    """
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is not None and multiprocessing.parent_process() is not None:
        multiprocessing.util.Finalize(None, function, args, exitpriority=priority)
