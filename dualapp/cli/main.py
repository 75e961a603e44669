"""The command line itself: what ``dualapp`` and ``python -m dualapp`` start."""

from __future__ import annotations

from .check import check_command
from .groups import FlaskGroup
from .tradeoff import tradeoff_command

cli = FlaskGroup(
    name="dualapp",
    help="""\
The command line of dualapp applications.

Say which application with '--app', with the environment variable DUALAPP_APP or FLASK_APP, or by
starting in a folder with a 'wsgi.py' or 'app.py' file. Its own commands are listed below as well.
""",
)
cli.add_command(check_command)
cli.add_command(tradeoff_command)


def main() -> None:
    """Run the command line with the arguments of this process."""
    cli.main()
