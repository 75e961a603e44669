"""``dualapp routes``: what the application answers to."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable
from operator import attrgetter

import click
from werkzeug.routing import Rule

from ..commands import with_appcontext
from ..globals import current_app
from ..sides.colour import is_async
from ..views import functions_of

if t.TYPE_CHECKING:
    from ..app import DualApp

_IMPLIED_METHODS = frozenset({"HEAD", "OPTIONS"})


class Row(t.NamedTuple):
    """One line of the table."""

    endpoint: str
    methods: str
    domain: str
    rule: str
    view: str


@click.command("routes", short_help="Show the application's routes.")
@click.option(
    "--sort",
    "-s",
    type=click.Choice(("endpoint", "methods", "domain", "rule", "match")),
    default="endpoint",
    help="The column to sort by; 'match' is the order in which rules are tried for a request.",
)
@click.option("--all-methods", is_flag=True, help="Show HEAD and OPTIONS too.")
@with_appcontext
def routes_command(sort: str, all_methods: bool) -> None:
    """Show every route with its endpoint, its methods and whether its view is sync or async."""
    app = current_app
    hidden = frozenset() if all_methods else _IMPLIED_METHODS
    rows = [_row(app, rule, hidden) for rule in app.url_map.iter_rules()]
    if not rows:
        click.echo("No routes were registered.")
        return
    if sort != "match":
        rows.sort(key=attrgetter(sort))
    domain = "Host" if app.url_map.host_matching else "Subdomain"
    for line in _table(Row("Endpoint", "Methods", domain, "Rule", "View"), rows):
        click.echo(line)


def _row(app: DualApp, rule: Rule, hidden: frozenset[str]) -> Row:
    domain = rule.host if app.url_map.host_matching else rule.subdomain
    view = app.view_functions.get(rule.endpoint)
    return Row(
        endpoint=rule.endpoint,
        methods=", ".join(sorted((rule.methods or set()) - hidden)),
        domain=domain or "",
        rule=rule.rule,
        view="" if view is None else _colour(view),
    )


def _colour(view: Callable[..., t.Any]) -> str:
    """Say how a view runs; a class-based one may have methods of both kinds."""
    view_class = getattr(view, "view_class", None)
    functions = [view] if view_class is None else functions_of(view_class)
    colours = {"async" if is_async(function) else "sync" for function in functions}
    return " + ".join(sorted(colours, reverse=True))


def _table(titles: Row, rows: list[Row]) -> Iterable[str]:
    """Lay the rows out in columns; the domain is left out if no route has one."""
    columns = [
        (title, *cells)
        for name, title, cells in zip(Row._fields, titles, zip(*rows, strict=True), strict=True)
        if name != "domain" or any(cells)
    ]
    widths = [max(map(len, column)) for column in columns]
    title_line, *lines = zip(*columns, strict=True)
    for line in (title_line, tuple("-" * width for width in widths), *lines):
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()
