"""What several tests of the ASGI side are made of."""

from __future__ import annotations

import asyncio
import threading
import time

from dualapp.sides.placement import workers_of


class Gate:
    """A function that holds its thread until it is opened."""

    def __init__(self):
        self.held = 0
        self.most = 0
        self._is_open = threading.Event()
        self._lock = threading.Lock()

    def __call__(self):
        with self._lock:
            self.held += 1
            self.most = max(self.most, self.held)
        assert self._is_open.wait(5)
        with self._lock:
            self.held -= 1
        return "through"

    def open(self):
        self._is_open.set()

    async def holds(self, number):
        async with asyncio.timeout(5):
            while self.held < number:
                await asyncio.sleep(0.002)


async def free_threads(app):
    """Wait until no worker thread has a job."""
    workers = workers_of(app)
    async with asyncio.timeout(1):
        while workers._free < workers.threads:
            await asyncio.sleep(0.005)
    return workers


def endless_sync(log):
    try:
        while True:
            time.sleep(0.01)
            yield b"x"
    finally:
        log.append("closed")


async def endless_async(log):
    try:
        while True:
            await asyncio.sleep(0.01)
            yield b"x"
    finally:
        log.append("closed")


async def waiting_async(log):
    """Never sends anything after its first chunk: only a watcher can tell it."""
    try:
        yield b"x"
        await asyncio.Event().wait()
    finally:
        log.append("closed")
