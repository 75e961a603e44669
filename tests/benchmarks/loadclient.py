"""The load client of ``dualapp tradeoff`` beside ``wrk``: the same servers, asked by both in turn.

The client is to make at least three times as many requests a second as the fastest server answers
with the packaged hello view, see the last line. Run it from the root of the repository:
``python -m tests.benchmarks.loadclient``.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator

from dualapp.lab.bench import Bench, set_up
from dualapp.lab.candidates import candidates_of, start_servers
from dualapp.lab.client import LoadClient, said_by, start_module
from dualapp.lab.describing import described
from dualapp.lab.options import PACKAGED, Options
from dualapp.lab.progress import Progress
from dualapp.lab.serving import environment_for, free_port
from dualapp.lab.setups import choose
from dualapp.lab.wanted import get

from . import load
from .command import options, publish, tell
from .table import Column, Table
from .timing import Effort, Figures, in_turns

_QUICK = Effort(rounds=2, seconds=1)
_FULL = Effort(rounds=5, seconds=2)

#: How much faster than any server the client is to be.
_GOAL = 3

_AT_ONCE = "answers at once (dualapp.lab.responder)"
_NGINX = "nginx, return 200"
_NOTE = (
    f"hello, one worker on one core, {load.CONNECTIONS} connections of one client process on"
    " another; median of the rounds"
)
_NGINX_CONF = """\
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "Hello, World!"; }} }}
}}
"""


def main() -> None:
    """Measure with both, and print it."""
    arguments = options("loadclient", __doc__).parse_args()
    missing = load.what_is_missing()
    if missing is not None:
        sys.exit(missing)
    effort = _QUICK if arguments.quick else _FULL
    with set_up(Progress(None)) as bench:
        client = LoadClient(bench.processes, bench.client_cores, bench.folder)
        ports = {_AT_ONCE: _responder(bench), **dict(_nginx(bench)), **dict(_servers(bench))}
        wrk, ours = _measure(bench, client, ports, effort)
    columns = [
        Column("wrk", "wrk", "requests/s", wrk),
        Column("client", "dualapp.lab.load", "requests/s", ours),
    ]
    publish(Table("loadclient", _NOTE, columns, bench.notes), arguments)
    print(_verdict(wrk, ours))


def _measure(
    bench: Bench, client: LoadClient, ports: dict[str, int], effort: Effort
) -> tuple[dict[str, Figures], dict[str, Figures]]:
    [core] = bench.client_cores
    wrk: dict[str, Figures] = {name: Figures() for name in ports}
    ours: dict[str, Figures] = {name: Figures() for name in ports}
    for number, name in in_turns(ports, effort.rounds):
        tell(f"round {number}: {name}")
        wrk[name].rounds.append(load.ask(ports[name], effort.seconds, core).per_second)
        found = client.ask(
            ports[name], get("/"), concurrency=load.CONNECTIONS, seconds=effort.seconds
        )
        if found.errors or found.waiting:
            raise ValueError(f"Not every request was answered by {name}: {found}")
        ours[name].rounds.append(found.per_second)
    return wrk, ours


def _verdict(wrk: dict[str, Figures], ours: dict[str, Figures]) -> str:
    """Compare what the client can do with the fastest server, by whichever of both saw more."""
    servers = [name for name in ours if name not in (_AT_ONCE, _NGINX)]
    rates = {name: max(wrk[name].median, ours[name].median) for name in servers}
    fastest = max(rates, key=rates.__getitem__)
    factor = ours[_AT_ONCE].median / rates[fastest]
    word = "pass" if factor >= _GOAL else "FAIL"
    return (
        f"\n{word}: the client makes {factor:.1f} times what the fastest server answers"
        f" ({fastest}); {_GOAL} times are wanted."
    )


def _responder(bench: Bench) -> int:
    log = bench.folder / "responder.log"
    return int(said_by(start_module(bench.processes, "responder", bench.server_cores, log), log))


def _nginx(bench: Bench) -> Iterator[tuple[str, int]]:
    if shutil.which("nginx") is None:
        bench.notes.append("nginx is not installed")
        return
    folder, port = bench.new_folder(), free_port()
    file = folder / "nginx.conf"
    file.write_text(_NGINX_CONF.format(folder=folder, port=port))
    bench.processes.start(
        ["nginx", "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(file)],
        cores=bench.server_cores,
        environment=environment_for(),
        folder=folder,
        log=folder / "log",
    )
    yield _NGINX, port


def _servers(bench: Bench) -> Iterator[tuple[str, int]]:
    """Start every server that is installed, with the packaged application."""
    wanted = Options(
        app=PACKAGED,
        requests=[get("/")],
        ways=choose([]),
        event_loops=(),
        concurrency=[load.CONNECTIONS],
        workers=1,
        threads=16,
        rounds=1,
        seconds=1,
    )
    app = described(bench, PACKAGED, wanted.requests)
    for candidate in start_servers(
        bench, candidates_of(wanted, app, {}), workers=1, threads=wanted.threads
    ):
        assert candidate.server is not None
        yield candidate.name, candidate.server.port


if __name__ == "__main__":
    main()
