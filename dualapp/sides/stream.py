"""A response that is made while it is sent, on the WSGI side.

The server iterates it. Each step runs in the request's context, and the request ends when the
stream does: exhausted, closed by the server, or failed.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

from ..core import lifecycle
from ..core.answer import Answer, EncodedChunks
from ..core.calls import call_in_place

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

    from .wsgi import Exchange


class Stream:
    """The iterable that the WSGI server gets for a streamed answer (:pep:`3333`).

    Its first chunk that is not empty is made before the server is told status and headers: an
    error up to there still becomes an answer of its own. PEP 3333 would let the answer be replaced
    later too, by a second ``start_response`` with ``exc_info``, but gunicorn and cheroot then send
    the headers of both answers, and granian those of the first. A later error is raised to the
    server, which cuts the connection.
    """

    def __init__(self, exchange: Exchange, answer: Answer) -> None:
        self._exchange = exchange
        self._step = self._step_of(answer)
        self._first = b""
        self._is_over = False

    def start(self, start_response: StartResponse) -> t.Self:
        """Make the first chunk and tell the server how the answer begins."""
        try:
            self._first = self._first_chunk()
        except Exception as error:
            self._answer_instead(error)
            self._first = self._first_chunk()
        answer = self._exchange.answer
        assert answer is not None
        self._exchange.context.run(start_response, answer.status, answer.headers)
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._is_over:
            raise StopIteration
        if self._first:
            chunk, self._first = self._first, b""
            return chunk
        try:
            return self._step()
        except StopIteration:
            self._end(None)
            raise
        except BaseException as error:
            self._end(error)
            raise

    def close(self) -> None:
        """End the request; called by the server whether or not all was sent."""
        self._end(None)

    def _step_of(self, answer: Answer) -> Callable[[], bytes]:
        """Give the function that makes each chunk of an answer."""
        exchange = self._exchange
        exchange.answer = answer
        if isinstance(answer.body, EncodedChunks):
            from .pump import Pump  # needs asyncio, which nothing else here does

            pump = answer.body = Pump(answer.body, exchange.context)
            return lambda: _or_stop(exchange.wait_for(pump.next()))
        iterator = iter(answer.body)
        return lambda: exchange.context.run(next, iterator)

    def _first_chunk(self) -> bytes:
        """Give the first chunk that is not empty; an empty one if there is no other."""
        try:
            while not (chunk := self._step()):
                pass
        except StopIteration:
            return b""
        return chunk

    def _answer_instead(self, error: Exception) -> None:
        """Put a 500, or what a handler makes of it, in the place of a stream that has failed."""
        exchange = self._exchange
        try:
            exchange.close_body()
        except Exception as raised:
            error = raised  # it knows of the other one, as its context
        assert exchange.ctx is not None
        instead = exchange.drive(lifecycle.answer_error(exchange.ctx, call_in_place, error))
        self._step = self._step_of(instead)

    def _end(self, error: BaseException | None) -> None:
        if not self._is_over:
            self._is_over = True
            self._exchange.end(error)


def _or_stop(chunk: bytes | None) -> bytes:
    if chunk is None:
        raise StopIteration
    return chunk
