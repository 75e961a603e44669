"""The demo from beginning to end."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
import typing as t
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPException

import click

from . import report
from .client import Reply, ask, ask_at_once
from .measured import Measured, Pair, seconds_of
from .probes import PROBES, Probe
from .progress import Progress
from .servers import Server, ServerError, both, check_installed


def run(number: int, workers: int, serve: bool) -> None:
    """Start both servers, ask, print, and end them, also after an error or Ctrl-C.

    Args:
        number: How many requests are made at once.
        workers: Of gunicorn.
        serve: Leave both running until Ctrl-C.

    Raises:
        ServerError: A server is missing, did not start or does not answer.
        KeyboardInterrupt: Ctrl-C before the end; not with ``serve`` once all is printed.
    """
    check_installed()
    progress = Progress(sys.stderr)
    with _ended_like_ctrl_c(), both(workers, progress) as servers:
        progress.clear()
        _introduce(servers)
        pairs = []
        for probe in PROBES:
            wsgi, asgi = (_measure(server, probe, number, progress) for server in servers)
            pairs.append(Pair(wsgi, asgi))
            progress.clear()
            click.echo(report.part(pairs[-1]))
        click.echo(report.end(pairs))
        if serve:
            _serve(servers)


def _introduce(servers: tuple[Server, Server]) -> None:
    click.echo("One application, dualapp.demo.app:app, under two servers on this machine:\n")
    for server in servers:
        served = server.served
        processes = "1 process" if served.processes == 1 else f"{served.processes} sync workers"
        click.echo(f"  {served.name:<9} {server.url}  {served.side}, {processes}")
    click.echo()


def _measure(server: Server, probe: Probe, number: int, progress: Progress) -> Measured:
    what = f"Asking {server.served.name} for {probe.path}"
    try:
        progress.begin(f"{what}, alone")
        ask(server.port, probe)  # the first one warms it up
        alone = list(_ask_one_by_one(server, probe, progress))
        progress.begin(f"{what}, {number} at once")
        at_once = _ask_in_rounds(server, probe, number, progress)
    except (OSError, HTTPException) as error:
        progress.clear()
        server.check()  # says more, if the server has ended
        raise ServerError(
            f"{server.served.name} did not answer {probe.request_line} in time or in full"
            f" ({type(error).__name__}: {error}). Run the demo again; if it stays so, the machine"
            " may be too busy, or a firewall may stand before 127.0.0.1."
        ) from error
    failed = next((reply for reply in (*alone, *at_once) if reply.status != HTTPStatus.OK), None)
    if failed is not None:
        raise ServerError(server.with_log(f"answered {probe.request_line} with {failed.status}"))
    return Measured(server.served, probe, alone, at_once)


def _ask_one_by_one(server: Server, probe: Probe, progress: Progress) -> Iterator[Reply]:
    for time_before in range(probe.times_alone):
        progress.go_on(f"{time_before} of {probe.times_alone}")
        yield ask(server.port, probe)


def _ask_in_rounds(server: Server, probe: Probe, number: int, progress: Progress) -> list[Reply]:
    """Ask many at once, some times; give the round of middle length."""

    total = probe.times_at_once

    def ask_in_round(turn: int) -> list[Reply]:
        which = f"round {turn} of {total}, " if total > 1 else ""
        return ask_at_once(
            server.port, probe, number, lambda done: progress.go_on(f"{which}{done} answered")
        )

    rounds = [ask_in_round(turn) for turn in range(1, total + 1)]
    return sorted(rounds, key=seconds_of)[len(rounds) // 2]


def _serve(servers: tuple[Server, Server]) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        click.echo("\nBoth go on serving until you press Ctrl-C:")
        for server in servers:
            click.echo(f"  curl {server.url}/async    # {server.served.name}")
        while True:
            time.sleep(0.5)
            for server in servers:
                server.check()


@contextlib.contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Let a polite end or a closed terminal end the servers too, as Ctrl-C does."""

    def interrupt(*_: t.Any) -> t.NoReturn:
        raise KeyboardInterrupt

    signals = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in signals}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup means it
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
