"""One case of a trial, in a process of its own: ``python -m …case EXTENSION SIDE COLOUR``.

The name ``flask`` has to lead to dualapp, DUALAPP_AS_FLASK=1, or to Flask for the side "flask".
"""

from __future__ import annotations

import sys

import flask

from .kit import Kit, all_trials


def main(distribution: str, side: str, colour: str) -> None:
    """Run it; an error ends the process with its traceback."""
    expected = "flask.app" if side == "flask" else "dualapp.app"
    assert flask.Flask.__module__ == expected, f"the name flask leads to {flask.Flask.__module__}"
    app = flask.Flask("trial")
    app.config.update(TESTING=True, SECRET_KEY="the key of the trials")
    all_trials()[distribution].run(Kit(app, side, colour))


if __name__ == "__main__":
    main(*sys.argv[1:])
