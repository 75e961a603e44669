"""What a view does on either side, in a line for each."""

from __future__ import annotations

import typing as t

from .application import Hook, Registered, View
from .setup import is_wrapped
from .streams import stream_of


class Lines(t.NamedTuple):
    """A view's two lines."""

    wsgi: str
    asgi: str


def lines_of(view: View, registered: Registered) -> Lines:
    """Say what a view does on either side."""
    hooks = registered.hooks_of(view)
    return Lines(_on_wsgi(view, hooks, registered), _on_asgi(view, hooks, registered))


def _on_wsgi(view: View, hooks: list[Hook], registered: Registered) -> str:
    loop = "an event loop of the request"
    if registered.app.config["WSGI_EVENT_LOOP"] == "worker":
        loop = "the event loop that the thread keeps"
    async_hooks = sum(hook.is_async for hook in hooks)
    if view.colours == {True}:
        line = f"in {loop}; holds a server thread"
    elif view.colours == {False}:
        line = "called in the server's thread; holds it"
        if async_hooks:
            line = f"called in the server's thread, {counted(async_hooks, 'async hook')} in {loop};"
            line += " holds it"
    else:
        line = f"sync methods in the server's thread, async ones in {loop}; holds a server thread"
    return f"{line} until the {_end_of(view)}"


def _end_of(view: View) -> str:
    is_stream = any(stream_of(part) for part in view.parts)
    return "last chunk is sent" if is_stream else "response is made"


def _on_asgi(view: View, hooks: list[Hook], registered: Registered) -> str:
    sync_hooks = [hook for hook in hooks if not hook.runs_on_loop]
    async_hooks = sum(hook.is_async for hook in hooks)
    if is_wrapped(registered):
        where = "on the server's loop" if view.is_async else "in that thread"
        line = f"one hop: the WSGI wrapper around it in a worker thread, the view {where}"
    elif step := next(registered.sync_steps(), None):
        line = f"one hop: the whole request in a worker thread, since '{step.kind}' is replaced"
    elif view.is_async:
        hops = len(sync_hooks)
        line = "on the server's loop, "
        line += f"{counted(hops, 'hop')} for {counted(hops, 'sync hook')}" if hops else "no hop"
    elif view.runs_on_loop and not sync_hooks:
        line = "on the server's loop, no hop (@nonblocking)"
    elif view.runs_on_loop:
        line = f"one hop to a worker thread, since the hook '{sync_hooks[0].name}' may wait"
    else:
        line = _in_thread(view, async_hooks)
    return line + _of_stream(view)


def _in_thread(view: View, async_hooks: int) -> str:
    if view.hides_async:
        return "one hop: a worker thread holds the request, its async code is sent to the loop"
    line = "one hop: the whole request in a worker thread"
    if async_hooks:
        line += f", {counted(async_hooks, 'async hook')} sent to the loop"
    return line


def _of_stream(view: View) -> str:
    colours = {stream_of(part) for part in view.parts}
    if "sync" in colours:
        return "; a hop for each chunk"
    return "; chunks on the loop" if "async" in colours else ""


def counted(number: int, noun: str) -> str:
    """Write a number and a noun that goes with it."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
