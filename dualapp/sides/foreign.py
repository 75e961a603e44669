"""Explaining that an object was used in another event loop than the one that it was made in.

What asyncio says then, "attached to a different loop" or "Event loop is closed", tells neither
whose loops these are on WSGI nor what to do about it.
"""

from __future__ import annotations

import typing as t

#: Whose loop the object was used in, which lasts as long: that of one request, also though it was
#: asked to last longer; of a worker thread; of one call outside of requests.
Owner = t.Literal["request", "greenlet", "thread", "call"]

_SAID = ("Event loop is closed", "different loop", "different event loop")

_NOTES: dict[Owner, str] = {
    "request": (
        "on WSGI every request has one of its own, closed with the response (WSGI_EVENT_LOOP ="
        ' "request"). Set WSGI_EVENT_LOOP = "worker" to keep one loop for each worker thread, or'
        " make the object in the request that uses it."
    ),
    "greenlet": (
        "on WSGI every request has one of its own here, closed with the response. WSGI_EVENT_LOOP"
        ' = "worker" changes that only where threads last: neither under gevent nor where a loop'
        " runs already. Make the object in the request that uses it."
    ),
    "thread": (
        'with WSGI_EVENT_LOOP = "worker" every worker thread has one of its own, closed when the'
        " thread ends. Make one object for each loop, for instance in a dict by"
        " asyncio.get_running_loop(), or give each worker process of the server a single thread."
    ),
    "call": (
        "sync code outside of a request, or in a thread that the application has started, gets one"
        " for each coroutine that it waits for, closed afterwards. Make the object in the coroutine"
        " that uses it, or wait for one coroutine that does all of the work."
    ),
}


def explain(error: RuntimeError, owner: Owner) -> None:
    """Add a note to such an error that says what can be done; to others, nothing.

    Args:
        error: What the application raised.
        owner: Whose loop it was raised in.
    """
    if any(text in str(error) for text in _SAID):
        error.add_note(
            "dualapp: an object that is bound to one event loop, such as a connection pool or an"
            f" HTTP client, was used in another: {_NOTES[owner]}"
        )
