"""The report: what is asked for, as text and as JSON."""

from __future__ import annotations

import json

import pytest

from dualapp.check.as_json import json_of
from dualapp.check.codes import Severity
from dualapp.check.report import text_of

SHOP = """
import time

from dualapp import Blueprint, DualApp

app = DualApp(__name__)
bp = Blueprint("pages", __name__, url_prefix="/pages")


@bp.before_request
def count():
    pass


@bp.get("/<int:number>")
async def show(number):
    load()
    open("x")
    return ""


@app.get("/")
@app.get("/index")
def index():
    return ""


def load():
    time.sleep(1)


app.register_blueprint(bp)
app.extensions["mail"] = object()
"""

TEXT = """\
{name}: 2 views, WSGI_EVENT_LOOP="request"

index  sync  {name}.py:24
    GET /index
    GET /
    WSGI: called in the server's thread; holds it until the response is made
    ASGI: one hop: the whole request in a worker thread

pages.show  async  {name}.py:16
    GET /pages/<int:number>
    WSGI: in an event loop of the request; holds a server thread until the response is made
    ASGI: on the server's loop, 1 hop for 1 sync hook

Hooks around views
    before_request  count  sync  pages  {name}.py:11

Extensions: mail

DA101 error: blocking call in async code
    Why: While it waits on ASGI, the event loop stands still, and with it every other request.
    Fix: Await an async library, or 'asyncio.to_thread(…)', or make the view a plain 'def'.
  - {name}.py:29: 'time.sleep(…)' sleeps in 'load', called by async 'show'. Use 'await
      asyncio.sleep(…)'.

DA103 note: file access in async code
    Why: The event loop stands still on ASGI until the disk has answered; a network drive may be
         slow.
    Fix: If it may take long, use 'anyio.open_file', 'anyio.Path' or 'await asyncio.to_thread(…)'.
  - {name}.py:18: 'open(…)' waits for the disk in async 'show'.

DA201 note: sync hook around async views
    Why: On ASGI each such hook costs each request of these views a hop to a worker thread and back.
    Fix: Make it 'async def' if it only computes or awaits, or mark it @nonblocking if it never
         waits.
  - {name}.py:11: sync before_request 'count' around 1 async view (pages.show).

{name}: 1 error, 2 notes.
"""


def test_the_text(report_on):
    report = report_on(SHOP)
    text = text_of(report) + "\n"
    assert text == TEXT.format(name=report.name)
    assert max(map(len, text.splitlines())) <= 100


def test_json(report_on):
    report = report_on(SHOP)
    made = json.loads(json.dumps(json_of(report)))
    file = f"{report.name}.py"
    assert list(made) == [
        "layout",
        "app",
        "wsgi_event_loop",
        "views",
        "hooks",
        "extensions",
        "findings",
        "counts",
    ]
    assert made["layout"] == 1
    assert made["counts"] == {"error": 1, "warning": 0, "note": 2}
    assert made["views"][1] == {
        "endpoint": "pages.show",
        "rules": ["GET /pages/<int:number>"],
        "colour": "async",
        "package": None,
        "file": file,
        "line": 16,
        "wsgi": "in an event loop of the request; holds a server thread until the response is made",
        "asgi": "on the server's loop, 1 hop for 1 sync hook",
    }
    assert made["hooks"] == [
        {
            "kind": "before_request",
            "name": "count",
            "colour": "sync",
            "blueprint": "pages",
            "package": None,
            "file": file,
            "line": 11,
        }
    ]
    assert made["extensions"] == ["mail"]
    worst = made["findings"][0]
    assert (worst["code"], worst["severity"], worst["line"]) == ("DA101", "error", 29)
    assert worst["chain"] == [
        {"function": "show", "file": file, "line": 16},
        {"function": "load", "file": file, "line": 28},
    ]


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ({"select": ["DA1"]}, ["DA101", "DA103"]),
        ({"select": ["DA103", "DA2"]}, ["DA103", "DA201"]),
        ({"ignore": ["DA1"]}, ["DA201"]),
        ({"select": ["DA1"], "ignore": ["DA101"]}, ["DA103"]),
    ],
)
def test_select_and_ignore(report_on, options, codes):
    assert [each.code.name for each in report_on(SHOP, **options).findings] == codes


SILENCED = """
import functools
import time

from dualapp import DualApp

app = DualApp(__name__)

def plain(view):
    @functools.wraps(view)
    def wrapper():
        return view()
    return wrapper

@app.get("/a")
async def a():
    time.sleep(1)  # dualapp: ignore[DA101]
    time.sleep(1)  # long enough; dualapp: ignore[DA203]
    time.sleep(
        1  # dualapp: ignore[DA201, DA101]
    )

@app.get("/b")
@plain  # dualapp: ignore[DA203]
async def b():
    return ""

@app.get("/c")
@plain
async def c():  # dualapp: ignore[DA203]
    return ""

@app.get("/d")
@plain
async def d():
    return ""  # dualapp: ignore[DA203]
"""


def test_a_comment_silences_its_line(report_on):
    found = [(each.code.name, each.place.line) for each in report_on(SILENCED).findings]
    assert found == [("DA101", 18), ("DA203", 35)]


def test_severity_counts(report_on):
    report = report_on(SHOP)
    assert report.has_any(Severity.ERROR)
    report = report_on(SHOP, ignore=["DA101"])
    assert not report.has_any(Severity.WARNING)
    assert report.has_any(Severity.NOTE)
