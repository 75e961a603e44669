"""The printed report: what was asked, what each server answered, how long it took, and why."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Callable, Iterable, Iterator

import click

from .measured import Measured, Pair
from .probes import Kind
from .reasons import advice, reasons, seconds

MAX_WIDTH = 96
_INDENT = "  "


def part(pair: Pair) -> str:
    """Write what there is to say about one probe."""
    title = click.style(f"{pair.probe.request_line}: {pair.probe.title}", bold=True)
    why = [_point(sentence) for sentence in reasons(pair)]
    return "\n".join([title, "", *_table(pair), "", *_answers(pair), *why, ""])


def end(pairs: list[Pair]) -> str:
    """Write what follows from all probes."""
    return "\n".join([click.style("In short", bold=True), "", *map(_point, advice(pairs))])


def _table(pair: Pair) -> Iterator[str]:
    """Write the times, a line for each server."""
    columns: dict[str, Callable[[Measured], str]] = {
        "alone": lambda measured: seconds(measured.seconds_alone),
        f"{pair.wsgi.number} at once": lambda measured: seconds(measured.seconds_at_once),
    }
    if pair.probe.kind is Kind.COMPUTES:
        columns["per second"] = lambda measured: f"{measured.per_second:.0f}"
    else:
        columns["under way"] = lambda measured: f"{measured.under_way:.1f}"
    if pair.probe.kind is Kind.STREAMS:
        columns["first word"] = lambda measured: seconds(measured.first_piece_alone)
        columns["last reader's"] = lambda measured: seconds(measured.last_first_piece)
    yield _row("", columns, columns)
    for measured in (pair.wsgi, pair.asgi):
        name = f"{measured.served.name} ({measured.served.side})"
        yield _row(name, columns, [write(measured) for write in columns.values()])


def _row(name: str, headings: Iterable[str], cells: Iterable[str]) -> str:
    aligned = [f"{cell:>{len(heading) + 4}}" for heading, cell in zip(headings, cells, strict=True)]
    return f"{_INDENT}{name:<16}{''.join(aligned)}"


def _answers(pair: Pair) -> Iterator[str]:
    if pair.same_answer:
        yield _point(f"Both answered {_written(pair.wsgi)}.")
        return
    yield click.style(_point("The answers differ, and they should not:"), fg="red")
    for measured in (pair.wsgi, pair.asgi):
        yield _point(f"{measured.served.name} answered {_written(measured)}.")


def _written(measured: Measured) -> str:
    """Write the answers that came, which is one if all is well."""
    return ", also ".join(
        f"{status} {_readable(body)}" for status, body in sorted(measured.answers)
    )


def _readable(body: bytes) -> str:
    """Write a body in one line; JSON with spaces, between which it can be folded."""
    text = " ".join(body.decode(errors="replace").split())
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return text


def _point(text: str) -> str:
    return textwrap.fill(
        text,
        min(shutil.get_terminal_size().columns, MAX_WIDTH),
        initial_indent=f"{_INDENT}- ",
        subsequent_indent=f"{_INDENT}  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
