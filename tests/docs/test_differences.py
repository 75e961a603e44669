"""The page on differences: its tables are asked of Flask, where it is installed, and of dualapp."""

from __future__ import annotations

import importlib.machinery
import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from .fenced import DOCS

#: What :mod:`differing` finds for each row of the tables, with Flask and with dualapp.
EXPECTED = {
    "an async view or hook on WSGI": (2, 1),
    "the token of a ContextVar that an async hook set": ("ValueError", ""),
    "an async view behind a plain sync decorator": (500, 200),
    "an async generator as a response": (500, 200),
    "an async session interface, an async CLI command": ([500, ""], [200, "hello\n"]),
    "`request` in a returned generator": ("Working outside of request context", "/"),
    "teardown functions with `stream_with_context`": (2, 1),
    "a teardown function that raises": (["raised", []], [200, ["other"]]),
    "JSON that is nested too deeply": ([500, 500], [400, 200]),
    "`Content-Length: -5`": ("200", "400"),
    "a chunked body above `MAX_CONTENT_LENGTH`": ("200", "413"),
    "a WebSocket handshake": (400, 426),
    "a 204 response": (True, False),
    "the default session, of a request without its cookie": (1, 0),
}
#: What an ASGI server does not send as a request.
WSGI_ONLY = {"a WebSocket handshake"}


def found(**variables: str) -> dict[str, t.Any]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(Path(__file__).with_name("differing.py"))],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return t.cast("dict[str, t.Any]", json.loads(done.stdout))


def test_the_tables_have_these_rows() -> None:
    page = (DOCS / "differences.md").read_text("utf-8")
    assert re.findall(r"^\| (\S[^|]*) \| [^|]+ \| [^|]+ \|$", page, re.M) == [*EXPECTED]


def test_flask_does_what_the_page_says() -> None:
    # Not by the finders in use: another test may have let the name lead to dualapp in this process.
    if importlib.machinery.PathFinder.find_spec("flask") is None:
        pytest.skip("Flask is not installed")
    assert found(DUALAPP_AS_FLASK="") == {row: flask for row, (flask, _) in EXPECTED.items()}


def test_dualapp_does_what_the_page_says(side: str) -> None:
    ours = found(DUALAPP_AS_FLASK="1", DUALAPP_TEST_SIDE=side)
    left_out = WSGI_ONLY if side == "asgi" else set()
    expected = {row: dualapp for row, (_, dualapp) in EXPECTED.items()}
    assert {r: ours[r] for r in ours.keys() - left_out} == {
        r: expected[r] for r in expected.keys() - left_out
    }
