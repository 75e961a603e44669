"""What an application holds, found in a process of its own.

``python -m dualapp.lab.describe MODULE:APP FILE`` writes it to the file as JSON. The lab itself
never imports the application: what that starts or leaves behind is not to be measured.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import traceback
import typing as t
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from ..cli.discovery import app_in, name_in
from ..cli.errors import NoAppException
from ..cli.importing import open_import_path
from ..sides.colour import is_async

if t.TYPE_CHECKING:
    from ..app import DualApp


#: What may stand in a path as it is, beside letters and digits.
_PLAIN = "/!$&'()*+,;=:@-._~"


@dataclass(frozen=True, kw_only=True)
class View:
    """A view function, as :class:`.results.Asked` shows it."""

    view: str
    colour: t.Literal["sync", "async"]
    title: str


@dataclass(frozen=True, kw_only=True)
class Described:
    """What the lab must know of an application.

    Attributes:
        module: The dotted name to import.
        name: The attribute in it.
        call: ``()``, perhaps with arguments, for a factory; else empty.
        folder: What must be on the servers' ``sys.path``.
        is_in_folder: Whether the module is found there, and not among what is installed.
        event_loop: ``WSGI_EVENT_LOOP``.
        sync_threads: ``SYNC_THREADS``.
        plain: Paths that can be asked with GET and without arguments, percent-encoded.
        views: The view of each request that was asked about, or of each plain path, by
            ``GET /path``; None where no route fits.
    """

    module: str
    name: str
    call: str
    folder: str
    is_in_folder: bool
    event_loop: t.Literal["request", "worker"]
    sync_threads: int
    plain: list[str]
    views: dict[str, View | None]


def describe(import_path: str, requests: list[tuple[str, str]]) -> Described:
    """Import an application and look at it.

    Args:
        import_path: ``module:app``, as for ``dualapp --app``.
        requests: Methods and paths, whose views are wanted too.
    """
    module, given = open_import_path(import_path)
    folder = sys.path[0]
    name, is_app = name_in(module, given)
    app = app_in(module, given)
    plain = list(dict.fromkeys(_plain_paths(app)))
    asked = [*requests, *(("GET", path) for path in plain)]
    return Described(
        module=module.__name__,
        name=name,
        call="" if is_app else _call_of(given),
        folder=folder,
        is_in_folder=Path(module.__file__ or "").is_relative_to(folder),
        event_loop=app.config["WSGI_EVENT_LOOP"],
        sync_threads=app.config["SYNC_THREADS"],
        plain=plain,
        views={f"{method} {path}": _view_at(app, method, path) for method, path in asked},
    )


def _call_of(given: str | None) -> str:
    _, parenthesis, arguments = (given or "").partition("(")
    return f"({arguments}" if parenthesis else "()"


def _plain_paths(app: DualApp) -> t.Iterator[str]:
    for rule in app.url_map.iter_rules():
        needed = rule.arguments - set(rule.defaults or ())
        if "GET" in (rule.methods or ()) and not needed and not rule.redirect_to:
            yield quote(rule.rule, safe=_PLAIN)


def _view_at(app: DualApp, method: str, path: str) -> View | None:
    adapter = app.url_map.bind(app.config["SERVER_NAME"] or "127.0.0.1")
    try:
        endpoint, _ = adapter.match(unquote(path.partition("?")[0]), method=method)
    except (HTTPException, RequestRedirect):
        return None
    function = app.view_functions.get(endpoint)
    return None if function is None else _view(function, method)


def _view(function: Callable[..., t.Any], method: str) -> View:
    view_class = getattr(function, "view_class", None)
    real = inspect.unwrap(getattr(view_class, method.lower(), view_class or function))
    module, name = getattr(real, "__module__", ""), getattr(real, "__qualname__", repr(real))
    return View(
        view=f"{module}.{name}",
        colour="async" if is_async(function) else "sync",
        title=(inspect.getdoc(real) or "").partition("\n")[0].strip(),
    )


def read(text: str) -> Described:
    """Read what :func:`main` has written."""
    data = json.loads(text)
    views = {name: view and View(**view) for name, view in data.pop("views").items()}
    return Described(**data, views=views)


def main() -> None:
    """Describe the application that the command line names, or say in one line what is wrong."""
    import_path, file, requests = sys.argv[1:]
    found: dict[str, t.Any]
    try:
        found = asdict(describe(import_path, [tuple(pair) for pair in json.loads(requests)]))
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        found = {"error": _in_one_line(error)}
    Path(file).write_text(json.dumps(found), "utf-8")
    sys.stderr.flush()
    os._exit(1 if "error" in found else 0)  # the application may have threads that never end


def _in_one_line(error: Exception | SystemExit) -> str:
    """Say what is wrong; of a message that holds a traceback, its last line."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    if isinstance(error, SystemExit):
        return f"Its module ends the process that imports it: sys.exit({' '.join(lines)!r})"
    if isinstance(error, NoAppException):
        return lines[-1] if "Traceback" in str(error) else " ".join(lines)
    return f"{type(error).__name__}: {' '.join(lines)}"


if __name__ == "__main__":
    main()
