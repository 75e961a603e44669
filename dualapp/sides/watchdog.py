"""Who holds up the event loop: in debug mode the log names the line where it stood.

A thread of its own asks the loop for a sign of life again and again. Where none comes for longer
than ``BLOCKED_LOOP_MS``, it looks where the loop's thread stands. Without debug mode nothing of
this is there, and no request pays for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import linecache
import os
import sys
import threading
import time
import typing as t
import weakref
from asyncio import base_events
from collections.abc import Iterator
from contextvars import Context
from types import FrameType

from ..globals import _cv_context
from .drivers import begin_on_loop, on_loop
from .usercode import is_users

if t.TYPE_CHECKING:
    from ..app import DualApp
    from ..ctx import RequestContext

#: Seconds for which a line that was named is not named again.
QUIET = 10.0
#: How many times the limit a loop may stand before it is told of while it still does.
PATIENCE = 20
#: How often within the limit a sign of life is asked for.
_SIGNS = 4

_ASYNCIO = os.path.dirname(base_events.__file__) + os.sep
#: The code of what steps a request on the loop; its frames know the request's context.
_ON_LOOP = (on_loop.__code__, begin_on_loop.__code__)

_watched: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()


def watch(app: DualApp) -> Watchdog | None:
    """Watch the running loop from now on, if the application is in debug mode; once per loop.

    Returns:
        What watches it; None if nothing does, or something did before.
    """
    limit = app.config["BLOCKED_LOOP_MS"]
    loop = asyncio.get_running_loop()
    if not app.debug or not limit or loop in _watched:
        return None
    _watched.add(loop)
    return Watchdog(app, loop, limit / 1000)


@contextlib.contextmanager
def watching(app: DualApp) -> Iterator[None]:
    """Watch the running loop inside the ``with`` block, as :func:`watch` does."""
    watchdog = watch(app)
    try:
        yield
    finally:
        if watchdog is not None:
            watchdog.stop()


class Stand(t.NamedTuple):
    """Where the loop stood.

    Attributes:
        function: The user's function that stood there.
        file: Its file.
        line: The line in it.
        ctx: The request; None if that cannot be told.
    """

    function: str
    file: str
    line: int
    ctx: RequestContext | None


class Watchdog:
    """The thread that watches one loop. It ends when the loop is closed, or with the process.

    Args:
        app: The application whose log is written.
        loop: The loop, which is running in this thread.
        limit: Seconds for which it may stand.
    """

    def __init__(self, app: DualApp, loop: asyncio.AbstractEventLoop, limit: float) -> None:
        self._app = app
        self._loop = weakref.ref(loop)
        self._limit = limit
        self._thread_of_loop = threading.get_ident()
        self._outside = _frames_outside(asyncio.current_task(loop))
        self._sign = threading.Event()
        self._is_over = threading.Event()
        self._named: dict[tuple[str, int], float] = {}
        self._requests: weakref.WeakSet[RequestContext] = weakref.WeakSet()
        self.thread = threading.Thread(target=self._watch, name="dualapp-watchdog", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Let the thread end."""
        loop = self._loop()
        if loop is not None:
            _watched.discard(loop)
        self._is_over.set()

    def _watch(self) -> None:
        while not self._is_over.wait(self._limit / _SIGNS):
            self._sign.clear()
            asked = time.monotonic()
            if not self._ask():
                return
            if not self._sign.wait(self._limit):
                self._on_silence(asked)

    def _ask(self) -> bool:
        """Ask for a sign of life; tell whether the loop is still there."""
        loop = self._loop()
        if loop is None:
            return False
        try:
            loop.call_soon_threadsafe(self._sign.set)
        except RuntimeError:  # it is closed
            return False
        return True

    def _on_silence(self, asked: float) -> None:
        """Tell of a loop that stands: once it goes on, or after long enough."""
        stand = self._look()
        if stand is not None and self._is_news(stand):
            goes_on = self._sign.wait(self._limit * PATIENCE)
            self._tell(stand, time.monotonic() - asked, goes_on)
        while not self._sign.wait(self._limit) and self._is_there():
            pass

    def _is_there(self) -> bool:
        loop = self._loop()
        return not self._is_over.is_set() and loop is not None and not loop.is_closed()

    def _look(self) -> Stand | None:
        """Look where the loop's thread stands; None if not in the user's code, as when it idles."""
        loop = self._loop()
        frame = sys._current_frames().get(self._thread_of_loop)
        if frame is None or loop is None or not loop.is_running():
            return None
        frames = list(itertools.takewhile(self._is_inside, _from_inside_out(frame)))
        root = self._app.root_path
        for each in frames:
            code = each.f_code
            if is_users(code.co_filename, root):
                ctx = _request_in(frames) or _request_of(asyncio.current_task(loop))
                return Stand(code.co_qualname, code.co_filename, each.f_lineno, ctx)
        return None

    def _is_inside(self, frame: FrameType) -> bool:
        """Tell whether the loop runs a frame; the others run the loop."""
        is_loop = frame.f_code.co_filename == base_events.__file__
        return not is_loop and id(frame) not in self._outside

    def _is_news(self, stand: Stand) -> bool:
        """Tell whether neither the request nor the line was told of just now."""
        now, line = time.monotonic(), (stand.file, stand.line)
        if now - self._named.get(line, -QUIET) < QUIET:
            return False
        if stand.ctx is not None:
            if stand.ctx in self._requests:
                return False
            self._requests.add(stand.ctx)
        self._named[line] = now
        return True

    def _tell(self, stand: Stand, seconds: float, goes_on: bool) -> None:
        self._app.logger.warning(
            "%s %s the event loop for %.0f ms, and with it every other request, at %s:%d in"
            " %s(): `%s`. Await an async library or 'asyncio.to_thread(…)' there, or make the view"
            " a plain 'def'; 'dualapp check' finds more of this.",
            _who(stand.ctx),
            "blocked" if goes_on else "has been blocking",
            seconds * 1000,
            os.path.relpath(stand.file),
            stand.line,
            stand.function.rpartition("<locals>.")[2],
            linecache.getline(stand.file, stand.line).strip(),
        )


def _who(ctx: RequestContext | None) -> str:
    if ctx is None:
        return "A task"
    return f"A request for {ctx.request.endpoint or ctx.request.path!r}"


def _from_inside_out(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _frames_outside(task: asyncio.Task[t.Any] | None) -> frozenset[int]:
    """Identify the frames that run the loop, which are around a task.

    They last as long as the loop runs, so no other frame takes their place in memory. Those of
    asyncio itself do not all last; they are known by their file.
    """
    outermost: FrameType | None = getattr(task and task.get_coro(), "cr_frame", None)
    around = _from_inside_out(None if outermost is None else outermost.f_back)
    return frozenset(map(id, itertools.dropwhile(_is_of_asyncio, around)))


def _is_of_asyncio(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_ASYNCIO)


def _request_in(frames: list[FrameType]) -> RequestContext | None:
    """Find the request whose steps are on the stack."""
    for frame in frames:
        if frame.f_code in _ON_LOOP:
            return _request_in_context(frame.f_locals["context"])
    return None


def _request_of(task: asyncio.Task[t.Any] | None) -> RequestContext | None:
    """Find the request whose code has started a task."""
    get_context = getattr(task, "get_context", None)  # since Python 3.12
    return None if get_context is None else _request_in_context(get_context())


def _request_in_context(context: Context) -> RequestContext | None:
    found = context.get(_cv_context)
    return None if found is None else found.request_context
