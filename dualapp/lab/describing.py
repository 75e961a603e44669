"""Has the application described by a process of its own, see :mod:`.describe`."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ..alias import AS_FLASK_VARIABLE
from .bench import Bench
from .describe import Described, read
from .errors import LabError
from .results import Asked
from .serving import environment_for
from .wanted import Wanted

#: Seconds that an application may take to be imported.
_PATIENCE = 60


def described(bench: Bench, app: str, requests: Sequence[Wanted]) -> Described:
    """Describe an application.

    Args:
        bench: Where.
        app: ``module:app``.
        requests: Whose views are wanted, beside those of the routes without arguments.

    Raises:
        LabError: It cannot be imported.
    """
    bench.progress.begin(f"Importing {app}")
    folder = bench.new_folder()
    file = folder / "described.json"
    pairs = [(request.method, request.path) for request in requests]
    process = bench.processes.start(
        [sys.executable, "-m", "dualapp.lab.describe", app, str(file), json.dumps(pairs)],
        cores=[],
        environment=environment_for(),
        folder=Path.cwd(),
        log=folder / "log",
    )
    try:
        code = process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        bench.processes.end(process)
        raise LabError(
            f"{app} was not imported within {_PATIENCE} s. Does its module wait for something, or"
            " serve by itself? Put app.run() under: if __name__ == '__main__'"
        ) from None
    answer = (
        json.loads(file.read_text("utf-8")) if file.exists() else {"error": f"exit code {code}"}
    )
    if "error" in answer:
        error = answer["error"]
        raise LabError(
            f"{app} cannot be measured. {_ended(error)}{_flask(error)} To see where, run: dualapp"
            f" --app {shlex.quote(app)} routes"
        )
    return read(file.read_text("utf-8"))


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def _flask(error: str) -> str:
    """Say what helps where an application is written for Flask."""
    is_for_flask = "No module named 'flask" in error or "of type 'Flask'" in error
    if not is_for_flask or AS_FLASK_VARIABLE in os.environ:
        return ""
    return " To run it on dualapp instead of Flask, add: --as-flask."


def asked(request: Wanted, app: Described) -> Asked:
    """Say whose view answers a request."""
    view = app.views.get(f"{request.method} {request.path}")
    if view is None:
        return Asked(
            name=request.name, view="(no route of the application)", colour="sync", title=""
        )
    return Asked(name=request.name, view=view.view, colour=view.colour, title=view.title)
