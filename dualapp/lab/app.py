"""The application that ``dualapp tradeoff`` measures where none is named.

``gunicorn dualapp.lab.app:app`` and ``uvicorn dualapp.lab.app:app`` serve it by hand. Each
view costs in a way of its own; the first line of its docstring is its title in the report.
"""

from __future__ import annotations

import asyncio
import os
import typing as t
from collections.abc import AsyncIterator

from dualapp import Blueprint, DualApp, g

from . import delays

#: Environment variables by which the lab says how it is to be served.
EVENT_LOOP_VARIABLE = "DUALAPP_LAB_EVENT_LOOP"

#: Seconds that another service needs for its answer.
WAIT = 0.01
GATHERED = 10
TOKENS = ("Sent", "word", "by", "word.", "End.")
#: Seconds before each token.
PAUSE = 0.002
#: Terms of the sum; about 1 ms.
TERMS = 15_000

app = DualApp(__name__)
app.config["WSGI_EVENT_LOOP"] = os.environ.get(EVENT_LOOP_VARIABLE, "request")

hooked = Blueprint("hooked", __name__)


@app.get("/")
def hello() -> str:
    """A sync view that answers at once."""
    return "Hello, World!"


@app.get("/compute")
def compute() -> dict[str, int]:
    """A sync view that computes for about a millisecond."""
    return {"sum": sum(number * number for number in range(TERMS))}


@app.get("/wait")
def wait() -> dict[str, float]:
    """A sync view that waits 10 ms for another service."""
    delays.wait(WAIT)
    return {"waited": WAIT}


@app.get("/wait-async")
async def wait_async() -> dict[str, float]:
    """An async view that waits 10 ms for another service."""
    await delays.wait_async(WAIT)
    return {"waited": WAIT}


@app.get("/gather")
async def gather() -> dict[str, float]:
    """An async view that waits for ten services at once, 10 ms each."""
    await asyncio.gather(*[delays.wait_async(WAIT) for _ in range(GATHERED)])
    return {"waited": WAIT * GATHERED}


@app.get("/tokens")
async def tokens() -> AsyncIterator[str]:
    """An async stream of five tokens, 2 ms apart."""
    return _tokens()


async def _tokens() -> AsyncIterator[str]:
    for token in TOKENS:
        await delays.wait_async(PAUSE)
        yield f"{token} "


@hooked.before_request
async def before() -> None:
    await asyncio.sleep(0)
    g.user = "somebody"


@hooked.after_request
async def after(response: t.Any) -> t.Any:
    await asyncio.sleep(0)
    response.headers["X-User"] = g.user
    return response


@hooked.get("/hooks")
async def hooks() -> dict[str, str]:
    """An async view whose hooks are async too."""
    await asyncio.sleep(0)
    return {"user": g.user}


app.register_blueprint(hooked)
