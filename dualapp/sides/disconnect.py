"""Ending what nobody waits for any more, on the ASGI side."""

from __future__ import annotations

import asyncio
import typing as t
from types import TracebackType

from .inbox import Inbox


class ClientWatch:
    """Cancels a block of code when the client leaves.

    Use it with ``async with``. The block then ends silently, and :attr:`Inbox.has_left` tells; a
    cancellation from outside goes on. It may be used again for a later block of the same request:
    between the two it goes on receiving, since an event that was taken cannot be put back.

    Args:
        inbox: Where the client's leaving is told.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._watcher: asyncio.Task[None] | None = None
        self._block: asyncio.Task[t.Any] | None = None
        self._has_cancelled = False

    async def __aenter__(self) -> t.Self:
        self._block = asyncio.current_task()
        if self._watcher is None:
            self._watcher = asyncio.get_running_loop().create_task(self._watch())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        block, self._block = self._block, None
        if not self._has_cancelled:
            return False
        assert block is not None
        assert self._watcher is not None
        if block.uncancel() > 0:  # somebody else cancelled too
            return False
        error = self._watcher.exception()
        if error is not None:
            raise error
        return exc_type is not None and issubclass(exc_type, asyncio.CancelledError)

    async def stop(self) -> None:
        """Stop receiving; to be awaited at the end of the request, so that no task is left."""
        watcher = self._watcher
        if watcher is not None:
            watcher.cancel()
            await asyncio.wait([watcher])
            if not watcher.cancelled():
                watcher.exception()  # raised in the block, if there was one

    async def _watch(self) -> None:
        try:
            await self._inbox.wait_until_left()
        finally:
            if self._block is not None:
                self._has_cancelled = True
                self._block.cancel()
