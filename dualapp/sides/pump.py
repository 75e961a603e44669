"""Iterating an async body chunk by chunk, as the server of the WSGI side asks for it."""

from __future__ import annotations

import asyncio
from contextvars import Context

from ..core.answer import EncodedChunks


class Pump(EncodedChunks):
    """Iterates an async body in one task, a chunk each time it is asked.

    One task from the first chunk to the last, as on ASGI: cancel scopes and timeouts around a
    ``yield`` belong to the task that they were entered in.
    """

    def __init__(self, chunks: EncodedChunks, context: Context) -> None:
        super().__init__(chunks)
        self._context = context
        self._task: asyncio.Task[None] | None = None
        self._chunk: asyncio.Future[bytes | None]
        self._go_on: asyncio.Future[bool]

    async def next(self) -> bytes | None:
        """Give the next chunk, or None at the end."""
        loop = asyncio.get_running_loop()
        if self._task is None:
            self._chunk = loop.create_future()
            self._task = loop.create_task(self._run(), context=self._context)
            # A SystemExit in it stops the loop before anybody asks for it; it is raised there.
            self._task.add_done_callback(_ask_for_error)
        elif self._task.done():
            return None
        else:
            self._chunk = loop.create_future()
            self._go_on.set_result(True)
        return await self._chunk

    async def aclose(self) -> None:
        """End the task; what it iterates is closed in it."""
        task = self._task
        if task is None:
            await super().aclose()
            return
        if self._chunk.cancelled():  # interrupted on the way to a chunk
            task.cancel()
        elif not task.done():
            self._go_on.set_result(False)
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    async def _run(self) -> None:
        try:
            await self._iterate()
        except BaseException as error:
            if self._chunk.done():
                raise
            self._chunk.set_exception(error)
        else:
            if not self._chunk.done():
                self._chunk.set_result(None)

    async def _iterate(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async for chunk in self:
                self._go_on = loop.create_future()
                self._chunk.set_result(chunk)
                if not await self._go_on:
                    break
        finally:
            await super().aclose()


def _ask_for_error(task: asyncio.Task[None]) -> None:
    """Keep asyncio from logging an error as one that nobody asked for."""
    if not task.cancelled():
        task.exception()
