"""Start and end of real servers: what is under way is finished, hooks run once in each worker."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from . import launch
from .catalogue import BY_NAME

pytestmark = pytest.mark.servers

HOOKS = ["startup sync", "startup async", "shutdown async", "shutdown sync"]


@pytest.mark.parametrize("name", ["gunicorn gthread", "uvicorn httptools"])
def test_requests_under_way_are_finished(serve: launch.Serve, name: str) -> None:
    """Server gets SIGTERM while sync and async views wait (L13)."""
    paths = ["/sleep/1.0", "/async/sleep/1.0"] * 2
    with serve(name) as running, ThreadPoolExecutor(len(paths)) as clients:
        under_way = [clients.submit(running.ask, path, "term") for path in paths]
        running.wait_for_note("sleeping term", times=len(paths))
        running.stop()
        answers = [each.result() for each in under_way]
        assert [(answer.status, answer.body) for answer in answers] == [(200, b"slept")] * 4
        notes = running.journal
    for colour in ("sync", "async"):
        assert notes.count(f"teardown {colour} term") == len(paths)
        assert notes.count(f"shutdown {colour}") == 1
    last_teardown = max(index for index, note in enumerate(notes) if note.startswith("teardown"))
    assert last_teardown < notes.index("shutdown async")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gunicorn sync", ["--workers=2"]),
        ("gunicorn gthread", ["--workers=2"]),
        ("gunicorn gevent", ["--workers=2"]),
        ("gunicorn asgi", ["--workers=2"]),
        ("gunicorn UvicornWorker", ["--workers=2"]),
        ("gunicorn gthread", ["--workers=2", "--preload"]),
        ("gunicorn gevent", ["--workers=2", "--preload"]),
        ("gunicorn asgi", ["--workers=2", "--preload"]),
        ("uvicorn httptools", ["--workers=2"]),
        ("hypercorn", ["--workers=2"]),
        ("granian asgi", ["--workers=2"]),
        ("granian wsgi", ["--workers=2"]),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_hooks_run_once_in_each_worker(serve: launch.Serve, name: str, options: list[str]) -> None:
    """Also where the application was imported before the fork (L23)."""
    with serve(name, "everything:app", *options) as running:
        ask_until_both_have_answered(running)
        running.stop()
        notes = running.journal_by_process
        assert len(notes) == 2
        assert str(running.process.pid) not in notes
        for of_one in notes.values():
            assert [note for note in of_one if note in HOOKS] == HOOKS


def ask_until_both_have_answered(running: launch.Running) -> None:
    """WSGI workers run start-up hooks before their first request, so each one must get one."""
    deadline = time.monotonic() + launch.START
    with ThreadPoolExecutor(8) as clients:
        while len(running.journal_by_process) < 2:
            assert time.monotonic() < deadline, running.journal_by_process
            for answer in clients.map(running.ask, ["/sleep/0.05"] * 8):
                assert answer.status == 200


@pytest.mark.parametrize("options", [[], ["--preload"]], ids=["", "preload"])
def test_worker_threads_keep_their_loop(serve: launch.Serve, options: list[str]) -> None:
    """``WSGI_EVENT_LOOP = "worker"``: what is bound to a loop outlives the request."""
    with serve("gunicorn gthread", "kept_loop:app", *options) as running:
        with ThreadPoolExecutor(8) as clients:
            answers = list(clients.map(running.ask, ["/"] * 40))
        running.stop()
        assert "Traceback" not in running.log
    assert {answer.status for answer in answers} == {200}
    seen = [json.loads(answer.body) for answer in answers]
    loops = {(one["thread"], one["loop"]) for one in seen}
    assert len(loops) == len({thread for thread, _ in loops}) == len({loop for _, loop in loops})
    assert 1 < len(loops) <= 4
    assert max(one["loops"] for one in seen) == len(loops)
    assert max(Counter(one["thread"] for one in seen).values()) > 1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gunicorn sync", []),
        ("gunicorn sync", ["--preload"]),
        ("gunicorn gthread", []),
        ("uWSGI", []),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_loops_that_are_kept_are_closed_at_the_end(
    serve: launch.Serve, name: str, options: list[str]
) -> None:
    """With what is bound to them; in gunicorn's sync worker it is the main thread's loop."""
    with serve(name, "kept_loop:app", *options) as running:
        assert {running.ask("/generator").body for _ in range(4)} == {b"used"}
        time.sleep(BY_NAME[name].rest)
        running.stop()
        notes = running.journal
        assert "Traceback" not in running.log
    assert 1 <= notes.count("opened") <= 4
    assert notes.count("closed in its loop: True") == notes.count("opened")
