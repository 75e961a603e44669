"""What the load client is measured against: a server that answers at once, whatever it is asked.

``python -m dualapp.lab.responder`` prints its port and serves until its standard input ends. It
reads no request; it only counts where one ends, as the client sends it in one piece.
"""

from __future__ import annotations

import asyncio
import sys
import typing as t

from .load import new_event_loop

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 13\r\n\r\n"
    b"Hello, World!"
)


class Responder(asyncio.Protocol):
    """Answers each piece that arrives."""

    _transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = t.cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER)


async def serve() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Responder, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Serve, on the fastest loop there is."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve())


if __name__ == "__main__":
    main()
