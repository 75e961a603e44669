"""Another service, as far as a waiting view can tell: it answers after the time that it is told.

``python -m dualapp.lab.delays PATH`` serves on a Unix socket until its standard input ends. Its
clients are here too. They sleep instead where :data:`VARIABLE` names no socket, so that the
packaged application can be served by hand.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time

#: The environment variable with the path of the service's socket.
VARIABLE = "DUALAPP_LAB_DELAYS"


def wait(seconds: float) -> None:
    """Ask the service, and block until it answers."""
    path = os.environ.get(VARIABLE)
    if path is None:
        time.sleep(seconds)
        return
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(_question(seconds))
        connection.recv(1)


async def wait_async(seconds: float) -> None:
    """Ask the service, and await its answer."""
    path = os.environ.get(VARIABLE)
    if path is None:
        await asyncio.sleep(seconds)
        return
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(_question(seconds))
        await reader.read(1)
    finally:
        writer.close()


def _question(seconds: float) -> bytes:
    return f"{seconds}\n".encode()


class _Delayed(asyncio.Protocol):
    """Answers a line with the time in it, when that is over."""

    _transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(float(data), self._transport.write, b"\n")


async def serve(path: str) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    await loop.create_unix_server(_Delayed, path, backlog=1024)
    print("ready", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
