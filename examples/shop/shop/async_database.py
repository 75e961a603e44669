"""The database for async views: an engine, and with it a pool, for each event loop.

An async connection belongs to the event loop that it was opened in, and is of no use in another.
How long a loop lasts is for the server to say: as long as the process, as long as a thread, or one
request. So each loop gets a pool of its own, and takes it along when it ends.
"""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from .extensions import db
from .settings import driven

#: By loop and URL: what gives the engine, again and again.
_engines = {}


async def open_session():
    """Give a session, to be used with ``async with``; it reads and writes like ``db.session``."""
    key = asyncio.get_running_loop(), driven(db.engine.url, is_async=True)
    if key not in _engines:
        _engines[key] = _engine_for_as_long_as_the_loop_lasts(key)
    return AsyncSession(await anext(_engines[key]), expire_on_commit=False)


async def _engine_for_as_long_as_the_loop_lasts(key):
    """Yield always the same engine. A loop that ends closes async generators: then so is this."""
    engine = create_async_engine(key[1], pool_pre_ping=True)
    try:
        while True:
            yield engine
    finally:
        del _engines[key]
        await engine.dispose()
