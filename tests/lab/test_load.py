"""The load client, against small servers that behave as they should, and that do not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

import pytest

from dualapp.lab.load import Connection, Job, Run, load
from dualapp.lab.serving import free_port
from dualapp.lab.wanted import get

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextlib.asynccontextmanager
async def server(answer):
    """Serve on a free port; ``answer(writer, number)`` is awaited for each request."""
    numbers = iter(range(1_000_000))
    tasks = set()

    async def serve(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            while not writer.is_closing():
                await reader.readuntil(b"\r\n\r\n")
                await answer(writer, next(numbers))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        yield running.sockets[0].getsockname()[1]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def job(port, *, concurrency=2, seconds=0.1, patience=10.0):
    request = get("/").on_the_wire().decode("latin-1")
    return Job(
        port=port, request=request, concurrency=concurrency, seconds=seconds, patience=patience
    )


def sends(data, *, closes=False):
    async def answer(writer, number):
        writer.write(data)
        if closes:
            writer.close()

    return answer


async def test_answers_are_counted_and_timed():
    async def answer(writer, number):
        await asyncio.sleep(0.01)
        writer.write(OK)

    async with server(answer) as port:
        found = await load(job(port, concurrency=3))
    assert found.answered >= 3
    assert (found.errors, found.waiting, found.redirected) == ({}, 0, 0)
    assert 0.01 <= found.p50 <= found.p95 <= found.p99
    assert found.mean >= 0.01
    assert 0 < found.per_second <= 3 / 0.01


async def test_with_no_time_each_connection_asks_once():
    async with server(sends(OK)) as port:
        found = await load(job(port, concurrency=5, seconds=0))
    assert found.answered == 5
    assert found.per_second > 0


async def test_a_server_that_closes_after_each_answer():
    once = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with server(sends(once, closes=True)) as port:
        found = await load(job(port))
    assert found.answered > 2
    assert found.errors == {}


async def test_a_chunked_answer_is_timed_to_its_end():
    async def answer(writer, number):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"0\r\n\r\n")

    async with server(answer) as port:
        found = await load(job(port, seconds=0))
    assert found.answered == 2
    assert found.p50 >= 0.05


async def test_an_error_is_no_answer():
    async def answer(writer, number):
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n" if number % 2 else OK)

    async with server(answer) as port:
        found = await load(job(port, concurrency=4, seconds=0))
    assert (found.answered, found.errors) == (2, {"status 503": 2})


async def test_a_redirect_is_told():
    moved = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
    async with server(sends(moved)) as port:
        found = await load(job(port, seconds=0))
    assert found.answered == found.redirected == 2


async def test_a_connection_that_is_cut_off():
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf"
    async with server(sends(cut, closes=True)) as port:
        found = await load(job(port, seconds=0))
    assert found.answered == 0
    assert found.errors == {"closed before the answer was complete": 2}


async def test_a_connection_that_is_closed_before_it_asks_is_replaced():
    numbers = iter(range(1000))

    async def serve(reader, writer):
        if next(numbers):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as running:
        port = running.sockets[0].getsockname()[1]
        done = asyncio.get_running_loop().create_future()
        run = Run(job(port, concurrency=1, seconds=0), done)
        connection = Connection(run)
        await connection.connect()
        await asyncio.sleep(0.05)
        connection.ask()
        await asyncio.wait_for(done, 5)
    assert (len(run.latencies), run.errors) == (1, {})


@pytest.mark.parametrize(
    ("last", "rate"), [(1.0, 20), (1.2, 18), (10.0, 18)], ids=["none", "a little", "much"]
)
async def test_stragglers_do_not_lower_the_rate(last, rate):
    run = Run(job(0, concurrency=20), asyncio.get_running_loop().create_future())
    begin = run._begin
    for number in range(20):
        passed = 1.0 if number < 18 else last
        run.latencies.append(passed)
        assert run.is_over(begin + passed)
    assert run.per_second == pytest.approx(rate)


async def test_what_is_no_http():
    async with server(sends(b"SSH-2.0-server\r\n")) as port:
        found = await load(job(port, seconds=0))
    [(what, count)] = found.errors.items()
    assert what.startswith("no HTTP: ")
    assert count == 2


async def test_a_queue_that_does_not_hold_all_connections():
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)  # it is not looked at another one meanwhile
                    connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        found = await asyncio.wait_for(
            load(job(listener.getsockname()[1], concurrency=20, seconds=0, patience=3)), 8
        )
        listener.shutdown(socket.SHUT_RDWR)
    assert found.answered > 1
    assert found.answered + found.waiting + sum(found.errors.values()) >= 20


async def test_nobody_listens():
    found = await load(job(free_port(), seconds=0))
    assert found.answered == 0
    assert sum(found.errors.values()) == 2


async def test_who_is_not_answered_counts_with_the_time_waited():
    never = asyncio.Event()

    async def answer(writer, number):
        await never.wait()

    async with server(answer) as port:
        found = await load(job(port, seconds=0.05, patience=0.05))
    assert (found.answered, found.waiting, found.per_second) == (0, 2, 0)
    assert found.p99 >= 0.1


async def test_one_that_is_never_answered_does_not_outweigh_the_others():
    never = asyncio.Event()

    async def answer(writer, number):
        if number == 10:
            await never.wait()
        writer.write(OK)

    async with server(answer) as port:
        found = await load(job(port, concurrency=4, seconds=0.2, patience=1))
    assert (found.waiting, found.errors) == (1, {})
    assert found.p50 < 0.1
    assert found.p99 > 0.9, "a connection in four was stalled all the time"


async def test_connections_that_are_never_served_do_not_slow_down_the_others():
    never = asyncio.Event()

    async def answer(writer, number):
        if number >= 3:
            await never.wait()
        writer.write(OK)

    async with server(answer) as port:
        found = await load(job(port, concurrency=6, seconds=0, patience=1))
    assert (found.answered, found.waiting) == (3, 3)
    assert found.per_second > 3


async def test_a_view_slower_than_its_time_has_a_rate_all_the_same():
    async def answer(writer, number):
        await asyncio.sleep(0.1)
        writer.write(OK)

    async with server(answer) as port:
        found = await load(job(port, concurrency=2, seconds=0.02))
    assert found.answered == 2
    assert 0 < found.per_second <= 20
