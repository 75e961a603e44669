"""Bodies of responses that write down their end."""

from __future__ import annotations

import asyncio

CHUNKS = ("a", "b", "c")


class FailingError(Exception):
    """Raised where a test wants it."""


class Body:
    """An iterable of three chunks that writes down its end.

    Args:
        log: Where.
        fails_at: The chunk that is not given; an error is raised for it.
        close_fails: Raise when closed.
        error: What to raise.
    """

    def __init__(self, log, fails_at=None, close_fails=False, error=FailingError):
        self.log, self.fails_at, self.close_fails, self.error = log, fails_at, close_fails, error
        self.position = 0

    def step(self, end):
        if self.position == self.fails_at:
            raise self.error("at a chunk")
        if self.position == len(CHUNKS):
            raise end
        self.position += 1
        return CHUNKS[self.position - 1]

    def end(self):
        self.log.append("closed")
        if self.close_fails:
            raise self.error("at the close")


class SyncBody(Body):
    def __iter__(self):
        return self

    def __next__(self):
        return self.step(StopIteration)

    def close(self):
        self.end()


class AsyncBody(Body):
    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        return self.step(StopAsyncIteration)

    async def aclose(self):
        await asyncio.sleep(0)
        self.end()


def sync_generator(log, **kwargs):
    body = Body(log, **kwargs)
    try:
        while True:
            try:
                chunk = body.step(EOFError)
            except EOFError:
                return
            yield chunk
    finally:
        body.end()


async def async_generator(log, **kwargs):
    body = Body(log, **kwargs)
    try:
        while True:
            try:
                chunk = body.step(EOFError)
            except EOFError:
                return
            yield chunk
            await asyncio.sleep(0)
    finally:
        await asyncio.sleep(0)
        body.end()


BODIES = [SyncBody, AsyncBody, sync_generator, async_generator]
