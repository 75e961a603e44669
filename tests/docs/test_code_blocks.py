"""The documentation's code is run: what it shows as an application answers, on both sides."""

from __future__ import annotations

import ast
import itertools
import subprocess
import sys
import types
import typing as t
from pathlib import Path

import pytest

import dualapp

from .fenced import BLOCKS, OF_QUART, ROOT, Block

PYTHON = [block for block in BLOCKS if block.language == "python" and block.mark != OF_QUART]
APPS = [block for block in PYTHON if block.is_app and block.file_name is None]
FILES = [block for block in PYTHON if block.file_name is not None]

#: The mark of a block that is run where an extra is installed begins with this.
NEEDS = "needs "

#: The mark of a block that changes the process it runs in.
APART = "in a process of its own"

ASK_BOTH_SIDES = """
for side in ("wsgi", "asgi"):
    response = app.test_client(side=side).get("/")
    assert response.status_code == 200, response
"""


def _executed(block: Block) -> dict[str, t.Any]:
    """Run a block as a module of its own, with the page's line numbers in tracebacks."""
    module = types.ModuleType(Path(block.page).stem)
    module.__file__ = str(ROOT / block.page)
    code = compile("\n" * block.line + block.text, module.__file__, "exec")
    exec(code, module.__dict__)
    return module.__dict__


def test_there_is_something_to_be_run() -> None:
    assert len(APPS) > 15
    assert FILES


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_a_block_is_python(block: Block) -> None:
    assert ast.parse(block.text).body


@pytest.mark.parametrize("block", [b for b in APPS if b.mark != APART], ids=str)
def test_an_application_answers(block: Block, side: str) -> None:
    if block.mark.startswith(NEEDS):
        pytest.importorskip(block.mark.removeprefix(NEEDS))
    app = _executed(block)["app"]
    assert isinstance(app, dualapp.DualApp)
    if any(rule.rule == "/" for rule in app.url_map.iter_rules()):
        response = app.test_client(side=side).get("/")
        assert response.status_code == 200
        assert response.get_data()


@pytest.mark.parametrize("block", [b for b in APPS if b.mark == APART], ids=str)
def test_an_application_answers_in_a_process_of_its_own(block: Block) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.text + ASK_BOTH_SIDES],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "blocks",
    [list(blocks) for _, blocks in itertools.groupby(FILES, lambda block: block.page)],
    ids=lambda blocks: blocks[0].page,
)
def test_the_tests_of_a_page_pass(blocks: list[Block], tmp_path: Path) -> None:
    for block in blocks:
        assert block.file_name is not None
        (tmp_path / block.file_name).write_text(block.text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout, "two tests, each on both sides"


# -- what pages say about their examples -------------------------------------------------------


def _app_of(page: str, words: str) -> dualapp.DualApp:
    [block] = [b for b in APPS if b.page == page and words in b.text]
    return t.cast("dualapp.DualApp", _executed(block)["app"])


def test_the_lifecycles_example_goes_through_the_steps_in_the_order_told(side: str) -> None:
    app = _app_of("docs/lifecycle.md", "X-Steps")
    told = app.test_client(side=side).get("/").headers["X-Steps"]
    assert f"`X-Steps` is `{told}`." in (ROOT / "docs" / "lifecycle.md").read_text("utf-8")


def test_a_class_answers_by_methods_of_either_colour(side: str) -> None:
    client = _app_of("docs/lifecycle.md", "MethodView").test_client(side=side)
    assert client.post("/", json="milk").json == {"number": 1}
    assert client.get("/").json == ["milk"]


def test_the_upload_is_read_as_it_comes(side: str) -> None:
    client = _app_of("docs/async.md", "sha256").test_client(side=side)
    assert client.post("/upload", data=b"").json["sha256"].startswith("e3b0c442")
    assert client.post("/upload", data=b"x" * 100_000).status_code == 200


def test_rendering_in_async_code_gives_text_or_what_to_await(side: str) -> None:
    client = _app_of("docs/async.md", "context_processor").test_client(side=side)
    assert client.get("/").text == "Welcome to dualapp."
    assert client.get("/upper").text == client.get("/sync").text == "WELCOME TO DUALAPP."


def test_a_variable_set_by_a_hook_is_seen_by_the_view(side: str) -> None:
    client = _app_of("docs/async.md", "ContextVar").test_client(side=side)
    assert client.get("/").json == {"tenant": "acme"}


def test_limits_are_kept_and_raised_by_the_view(side: str) -> None:
    client = _app_of("docs/errors.md", "MAX_CONTENT_LENGTH").test_client(side=side)
    assert client.post("/", data=b"x" * 2_000_000).status_code == 413
    assert client.post("/large", data=b"x" * 2_000_000).json == {"bytes": 2_000_000}


def test_the_quickstarts_hooks_and_errors(side: str) -> None:
    client = _app_of("docs/quickstart.md", "start_clock").test_client(side=side)
    assert client.get("/2").json == {"name": "coffee"}
    assert client.get("/7").json == {"error": "There is nothing here."}
    assert client.post("/", json={"name": "water"}).status_code == 201
    assert "X-Seconds" in client.get("/").headers


def test_the_quickstarts_session_remembers(side: str) -> None:
    client = _app_of("docs/quickstart.md", "secret_key").test_client(side=side)
    assert "stranger" in client.get("/").text
    assert "Ada" in client.post("/", data={"name": "Ada"}, follow_redirects=True).text


def test_the_proxy_is_believed_on_both_sides(side: str) -> None:
    client = _app_of("docs/deploying.md", "ProxyFix").test_client(side=side)
    headers = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "example.com",
        "X-Forwarded-Prefix": "/shop",
    }
    assert client.get("/", headers=headers).json == {"url": "https://example.com/shop/"}


def test_what_a_hook_yields_is_the_state_of_each_request(side: str) -> None:
    client = _app_of("docs/hooks.md", "request.state").test_client(side=side)
    assert client.get("/").json == {"setosa": 0.2, "virginica": 2.0}


def test_a_command_may_be_async() -> None:
    app = _app_of("docs/cli.md", "greet")
    assert app.test_cli_runner().invoke(args=["greet"]).output == f"Hello from {app.name}\n"
