"""An application whose worker threads keep their event loops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

from journal import note

from dualapp import DualApp

app = DualApp(__name__)
app.config["WSGI_EVENT_LOOP"] = "worker"

pools: dict[asyncio.AbstractEventLoop, asyncio.Queue[int]] = {}


@app.get("/")
async def use_pool():
    """Use something that is bound to a loop, as connection pools are."""
    loop = asyncio.get_running_loop()
    pool = pools.setdefault(loop, asyncio.Queue())
    waiting = asyncio.ensure_future(pool.get())
    await asyncio.sleep(0.05)
    pool.put_nowait(1)
    await waiting
    return {"thread": threading.get_ident(), "loop": id(loop), "loops": len(pools)}


generators: dict[asyncio.AbstractEventLoop, AsyncIterator[str]] = {}


@app.get("/generator")
async def use_generator():
    """Use an async generator, which the end of its loop closes."""
    loop = asyncio.get_running_loop()
    generator = generators.setdefault(loop, _closes_in(loop))
    return await anext(generator)


async def _closes_in(loop: asyncio.AbstractEventLoop) -> AsyncIterator[str]:
    note("opened")
    try:
        while True:
            yield "used"
    finally:
        await asyncio.sleep(0.01)
        note(f"closed in its loop: {asyncio.get_running_loop() is loop}")
