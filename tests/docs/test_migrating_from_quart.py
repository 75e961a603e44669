"""What the page on moving from Quart says: its command, its pair of applications, its table."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import shutil
import subprocess
import sys
import types
import typing as t
from pathlib import Path

import pytest

import dualapp
from dualapp import current_app, g, request

from .fenced import BLOCKS, DOCS, OF_QUART, Block

PAGE = [block for block in BLOCKS if block.page == "docs/migrating-from-quart.md"]
[QUART] = [block for block in PAGE if block.mark == OF_QUART]
AFTER = PAGE[PAGE.index(QUART) + 1]
[COMMAND] = [block.text for block in PAGE if block.text.startswith("perl ")]

#: What both applications are asked, one after the other.
REQUESTS: list[tuple[str, str, dict[str, t.Any]]] = [
    ("POST", "/", {"json": {"text": "tea"}}),
    ("POST", "/form", {"form": {"text": "salt & pepper"}}),
    ("GET", "/", {}),
    ("POST", "/form", {"form": {}}),
]

ASK_QUART = f"""
import asyncio, json

async def ask():
    client = app.test_client()
    for method, path, body in {REQUESTS!r}:
        response = await client.open(path, method=method, **body)
        text = await response.get_data(as_text=True)
        print(json.dumps([response.status_code, response.headers.get("X-Notes"), text]))

asyncio.run(ask())
"""


@pytest.mark.skipif(shutil.which("perl") is None, reason="Perl is not installed")
def test_the_command_makes_the_one_of_the_other(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(QUART.text, "utf-8")
    subprocess.run(COMMAND, shell=True, cwd=tmp_path, check=True, timeout=60)
    changed = (tmp_path / "app.py").read_text("utf-8")
    assert changed.splitlines()[1:] == AFTER.text.splitlines()[1:]
    assert imported(changed) == imported(AFTER.text)


def imported(source: str) -> set[str]:
    """Give the names of the first import, whose order is a matter of style."""
    return set(source.splitlines()[0].replace(",", "").split())


def test_both_applications_answer_alike(side: str) -> None:
    pytest.importorskip("quart")
    done = subprocess.run(
        [sys.executable, "-c", QUART.text + ASK_QUART],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    client = application(AFTER).test_client(side=side)
    ours = []
    for method, path, body in REQUESTS:
        arguments = {"data": body["form"]} if "form" in body else body
        response = client.open(path, method=method, **arguments)
        ours.append([response.status_code, response.headers.get("X-Notes"), response.text])
    assert [answer[0] for answer in ours] == [201, 201, 200, 400]
    assert [parsed(answer) for answer in ours[:3]] == [parsed(answer) for answer in theirs[:3]]
    assert ours[3][0] == theirs[3][0]


def parsed(answer: list[t.Any]) -> list[t.Any]:
    """Leave the spaces in JSON out of account."""
    with contextlib.suppress(ValueError):
        return [*answer[:2], json.loads(answer[2])]
    return answer


def application(block: Block) -> dualapp.DualApp:
    module = types.ModuleType("page")
    exec(block.text, module.__dict__)
    return t.cast("dualapp.DualApp", module.__dict__["app"])


def answer(app: dualapp.DualApp, side: str, **arguments: t.Any) -> str:
    app.config["TESTING"] = True
    return app.test_client(side=side).post("/", **arguments).text


def test_awaiting_what_does_not_wait_is_refused_with_the_error_told(
    app: dualapp.DualApp, side: str
) -> None:
    @app.post("/")
    async def view() -> t.Any:
        return await request.get_json()

    with pytest.raises(TypeError) as caught:
        answer(app, side, json={"text": "milk"})
    assert f"`TypeError: {caught.value}`" in (DOCS / "migrating-from-quart.md").read_text("utf-8")


def test_the_request_is_at_hand_in_threads_and_tasks(app: dualapp.DualApp, side: str) -> None:
    def in_thread() -> str:
        return f"{request.path} {g.name}"

    async def in_task() -> str:
        await asyncio.sleep(0)
        return f"{current_app.name} {g.name}"

    @app.post("/")
    async def view() -> list[str]:
        g.name = "ada"
        return [await asyncio.to_thread(in_thread), await asyncio.create_task(in_task())]

    assert json.loads(answer(app, side)) == ["/ ada", f"{app.name} ada"]


def test_start_up_hooks_have_no_application_context(app: dualapp.DualApp, side: str) -> None:
    found = []

    @app.before_serving
    async def start() -> None:
        found.append(bool(current_app))

    @app.post("/")
    async def view() -> str:
        return "hello"

    assert answer(app, side) == "hello"
    assert found == [False]


def test_settings_that_the_page_says_are_other_than_quarts_are_so() -> None:
    config = dualapp.DualApp("page").config
    assert config["MAX_CONTENT_LENGTH"] is None
    assert config["SEND_FILE_MAX_AGE_DEFAULT"] is None
    assert not {"BODY_TIMEOUT", "RESPONSE_TIMEOUT", "PREFER_SECURE_URLS"} & config.keys()


def test_variables_of_quart_are_read_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "QUART_GREETING", '"hello"')
    app = dualapp.DualApp("page")
    app.config.from_prefixed_env("QUART")
    assert app.config["GREETING"] == "hello"


def test_what_the_page_says_is_not_there_is_not() -> None:
    names = "websocket make_push_promise copy_current_app_context"
    assert [name for name in names.split() if hasattr(dualapp, name)] == []
    methods = "websocket add_background_task run_task ensure_async test_app sync_to_async"
    assert [name for name in methods.split() if hasattr(dualapp.DualApp, name)] == []
    assert not hasattr(dualapp.Blueprint, "before_app_serving")


def test_what_is_awaited_in_quart_and_in_the_command_is_sync_here() -> None:
    for name in (
        "render_template",
        "render_template_string",
        "stream_template",
        "stream_template_string",
        "make_response",
        "flash",
        "send_file",
        "send_from_directory",
    ):
        assert not inspect.iscoroutinefunction(inspect.unwrap(getattr(dualapp, name))), name
