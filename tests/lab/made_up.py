"""Results of a comparison that nobody made, for tests of what is done with results.

The figures follow a simple model of what servers do, so that charts look as real ones do.
"""

from __future__ import annotations

from dataclasses import replace

from dualapp.lab.results import (
    Advice,
    Apart,
    Asked,
    Client,
    Figures,
    Machine,
    Results,
    Settings,
    Setup,
    Spread,
)

CONCURRENCY = [1, 4, 16, 64, 256]

#: Seconds from the client to the server and back.
ROUND_TRIP = 150e-6

#: Name, server, side, event loop, threads, requests under way at once, seconds per request.
_SERVERS = [
    ("gunicorn sync", "gunicorn", "wsgi", "request", 1, 1, 190e-6),
    ("gunicorn gthread", "gunicorn", "wsgi", "request", 16, 16, 260e-6),
    ("gunicorn gthread, worker loop", "gunicorn", "wsgi", "worker", 16, 16, 240e-6),
    ("gunicorn asgi", "gunicorn", "asgi", None, 40, 40, 230e-6),
    ("uvicorn", "uvicorn", "asgi", None, 40, 40, 150e-6),
    ("waitress", "waitress", "wsgi", "request", 16, 16, 320e-6),
]

#: Name, view, colour, title, seconds that the view waits, and computes.
_REQUESTS = [
    ("GET /", "shop.views.index", "sync", "Say hello.", 0.0, 20e-6),
    ("GET /report", "shop.views.report", "sync", "Wait for the database.", 0.18, 2e-3),
    ("GET /prices", "shop.views.prices", "async", "Ask ten services at once.", 0.05, 1e-3),
    ("POST /predict", "shop.views.predict", "sync", "", 0.0, 9e-3),
]


def steady(value: float, apart: float = 0.06) -> Spread:
    """Give a figure whose rounds differ by this share of their median."""
    return Spread(median=value, low=value * (1 - apart / 2), high=value * (1 + apart / 2))


def results(requests: int = len(_REQUESTS)) -> Results:
    """Make the results of a run without accidents.

    Args:
        requests: How many were asked; past the fourth they are like those before.
    """
    asked = [_asked(n) for n in range(requests)]
    setups = [
        Setup(
            name=name,
            server=server,
            side="asgi" if side == "asgi" else "wsgi",
            event_loop=None if side == "asgi" else "worker" if loop == "worker" else "request",
            threads=threads,
            command=f"{server} --workers 2 --bind 127.0.0.1:8000 shop:app",
            idle_memory=48_000_000 + 9_000_000 * index,
        )
        for index, (name, server, side, loop, threads, *_) in enumerate(_SERVERS)
    ]
    figures = [
        _figures(server, setup, n, asked[n], concurrency)
        for n in range(requests)
        for server, setup in zip(_SERVERS, setups, strict=True)
        for concurrency in CONCURRENCY
    ]
    return Results(
        app="shop:app",
        made="2026-03-04T15:26:53+00:00",
        seconds=412.0,
        dualapp="0.1.0",
        machine=Machine(
            processor="AMD EPYC 7B13",
            cores=2,
            memory=25_000_000_000,
            system="Debian GNU/Linux 12, Linux 6.1",
            python="CPython 3.11.7",
            packages={"gunicorn": "26.0.1", "uvicorn": "0.41.0", "waitress": "3.0.2"},
        ),
        settings=Settings(
            workers=2,
            threads=16,
            concurrency=CONCURRENCY,
            rounds=3,
            seconds=2.0,
            server_cores=[0],
            client_cores=[1],
        ),
        requests=asked,
        setups=setups,
        figures=figures,
        apart=[_apart(server, n, asked[n]) for n in range(requests) for server in _SERVERS],
        client=Client(name="wrk 4.2.0", per_second=41_500.0, fastest=6_060.0),
        advice=Advice(
            sentences=[
                "Your GET /report waits 180 ms: 16 threads serve 15 times what sync does.",
                "On uvicorn it costs one thread each; GET /prices is async and takes none there.",
            ],
            setup="gunicorn gthread",
            command="gunicorn --worker-class gthread --workers 2 --threads 16 shop:app",
        ),
    )


def crowded() -> Results:
    """Make results with many setups, long names, and figures that are very large and very small."""
    made = results(2)
    setups = [
        replace(setup, name=f"{setup.name}, number {n} of a great many")
        for n in range(3)
        for setup in made.setups
    ]
    figures = [
        replace(
            f,
            setup=setup.name,
            per_second=steady(f.per_second.median * 10.0**n),
            p99=steady(f.p99.median * 10.0 ** (2 * n - 4)),
            memory=steady(f.memory.median * 10.0 ** (3 * n)),
        )
        for n, setup in ((n // 6, setup) for n, setup in enumerate(setups))
        for f in made.figures
        if setup.name.startswith(f"{f.setup}, number")
    ]
    return replace(made, setups=setups, figures=figures, apart=[])


def single_point() -> Results:
    """Make results of one setup and one request, asked with one under way; nothing was steady."""
    made = results(1)
    figures = [f for f in made.figures if (f.setup, f.concurrency) == ("uvicorn", 4)]
    return replace(
        made,
        setups=[setup for setup in made.setups if setup.name == "uvicorn"],
        figures=[replace(figures[0], per_second=Spread(median=90.0, low=10.0, high=200.0))],
        apart=[apart for apart in made.apart if apart.setup == "uvicorn"],
        settings=replace(made.settings, concurrency=[4], rounds=1, server_cores=[]),
    )


def failed() -> Results:
    """Make results of servers none of which could be started."""
    made = results()
    return replace(
        made,
        setups=[
            replace(
                setup,
                idle_memory=None,
                failure=f"{setup.server} did not start: port {8000 + n} is taken. Free it.",
            )
            for n, setup in enumerate(made.setups)
        ],
        figures=[],
        apart=[],
        advice=None,
    )


def empty() -> Results:
    """Make results without a setup and without a request."""
    return replace(failed(), setups=[], requests=[])


def lossy() -> Results:
    """Make results in which one setup lost requests, and another one answered none at all."""
    made = results()
    nothing = Spread(median=float("nan"), low=float("nan"), high=float("nan"))
    zero = Spread(median=0.0, low=0.0, high=0.0)

    def with_losses(f: Figures) -> Figures:
        if f.setup == "waitress":
            return replace(f, errors={"connection reset": 30, "status 500": 7})
        if f.setup == "gunicorn asgi":
            latencies = {"p50": nothing, "p95": nothing, "p99": nothing}
            return replace(
                f, per_second=zero, answered=0, cpu=nothing, errors={"timed out": 9}, **latencies
            )
        return f

    return replace(made, figures=[with_losses(f) for f in made.figures])


def with_name(name: str) -> Results:
    """Make results in which everything that an application or a user can name has this name."""
    made = results(1)
    first, *others = made.setups
    return replace(
        made,
        app=name,
        requests=[replace(made.requests[0], name=name, view=name, title=name)],
        setups=[replace(first, command=name, failure=name), *others],
        figures=[replace(f, request=name, errors={name: 1}) for f in made.figures],
        apart=[replace(apart, request=name) for apart in made.apart],
        client=replace(made.client, name=name),
        machine=replace(made.machine, processor=name, packages={name: name}),
        advice=Advice(sentences=[name], setup=name, command=name),
    )


def _asked(n: int) -> Asked:
    name, view, colour, title, *_ = _REQUESTS[n % len(_REQUESTS)]
    number = n // len(_REQUESTS)
    return Asked(
        name=f"{name}{f'?page={number}' if number else ''}",
        view=view,
        colour="async" if colour == "async" else "sync",
        title=title,
    )


def _figures(server: tuple, setup: Setup, n: int, asked: Asked, concurrency: int) -> Figures:
    *_, at_once, overhead = server
    *_, waits, computes = _REQUESTS[n % len(_REQUESTS)]
    if asked.colour == "async" and setup.side == "asgi":
        at_once = 1000
    busy = overhead + computes
    alone = busy + waits + ROUND_TRIP
    rate = 1 / (alone / min(concurrency, at_once) + busy)
    latency = max(alone, concurrency / rate)
    return Figures(
        setup=setup.name,
        request=asked.name,
        concurrency=concurrency,
        per_second=steady(rate),
        p50=steady(latency * 0.9),
        p95=steady(latency * 1.5),
        p99=steady(latency * 2.2, 0.3),
        answered=round(rate * 6),
        errors={},
        cpu=steady(busy),
        memory=steady((setup.idle_memory or 0) * 1.2 + concurrency * 20_000),
    )


def _apart(server: tuple, n: int, asked: Asked) -> Apart:
    name, _, side, loop, *_, overhead = server
    *_, waits, computes = _REQUESTS[n % len(_REQUESTS)]
    is_async = asked.colour == "async"
    parts = {
        "server and network": overhead,
        "dualapp": 12e-6,
        "event loop": 20e-6 if is_async and loop == "request" else 0,
        "hops": 45e-6 if side == "asgi" and not is_async else 0,
        "view, computing": computes,
        "view, waiting": waits,
    }
    return Apart(
        setup=name, request=asked.name, parts={part: took for part, took in parts.items() if took}
    )
