"""The same application, unchanged, under every server: the same answers to the same requests."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from . import launch, wire
from .catalogue import Server
from .conftest import Row
from .conversation import conversation
from .expected import Exchange

pytestmark = pytest.mark.servers

#: Seconds to wait where a server is known not to answer as it should.
SHORT_PATIENCE = 2

#: What Python or asyncio print of something that was not closed or awaited.
NEGLECT = (
    "never awaited",
    "was destroyed",
    "never retrieved",
    "unclosed file <_io",
    "unclosed event",
)


def test_answers_are_equal(server: Server, row: Row, tmp_path: Path) -> None:
    exchanges = conversation()
    different: list[str] = []
    with launch.running(lambda port: server.serve("everything:app", port), tmp_path) as running:
        assert running.ask("/interface").body.decode() == server.interface
        seen: dict[str, wire.Answer] = {}
        for exchange in exchanges:
            row.asked += 1
            differences = hold(exchange, running, seen, server)
            if not differences:
                row.equal += 1
            elif exchange.name in server.deviations:
                row.deviating += 1
            else:
                different += [f"{exchange.name}: {difference}" for difference in differences]
        time.sleep(server.rest)
        running.stop(server.stop)
        assert not different, "\n".join(different)
        assert_hooks_ran_once(running, exchanges)
        assert not [line for line in running.log.splitlines() if any(n in line for n in NEGLECT)]
    row.result = "ok" if row.deviating == len(server.deviations) else "ok, and deviates less"


def hold(
    exchange: Exchange, running: launch.Running, seen: dict[str, wire.Answer], server: Server
) -> list[str]:
    """Ask, and tell what is different in the answer."""
    patience = SHORT_PATIENCE if exchange.name in server.deviations else wire.PATIENCE
    try:
        answer = running.ask(exchange.request_after(seen), exchange.name, patience)
    except (AssertionError, LookupError, OSError) as error:
        return [repr(error)]
    seen[exchange.name] = answer
    return exchange.expected.differences(answer)


def assert_hooks_ran_once(running: launch.Running, exchanges: list[Exchange]) -> None:
    """Teardown once for each request and colour, start-up and shutdown once for the server."""
    notes = Counter(running.journal)
    expected = Counter(
        f"teardown {colour} {exchange.name}"
        for exchange in exchanges
        for colour in ("sync", "async")
    )
    assert notes & expected == expected
    assert {note: count for note, count in notes.items() if note in expected} == expected
    for what in ("startup", "shutdown"):
        for colour in ("sync", "async"):
            assert notes[f"{what} {colour}"] == 1


def test_factories(server: Server, tmp_path: Path) -> None:
    if server.factory is None:
        pytest.skip(f"{server.name} takes no factory")
    target = "factory:create_app"
    with launch.running(lambda port: server.serve_factory(target, port), tmp_path) as running:
        for path in ("/", "/async"):
            answer = running.ask(path)
            assert (answer.status, answer.body) == (200, b"made by a factory")


def test_websocket_handshakes_are_refused(server: Server, tmp_path: Path) -> None:
    upgrade = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    request = wire.Request("GET", "/", upgrade, closes=False)
    with launch.running(lambda port: server.serve("everything:app", port), tmp_path) as running:
        head = wire.ask_head(running.port, request)
    status = {"wsgi": b" 426 ", "asgi": b" 403 "}[server.interface]
    assert status in head.splitlines()[0]
