"""``dualapp tradeoff``: one application under several servers, loaded, compared."""

from __future__ import annotations

import importlib.util
import math
import os
import sys
import typing as t
from pathlib import Path

import click

from .options import _as_flask_option

if t.TYPE_CHECKING:
    from ..lab.options import Options
    from ..lab.results import Results

#: Modules that only the extra brings.
_NEEDED = ("httptools", "psutil")

#: Without an application of one's own: less of everything, to be done within a minute.
_PACKAGED_LEVELS = (1, 8, 32)
_PACKAGED_SECONDS = 32.0
_LEVELS = (1, 4, 16, 64, 256)
_SECONDS = 120.0
#: Connections that one client can keep busy.
_MOST = 10_000


def _levels(ctx: click.Context, param: click.Parameter, value: str | None) -> list[int] | None:
    """Read numbers with commas between them; give them rising, each once."""
    if value is None:
        return None
    try:
        levels = sorted({int(part) for part in value.split(",")})
    except ValueError:
        levels = []
    if not levels or levels[0] < 1 or levels[-1] > _MOST:
        raise click.BadParameter(
            f"{value!r} is not a list of numbers from 1 to {_MOST}, such as 1,16,64."
        )
    return levels


def _finite(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{str(value)!r} is no number of seconds.")
    return value


@click.command("tradeoff", short_help="Measure an application under several servers.")
@click.argument("application", required=False, metavar="[MODULE:APP]")
@click.option(
    "--request",
    "-r",
    "requests",
    multiple=True,
    metavar="REQUEST",
    help="What to ask, as \"GET /report\" or 'POST /predict @body.json'. May be repeated.",
)
@click.option(
    "--requests",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file with such requests, one a line.",
)
@click.option(
    "--concurrency",
    callback=_levels,
    metavar="NUMBERS",
    help="Requests under way at once; by default 1,4,16,64,256, and 1,8,32 without an application.",
)
@click.option(
    "--servers",
    help="Which to compare, such as gunicorn-sync,uvicorn; by default all that are installed.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes of each server.",
)
@click.option(
    "--threads",
    type=click.IntRange(2, 1000),
    default=16,
    show_default=True,
    help="Threads of each worker, where a server has such.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="How often each figure is measured, in turns.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1),
    callback=_finite,
    help="How long the load takes in all, about; by default 120, and 32 without an application.",
)
@click.option("--json", "json_file", metavar="FILE", help="Write all figures as JSON; - prints it.")
@click.option("--html", "html_file", metavar="FILE", help="Write a report with charts.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
def tradeoff_command(
    application: str | None,
    requests: tuple[str, ...],
    file: Path | None,
    concurrency: list[int] | None,
    servers: str | None,
    workers: int,
    threads: int,
    rounds: int,
    seconds: float | None,
    json_file: str | None,
    html_file: str | None,
    quiet: bool,
) -> None:
    """Measure an application under the servers that are installed, and say which serves it best.

    Starts it under each on free ports of this machine, with the same number of workers on the same
    cores, asks all of them the same, more and more at once, and compares throughput, latency,
    processor time and memory. Asks every GET route without arguments, if nothing else is said.

    Without an application a packaged one is measured, whose views show what the two sides do
    differently. Needs pip install 'dualapp[lab]'.
    """
    _check_installed()
    from ..lab.errors import BadInputError, LabError
    from ..lab.progress import Progress
    from ..lab.run import compare

    _check_writable("--json", json_file)
    _check_writable("--html", html_file)
    is_packaged = application is None
    try:
        options = _options(
            application,
            requests=(requests, file),
            concurrency=concurrency or list(_PACKAGED_LEVELS if is_packaged else _LEVELS),
            servers=servers,
            workers=workers,
            threads=threads,
            rounds=rounds,
            seconds=seconds or (_PACKAGED_SECONDS if is_packaged else _SECONDS),
        )
        results = compare(options, Progress(None if quiet else sys.stderr))
    except BadInputError as error:
        raise click.UsageError(str(error)) from error
    except LabError as error:
        raise click.ClickException(str(error)) from error
    _publish(results, json_file, html_file)


tradeoff_command.params[:0] = [_as_flask_option]


def _check_installed() -> None:
    if os.name == "nt":
        raise click.ClickException(
            "gunicorn does not run on Windows, and processes cannot be measured alike there. Use"
            " WSL, or Linux."
        )
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed for"
            f" {sys.executable}. Install what measuring needs: pip install 'dualapp[lab]'"
        )


def _check_writable(option: str, file: str | None) -> None:
    """Find out before measuring whether a file can be written afterwards."""
    if file is None or (file == "-" and option == "--json"):
        return
    if file == "-":
        raise click.UsageError(f"{option}: a page cannot be printed. Name a file.")
    folder = Path(file).resolve().parent
    if not folder.is_dir():
        raise click.UsageError(f"{option}: there is no folder {folder}. Make it first.")
    if Path(file).is_dir() or not os.access(Path(file) if Path(file).exists() else folder, os.W_OK):
        raise click.UsageError(f"{option}: {file} cannot be written. Name another file.")


def _options(
    application: str | None,
    *,
    requests: tuple[tuple[str, ...], Path | None],
    servers: str | None,
    **more: t.Any,
) -> Options:
    from ..lab.options import PACKAGED, Options
    from ..lab.setups import FEW, choose
    from ..lab.wanted import parse, parse_file, with_unique_names

    texts, file = requests
    wanted = [parse(text, Path.cwd()) for text in texts]
    if file is not None:
        wanted += parse_file(file)
    is_packaged = application is None
    names = [name for name in (servers or "").split(",") if name.strip()]
    return Options(
        app=application or PACKAGED,
        requests=with_unique_names(wanted),
        ways=choose(names, FEW if is_packaged else None),
        event_loops=("request", "worker") if is_packaged else (),
        **more,
    )


def _publish(results: Results, json_file: str | None, html_file: str | None) -> None:
    from ..lab.jsonfile import dumps
    from ..lab.page import render
    from ..lab.terminal import text_of

    # Files come first, as nothing may read what is printed; and one that fails keeps nothing back.
    failures = []
    if json_file not in (None, "-"):
        failures += _written("--json", json_file, dumps(results))
    if html_file is not None:
        failures += _written("--html", html_file, render(results))
    click.echo(dumps(results) if json_file == "-" else text_of(results), nl=False)
    if failures:
        raise click.ClickException("; ".join(failures))
    if html_file is not None:
        click.echo(f"\nThe report with charts: {Path(html_file).resolve().as_uri()}", err=True)


def _written(option: str, file: str, text: str) -> list[str]:
    """Write a file; give what went wrong, if something did."""
    try:
        Path(file).write_text(text, "utf-8")
    except OSError as error:
        return [f"{option}: {error.strerror}: {file}"]
    return []
