"""An event loop that costs nothing but itself until something needs the operating system.

Most async code of one WSGI request is awaited to its end without a socket or a timer. A standard
loop still opens a selector and a pair of sockets for it, and closes them again. This one does so
when it first has to sleep or to watch a file. Benchmark: ``tests/benchmarks/inprocess.py``, column
"async on WSGI".
"""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
import typing as t
from collections import deque
from collections.abc import Coroutine, Mapping
from contextvars import Context
from weakref import WeakSet, WeakValueDictionary

T = t.TypeVar("T")
Ts = t.TypeVarTuple("Ts")


class LazySelector(selectors.BaseSelector):
    """A selector that opens the real one when first asked to watch or to sleep."""

    def __init__(self) -> None:
        self.real: selectors.BaseSelector | None = None
        self.before_sleep: t.Callable[[], bool] = lambda: False

    def opened(self) -> selectors.BaseSelector:
        """Give the real selector, made if need be."""
        if self.real is None:
            self.real = selectors.DefaultSelector()
        return self.real

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Report what is ready; nothing can be while nothing is watched."""
        if timeout is None or timeout > 0:
            if self.before_sleep():
                timeout = 0
        elif self.real is None:
            return []
        return self.opened().select(timeout)

    def register(self, fileobj: t.Any, events: int, data: t.Any = None) -> selectors.SelectorKey:
        return self.opened().register(fileobj, events, data)

    def unregister(self, fileobj: t.Any) -> selectors.SelectorKey:
        return self.opened().unregister(fileobj)

    def modify(self, fileobj: t.Any, events: int, data: t.Any = None) -> selectors.SelectorKey:
        return self.opened().modify(fileobj, events, data)

    def get_map(self) -> t.Mapping[t.Any, selectors.SelectorKey]:
        return self.opened().get_map()

    def get_key(self, fileobj: t.Any) -> selectors.SelectorKey:
        return self.opened().get_key(fileobj)

    def close(self) -> None:
        if self.real is not None:
            self.real.close()


class Pattern:
    """What a new loop has in its ``__dict__``, learnt from one that was not used yet.

    Asyncio's own way to make a loop spends most of its time on asking for what never changes.
    Benchmark: ``tests/benchmarks/inprocess.py``, "async view" on WSGI.

    Args:
        fields: The ``__dict__`` of that loop.
    """

    def __init__(self, fields: Mapping[str, t.Any]) -> None:
        self._shared = {}
        self._empty = {}
        #: Weak containers, which take longest to make and are seldom needed: when asked for.
        self.late: dict[str, type] = {}
        for name, value in fields.items():
            if name == "_selector":  # each loop has one that knows it
                continue
            if isinstance(value, WeakSet | WeakValueDictionary):
                self.late[name] = type(value)
            elif isinstance(value, deque | list | dict | set):
                self._empty[name] = type(value)
            else:
                self._shared[name] = value

    def fill(self, fields: dict[str, t.Any]) -> None:
        """Put into an empty ``__dict__`` what is in that of a new loop."""
        fields.update(self._shared)
        for name, make in self._empty.items():
            fields[name] = make()


class LazyLoop(asyncio.SelectorEventLoop):
    """The standard selector loop, its selector and self-pipe made when first needed.

    It counts the tasks made on it but for those of its owner, so that closing need not search for
    leftovers where there were no others.
    """

    # Names of asyncio's own that this class replaces or reads; tests/sides/test_lazyloop.py holds
    # that each Python version still has them.
    _ssock: t.Any
    _csock: t.Any
    _ready: t.Any
    _internal_fds: int
    _debug: bool
    _thread_id: int | None
    _task_factory: t.Any
    _asyncgen_firstiter_hook: t.Callable[[t.Any], None]
    _asyncgen_finalizer_hook: t.Callable[[t.Any], None]

    _pattern: t.ClassVar[Pattern | None] = None

    def __init__(self) -> None:
        selector = LazySelector()
        selector.before_sleep = self._open_self_pipe
        if LazyLoop._pattern is None:
            super().__init__(selector)
            self.tasks_made = 0
            LazyLoop._pattern = Pattern(vars(self))
        else:
            LazyLoop._pattern.fill(vars(self))
            self._selector = selector

    def __getattr__(self, name: str) -> t.Any:
        make = None if LazyLoop._pattern is None else LazyLoop._pattern.late.get(name)
        if make is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        value = vars(self)[name] = make()
        return value

    @property
    def has_callbacks(self) -> bool:
        """Whether something waits to be called as soon as the loop runs."""
        return bool(self._ready)

    @property
    def has_asyncgens(self) -> bool:
        """Whether async generators may be left that have begun and not ended."""
        return "_asyncgens" in vars(self) and bool(self._asyncgens)

    def task_of_owner(self, coro: Coroutine[t.Any, t.Any, T], context: Context) -> asyncio.Task[T]:
        """Make a task that is not counted, since its owner sees to its end."""
        if self._task_factory is None:
            return asyncio.Task(coro, loop=self, context=context)
        return super().create_task(coro, context=context)

    def run_task(self, task: asyncio.Task[T]) -> T:
        """Run until a task is done; one that never waits is done in its first step.

        Then neither the selector is asked nor a callback needed that stops the loop. No loop may
        run in this thread.
        """
        if len(self._ready) == 1 and not self._debug:
            try:
                self._run_ready()
            except BaseException:  # one that asyncio lets through, and keeps in the task as well
                if task.done() and not task.cancelled():
                    task.exception()
                raise
            if task.done() and not self._ready:
                return task.result()
        return self.run_until_complete(task)

    def _run_ready(self) -> None:
        """Call the callback that is waiting, as ``run_forever`` would."""
        hooks = sys.get_asyncgen_hooks()
        self._thread_id = threading.get_ident()
        try:
            sys.set_asyncgen_hooks(self._asyncgen_firstiter_hook, self._asyncgen_finalizer_hook)
            asyncio._set_running_loop(self)
            self._ready.popleft()._run()
        finally:
            self._thread_id = None
            asyncio._set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)

    def run_once(self) -> None:
        """Call what is waiting to be called, and stop."""
        self.call_soon(self.stop)
        self.run_forever()

    def abandon(self) -> None:
        """Close it in a process that was forked off its own one, which goes on with it.

        The self-pipe and an epoll selector are shared: nothing may be written to them.
        """
        if self.is_running():
            return  # the fork was made in it, and is for something else
        if self._ssock is not None:
            self._ssock.close()
            self._csock.close()
            self._make_self_pipe()
        self.close()

    def create_task(self, coro: t.Any, **kwargs: t.Any) -> asyncio.Task[t.Any]:
        self.tasks_made += 1
        return super().create_task(coro, **kwargs)

    def add_signal_handler(
        self, sig: int, callback: t.Callable[[t.Unpack[Ts]], object], *args: *Ts
    ) -> None:
        self._open_self_pipe()  # signals are told through it
        super().add_signal_handler(sig, callback, *args)

    def _make_self_pipe(self) -> None:
        self._ssock = self._csock = None

    def _close_self_pipe(self) -> None:
        if self._ssock is not None:
            super()._close_self_pipe()  # type: ignore[misc]

    def _open_self_pipe(self) -> bool:
        """Open the way to wake this loop from a thread; true if something is ready meanwhile.

        A thread that adds a callback appends first and wakes second. So what it appended before
        the pipe was there is found by looking after the pipe is made.
        """
        if self._ssock is None:
            super()._make_self_pipe()  # type: ignore[misc]
        return bool(self._ready)
