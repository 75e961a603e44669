"""What ``dualapp check`` may find. ``docs/check.md`` has an example of each."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.IntEnum):
    """How bad it is.

    An error goes wrong on one side at least. With a warning, one side does something else than the
    code says. A note costs something, which may well be right.
    """

    NOTE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Code:
    """One kind of finding.

    Attributes:
        name: What is stable: ``DA101``.
        severity: How bad it is.
        title: What it is, in a few words.
        why: Why it matters.
        fix: What to do, unless the finding knows better.
    """

    name: str
    severity: Severity
    title: str
    why: str
    fix: str


BLOCKS = Code(
    "DA101",
    Severity.ERROR,
    "blocking call in async code",
    "While it waits on ASGI, the event loop stands still, and with it every other request.",
    "Await an async library, or 'asyncio.to_thread(…)', or make the view a plain 'def'.",
)
NESTED_LOOP = Code(
    "DA102",
    Severity.ERROR,
    "event loop started in async code",
    "A loop runs in this thread already, on both sides, so the call raises RuntimeError.",
    "Await the coroutine instead.",
)
READS_FILE = Code(
    "DA103",
    Severity.NOTE,
    "file access in async code",
    "The event loop stands still on ASGI until the disk has answered; a network drive may be slow.",
    "If it may take long, use 'anyio.open_file', 'anyio.Path' or 'await asyncio.to_thread(…)'.",
)
BROKEN_PROMISE = Code(
    "DA104",
    Severity.ERROR,
    "blocking call in a @nonblocking function",
    "It is called on the event loop on ASGI, since it promises never to wait.",
    "Take the mark away: then it runs in a worker thread.",
)
SYNC_HOOK = Code(
    "DA201",
    Severity.NOTE,
    "sync hook around async views",
    "On ASGI each such hook costs each request of these views a hop to a worker thread and back.",
    "Make it 'async def' if it only computes or awaits, or mark it @nonblocking if it never waits.",
)
ASYNC_HOOK = Code(
    "DA202",
    Severity.NOTE,
    "async hook around sync views",
    "Each request of these views needs an event loop on WSGI, and on ASGI a trip from its worker"
    " thread to the loop.",
    "Make it a plain 'def' if it awaits nothing.",
)
HIDDEN_COLOUR = Code(
    "DA203",
    Severity.WARNING,
    "sync decorator around an async view",
    "The view runs as a sync one: on ASGI each request holds a worker thread for as long as it"
    " waits, and no more than SYNC_THREADS wait at a time.",
    "Let the wrapper be 'async def' and await the view where that is async.",
)
HIDDEN_BY_PACKAGE = Code(
    "DA204",
    Severity.NOTE,
    "an installed package's decorator around an async view",
    "The view runs as a sync one: on ASGI each request holds a worker thread for as long as it"
    " waits, and no more than SYNC_THREADS wait at a time.",
    "Where many clients wait at once, do what the decorator does in a hook or in the view itself.",
)
MIXED_CLASS = Code(
    "DA205",
    Severity.WARNING,
    "class-based view of both colours",
    "The class runs as a sync view: on ASGI its async methods too hold a worker thread for as long"
    " as they wait.",
    "Make all its methods async, or put those that wait into a class of their own.",
)
PACKAGE_HOOKS = Code(
    "DA206",
    Severity.NOTE,
    "installed packages' sync hooks around async views",
    "On ASGI each such hook costs each request of these views a hop to a worker thread and back.",
    "Nothing is wrong with that; know it when you measure.",
)
SYNC_STEP = Code(
    "DA207",
    Severity.WARNING,
    "step of the application replaced by a sync function",
    "On ASGI every request is answered in a worker thread, async views too.",
    "Make the replacement 'async def', or use a hook.",
)
PACKAGE_STEP = Code(
    "DA208",
    Severity.NOTE,
    "step of the application replaced by an installed package",
    "On ASGI every request is answered in a worker thread, async views too.",
    "Where many clients wait at once, see whether the package can do without.",
)
KEPT = Code(
    "DA301",
    Severity.WARNING,
    "object of an event loop kept between requests",
    'On WSGI with WSGI_EVENT_LOOP="request" each request has a loop of its own, and the second one'
    ' to use this fails with "Event loop is closed".',
    'Set WSGI_EVENT_LOOP="worker", or make it where it is used.',
)
SHARED = Code(
    "DA302",
    Severity.NOTE,
    "object of an event loop shared by threads",
    "Each worker thread of a WSGI server keeps a loop of its own, and an object belongs to the"
    " first that uses it.",
    "Keep one for each loop, or give each worker process one thread (gunicorn's sync workers).",
)
STREAM = Code(
    "DA401",
    Severity.NOTE,
    "streamed response",
    "On WSGI it holds a server thread until the last chunk: a sync worker can do nothing else"
    " meanwhile.",
    "Serve long streams on ASGI (uvicorn), or with many threads (gunicorn --threads 32).",
)
SYNC_STREAM = Code(
    "DA402",
    Severity.NOTE,
    "sync generator as a response",
    "On ASGI each chunk costs a hop to a worker thread and back.",
    "Make it an async generator, or send larger chunks.",
)
SYNC_BODY = Code(
    "DA403",
    Severity.ERROR,
    "sync way to read a streamed body in an async view",
    "With stream=True on ASGI it would have to stop the event loop, so it is refused with 413.",
    "Use 'await request.body', or 'async for chunk in request.body'.",
)
WSGI_WRAPPER = Code(
    "DA501",
    Severity.WARNING,
    "app.wsgi_app is wrapped",
    "On ASGI every request goes through the wrapper in a worker thread, async views too.",
    "Use an ASGI middleware in app.asgi_app there; ProxyFix alone costs nothing.",
)
ASGI_WRAPPER = Code(
    "DA502",
    Severity.WARNING,
    "app.asgi_app is wrapped",
    "The wrapper is not called under a WSGI server: what it protects or adds is missing there.",
    "Deploy on ASGI only, or wrap app.wsgi_app, which both sides honour.",
)
NO_SECRET_KEY = Code(
    "DA503",
    Severity.ERROR,
    "session without SECRET_KEY",
    "Nothing signs the session's cookie, so writing to the session raises RuntimeError.",
    "Set SECRET_KEY, from the environment and not in the code.",
)
DEBUG_ON = Code(
    "DA504",
    Severity.WARNING,
    "debug mode switched on by the code",
    "It is on under every server, in production too, and shows strangers what errors tell.",
    "Take it out of the code; use 'dualapp run --debug' or DUALAPP_DEBUG=1.",
)

CODES = {value.name: value for value in list(globals().values()) if isinstance(value, Code)}
