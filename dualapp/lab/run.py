"""A comparison from beginning to end: describe, start, ask, load in turns, take apart, advise."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from dataclasses import replace

import dualapp

from . import delays
from .advice import advise
from .bench import Bench, set_up
from .candidates import Candidate, candidates_of, end_servers, start_servers
from .client import LoadClient, client_name, said_by, start_module
from .describe import Described
from .describing import asked, described
from .errors import LabError
from .loading import Loaded, load_in_turns, those_that_answer, try_out
from .machine import describe_machine, make_room_for
from .options import PACKAGED, Options
from .progress import Progress
from .results import Client, Figures, Results, Settings
from .takenapart import take_apart
from .turns import figures_of
from .wanted import Wanted

#: How many of the requests that nothing came of are named in an error.
_REASONS = 3


def compare(options: Options, progress: Progress) -> Results:
    """Compare the ways to serve an application.

    Args:
        options: What to compare, and how.
        progress: Told what is done.

    Raises:
        BadInputError: There may not be as many connections as are asked for.
        LabError: Nothing could be measured.
        KeyboardInterrupt: This process was asked to end. All that it had started has ended.
    """
    make_room_for(max(options.concurrency))
    with set_up(progress) as bench:
        results = _compare(bench, options)
        progress.begin("Ending")
    progress.clear()
    return results


def _compare(bench: Bench, options: Options) -> Results:
    began = time.monotonic()
    app = described(bench, options.app, options.requests)
    client = LoadClient(bench.processes, bench.client_cores, bench.folder)
    candidates = candidates_of(options, app, _environment(bench, options))
    running = start_servers(bench, candidates, workers=options.workers, threads=options.threads)
    if not running:
        raise LabError(_nothing(candidates))
    _note_idle_memory(running)
    requests = options.requests or _usual_requests(bench, client, running, app, options.app)
    good = try_out(bench, client, running, requests, max(options.concurrency))
    loaded = load_in_turns(bench, client, running, good, requests, options)
    end_servers(bench, running)
    figures = [f for turn, rounds in loaded.measured.items() if (f := figures_of(turn, rounds))]
    if not figures:
        raise LabError(f"No request was answered without an error. {' '.join(bench.notes)}")
    apart = take_apart(bench, client, running, good, requests, options.threads)
    bench.progress.begin("Measuring the load client itself")
    limit = client.limit(bench.processes, bench.server_cores, bench.folder)
    results = Results(
        app=options.app,
        made=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seconds=time.monotonic() - began,
        dualapp=dualapp.__version__,
        machine=describe_machine(way.server for way in options.ways),
        settings=_settings(bench, options, loaded),
        requests=[asked(request, app) for request in requests],
        setups=[candidate.setup for candidate in candidates],
        figures=figures,
        apart=apart,
        client=Client(name=client_name(), per_second=limit, fastest=_fastest(figures)),
        advice=None,
        notes=bench.notes,
    )
    return replace(results, advice=advise(results))


def _note_idle_memory(running: Sequence[Candidate]) -> None:
    for candidate in running:
        assert candidate.server is not None
        memory = candidate.server.usage().memory
        candidate.setup = replace(candidate.setup, idle_memory=memory)


def _usual_requests(
    bench: Bench, client: LoadClient, running: Sequence[Candidate], app: Described, name: str
) -> list[Wanted]:
    """Give what is asked if the user has named nothing.

    Raises:
        LabError: There is nothing.
    """
    # A view that does not end must not keep this server from answering for the others.
    most_patient = max(running, key=lambda candidate: candidate.setup.threads)
    known = len(bench.notes)
    requests = those_that_answer(bench, client, most_patient, app.plain)
    if not requests:
        raise LabError(
            f"{name} has no GET route without arguments that answers with a status of 200 to 299."
            f" {''.join(f'{note} ' for note in bench.notes[known:][:_REASONS])}Say what to ask:"
            ' --request "GET /reports/2024"'
        )
    return requests


def _environment(bench: Bench, options: Options) -> dict[str, str]:
    """Start the service that the packaged application waits for, and say where it is."""
    if options.app != PACKAGED:
        return {}
    bench.progress.begin("Starting the service that views wait for")
    log, path = bench.folder / "delays.log", str(bench.folder / "delays")
    said_by(start_module(bench.processes, "delays", bench.client_cores, log, path), log)
    return {delays.VARIABLE: path}


def _fastest(figures: Sequence[Figures]) -> float:
    return max(figure.per_second.median for figure in figures)


def _settings(bench: Bench, options: Options, loaded: Loaded) -> Settings:
    return Settings(
        workers=options.workers,
        threads=options.threads,
        concurrency=options.concurrency,
        rounds=loaded.rounds,
        seconds=loaded.seconds,
        server_cores=bench.server_cores,
        client_cores=bench.client_cores,
    )


def _nothing(candidates: Sequence[Candidate]) -> str:
    return "No server could be started: " + "; ".join(
        dict.fromkeys(candidate.setup.failure or "" for candidate in candidates)
    )
