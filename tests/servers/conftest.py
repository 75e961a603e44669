"""Which servers run, and the table of what they answered."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import launch
from .catalogue import ALL, BY_NAME, SERVERS, STRICT, Server


@dataclass
class Row:
    """What came out for one server."""

    server: Server
    asked: int = 0
    equal: int = 0
    deviating: int = 0
    result: str = "failed"


ROWS = pytest.StashKey[list[Row]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


def need(server: Server) -> None:
    """Skip the test if the server is not to run, or not there; fail where it has to be."""
    if not (ALL or server.by_default):
        pytest.skip(f"{server.name} runs only with DUALAPP_ALL_SERVERS=1")
    need_packages(*server.packages)


def need_packages(*packages: str) -> None:
    """Skip the test if a package is not there; fail where it has to be."""
    for package in packages:
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            message = f"{package} is not installed: pip install 'dualapp[all-servers]'"
            if STRICT:
                pytest.fail(message)
            pytest.skip(message)


@pytest.fixture(params=SERVERS, ids=[server.name for server in SERVERS])
def server(request: pytest.FixtureRequest) -> Server:
    """Each server in turn."""
    need(request.param)
    return request.param


@pytest.fixture
def row(request: pytest.FixtureRequest, server: Server) -> Row:
    """The server's row in the table."""
    row = Row(server)
    request.config.stash[ROWS].append(row)
    return row


@pytest.fixture
def serve(tmp_path: Path) -> launch.Serve:
    """Start a server by its name: ``with serve("hypercorn", "everything:app") as running:``."""

    def serve(name: str, target: str = "everything:app", *options: str, **more: str):
        server = BY_NAME[name]
        need(server)
        return launch.running(lambda port: server.serve(target, port, *options), tmp_path, **more)

    return serve


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("the same requests under each server")
    for line in _table(rows):
        terminalreporter.write_line(line)


def _table(rows: list[Row]) -> Iterator[str]:
    line = "{:24}{:10}{:11}{:>9}{:>15}{:>18}  {}".format
    yield line(
        "server", "version", "interface", "requests", "answers equal", "server's own way", "result"
    )
    for row in rows:
        server = row.server
        counts = (row.asked, row.equal, row.deviating)
        yield line(server.name, server.version, server.interface, *counts, row.result)
    yield ""
    for row in rows:
        if row.deviating:
            ways = "; ".join(f"{name}: {why}" for name, why in row.server.deviations.items())
            yield f"{row.server.name}: {ways}"
