"""``dualapp demo``: what the two sides do differently, measured on this machine."""

from __future__ import annotations

import click


@click.command("demo", short_help="Show one application under gunicorn and uvicorn.")
@click.option(
    "--requests",
    "number",
    type=click.IntRange(2, 200),
    default=32,
    show_default=True,
    help="How many requests come at once.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 16),
    default=2,
    show_default=True,
    help="Sync workers of gunicorn; uvicorn is one process.",
)
@click.option("--serve", is_flag=True, help="Leave both servers running until Ctrl-C.")
def demo_command(number: int, workers: int, serve: bool) -> None:
    """Show one application under gunicorn and uvicorn.

    Starts an application that comes with dualapp under both servers on free ports of this machine,
    asks both the same, and tells what they answered, how long it took alone and at once, and why
    they differ. Needs both servers: pip install 'dualapp[servers]'.
    """
    from ..demo.run import run
    from ..demo.servers import ServerError

    try:
        run(number, workers, serve)
    except ServerError as error:
        raise click.ClickException(str(error)) from error
