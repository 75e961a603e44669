"""Results that were never measured: small ones, whose numbers a test chooses."""

from __future__ import annotations

from dualapp.lab.results import (
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

SYNC, GTHREAD, UVICORN = "gunicorn sync", "gunicorn gthread", "uvicorn"
MB = 1_000_000


def spread(value, noise=0.0):
    """Make a figure whose rounds differ by a share of it to either side."""
    return Spread(median=value, low=value * (1 - noise), high=value * (1 + noise))


def setup(name, *, failure=None, loop="request"):
    is_asgi = name == UVICORN
    return Setup(
        name=name,
        server=name.partition(" ")[0],
        side="asgi" if is_asgi else "wsgi",
        event_loop=None if is_asgi else loop,
        threads={SYNC: 1, UVICORN: 40}.get(name, 16),
        command=f"serve-by {name}",
        idle_memory=40 * MB,
        failure=failure,
    )


def figures(
    name, request, rate, *, at=16, p50=0.01, p99=0.02, noise=0.0, memory=50, errors=None, cpu=0.001
):
    return Figures(
        setup=name,
        request=request,
        concurrency=at,
        per_second=spread(rate, noise),
        p50=spread(p50),
        p95=spread(p99),
        p99=spread(p99),
        answered=1000,
        errors=errors or {},
        cpu=spread(cpu),
        memory=spread(memory * MB),
    )


def asked(name="GET /report", colour="sync", title="Report of the year."):
    return Asked(name=name, view="shop.report", colour=colour, title=title)


def results(
    found,
    *,
    requests=None,
    setups=None,
    parts=None,
    waits_at=None,
    client=100_000.0,
    notes=(),
    advice=None,
):
    """Make results of some figures; all else is as it must be.

    Args:
        found: The figures.
        requests: What was asked; by default a report.
        setups: By default those that have figures.
        parts: Of the time of the first request, under the first setup.
        waits_at: Where that waits.
        client: Requests a second that the client can make.
        notes: Of the run.
        advice: What is recommended.
    """
    names = dict.fromkeys(each.setup for each in found)
    requests = requests or [asked()]
    first = setups[0].name if setups else next(iter(names), SYNC)
    apart = [Apart(setup=first, request=requests[0].name, parts=parts or {}, waits_at=waits_at)]
    return Results(
        app="shop:app",
        made="2026-01-02T03:04:05+00:00",
        seconds=59.6,
        dualapp="0.1.0",
        machine=Machine(
            processor="A processor",
            cores=2,
            memory=8_000 * MB,
            system="Linux 6.1",
            python="CPython 3.11.7",
            packages={"gunicorn": "26.0"},
        ),
        settings=Settings(
            workers=1,
            threads=16,
            concurrency=[1, 16],
            rounds=3,
            seconds=0.5,
            server_cores=[0],
            client_cores=[1],
        ),
        requests=requests,
        setups=setups or [setup(name) for name in names],
        figures=found,
        apart=apart if parts else [],
        client=Client(
            name="a client",
            per_second=client,
            fastest=max((each.per_second.median for each in found), default=0.0),
        ),
        advice=advice,
        notes=list(notes),
    )
