"""In debug mode the log names the line that holds up the event loop.

What blocks here does so until it was noticed, so no test depends on how fast this machine is.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
import time

import pytest

from dualapp import nonblocking
from dualapp.sides import watchdog

from ..servers.launch import running
from .asgi_recorder import Connection
from .lifespan_server import LifespanServer

#: Seconds after which a test gives up.
PATIENCE = 10
#: The functions that hold up the loop here.
BLOCKERS = {"block", "block_more", "block_on"}


@pytest.fixture
def watched(app, monkeypatch):
    """The application in debug mode; what watches its loops, and what was noticed."""
    app.debug = True
    app.config["BLOCKED_LOOP_MS"] = 50
    return Watched(app, monkeypatch)


class Watched:
    def __init__(self, app, monkeypatch):
        self.app = app
        self.seen = []
        self.told = []
        look, tell = watchdog.Watchdog._look, watchdog.Watchdog._tell

        def and_note_it(dog):
            stand = look(dog)
            if stand is None or stand.function.rpartition(".")[2] not in BLOCKERS:
                return None  # on a busy machine it may find the test itself on the loop
            self.seen.append(stand)
            return stand

        def and_count(dog, *args):
            tell(dog, *args)
            self.told.append(args)

        monkeypatch.setattr(watchdog.Watchdog, "_look", and_note_it)
        monkeypatch.setattr(watchdog.Watchdog, "_tell", and_count)

    def block(self):
        """Hold up the loop until that was noticed."""
        seen = len(self.seen)
        give_up = time.monotonic() + PATIENCE
        while len(self.seen) == seen and time.monotonic() < give_up:
            time.sleep(0.001)
        assert len(self.seen) > seen
        return "x"

    async def messages(self, caplog, number=1):
        """Wait until so much was told; give the log's lines of it."""
        async with asyncio.timeout(PATIENCE):
            while len(self.told) < number:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        return [each.message for each in caplog.records if "event loop" in each.message]


async def test_a_view_is_named_with_the_line_where_it_stood(watched, caplog):
    def helper():
        time.sleep(0)
        return watched.block()  # here it stands

    @watched.app.get("/")
    async def view():
        await asyncio.sleep(0.001)
        return helper()

    with watchdog.watching(watched.app):
        await Connection(watched.app).run()
        [message] = await watched.messages(caplog)
    assert message.startswith("A request for 'view' blocked the event loop for ")
    # What stands deepest in the user's code: block() above, which is in this file too.
    line, lines = watched.seen[0].line, inspect.getsourcelines(Watched.block)
    assert lines[1] <= line < lines[1] + len(lines[0])
    assert f"test_watchdog.py:{line} in Watched.block(): `" in message
    assert "asyncio.to_thread(…)" in message
    assert "'dualapp check'" in message


async def _view(watched):
    @watched.app.get("/")
    async def view():
        return watched.block()


async def _hook(watched):
    watched.app.get("/", endpoint="view")(nonblocking(lambda: "x"))

    @watched.app.before_request
    async def hook():
        watched.block()


async def _marked(watched):
    watched.app.get("/", endpoint="view")(nonblocking(lambda: watched.block()))


async def _stream(watched):
    @watched.app.get("/")
    async def view():
        yield watched.block()


async def _teardown(watched):
    @watched.app.get("/")
    async def view():
        return "x"

    @watched.app.teardown_request
    async def leave(error):
        watched.block()


@pytest.mark.parametrize("register", [_view, _hook, _marked, _stream, _teardown])
async def test_whatever_runs_on_the_loop_is_named_with_its_request(watched, caplog, register):
    await register(watched)
    with watchdog.watching(watched.app):
        await Connection(watched.app).run()
        [message] = await watched.messages(caplog)
    assert "A request for 'view' blocked" in message


async def test_a_request_without_a_view_is_named_by_its_path(watched, caplog):
    @watched.app.before_request
    async def hook():
        watched.block()

    with watchdog.watching(watched.app):
        await Connection(watched.app, "/nothing").run()
        [message] = await watched.messages(caplog)
    assert "A request for '/nothing' blocked" in message


async def test_a_task_that_a_view_starts_is_named(watched, caplog):
    async def task():
        watched.block()

    @watched.app.get("/")
    async def view():
        await asyncio.gather(task())
        return "x"

    with watchdog.watching(watched.app):
        await Connection(watched.app).run()
        [message] = await watched.messages(caplog)
    tells_request = sys.version_info >= (3, 12)  # tasks tell of their context since then
    assert message.startswith("A request for 'view'" if tells_request else "A task") is True


async def test_a_request_is_told_of_once(watched, caplog):
    @watched.app.get("/")
    async def view():
        watched.block()
        await asyncio.sleep(0.001)
        return block_more()

    def block_more():
        until = time.monotonic() + PATIENCE
        while len(watched.seen) < 2 and time.monotonic() < until:
            time.sleep(0.001)
        return "x"

    with watchdog.watching(watched.app):
        await Connection(watched.app).run()
        assert len(await watched.messages(caplog)) == 1
    assert len(watched.seen) == 2, "it was noticed both times"


async def test_a_line_is_told_of_once_in_a_while(watched, caplog):
    stand = watchdog.Stand("view", __file__, 7, None)
    with watchdog.watching(watched.app):
        dog = watchdog.Watchdog(watched.app, asyncio.get_running_loop(), 60)
        assert dog._is_news(stand)
        assert not dog._is_news(stand)
        assert dog._is_news(stand._replace(line=8))
        dog._named[stand.file, stand.line] -= watchdog.QUIET
        assert dog._is_news(stand)
        dog.stop()


async def test_a_loop_that_goes_on_standing_is_told_of_meanwhile(watched, caplog, monkeypatch):
    monkeypatch.setattr(watchdog, "PATIENCE", 2)

    @watched.app.get("/")
    async def view():
        return block_on()

    def block_on():
        until = time.monotonic() + PATIENCE
        while not watched.told and time.monotonic() < until:
            time.sleep(0.001)
        return "x"

    with watchdog.watching(watched.app):
        await Connection(watched.app).run()
        [message] = await watched.messages(caplog)
    assert "A request for 'view' has been blocking the event loop for" in message


async def test_who_waits_is_not_told_of(watched):
    watched.app.config["BLOCKED_LOOP_MS"] = 100

    @watched.app.get("/")
    async def view():
        await asyncio.sleep(0.3)
        await asyncio.to_thread(time.sleep, 0.3)
        return "x"

    @watched.app.get("/sync")
    def sync():
        time.sleep(0.3)
        return "x"

    with watchdog.watching(watched.app):
        await asyncio.gather(Connection(watched.app).run(), Connection(watched.app, "/sync").run())
    assert watched.told == []


# -- its life ------------------------------------------------------------------------------------


def _threads():
    return [each for each in threading.enumerate() if each.name == "dualapp-watchdog"]


async def _ended(dog):
    async with asyncio.timeout(PATIENCE):
        while dog.thread.is_alive():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    ("debug", "limit"), [(False, 100), (True, None), (True, 0)], ids=["debug", "None", "0"]
)
async def test_there_is_none_where_it_is_off(app, debug, limit):
    app.debug = debug
    app.config["BLOCKED_LOOP_MS"] = limit
    app.get("/")(nonblocking(lambda: "x"))
    with watchdog.watching(app):
        await Connection(app).run()
        assert _threads() == []


async def test_it_ends_with_the_lifespan(app):
    app.debug = True
    app.get("/")(nonblocking(lambda: "x"))
    server = LifespanServer(app)
    await server.tell("startup")
    [thread] = _threads()
    assert thread.daemon
    await Connection(app).run()
    assert _threads() == [thread], "one for the loop"
    await server.tell("shutdown")
    async with asyncio.timeout(PATIENCE):
        while thread.is_alive():
            await asyncio.sleep(0.005)


def test_without_lifespan_it_begins_with_the_first_request_and_ends_with_the_loop(app):
    app.debug = True
    app.config["BLOCKED_LOOP_MS"] = 20
    app.get("/")(nonblocking(lambda: "x"))

    async def serve():
        await Connection(app).run()
        return _threads()

    [thread] = asyncio.run(serve())
    thread.join(PATIENCE)
    assert not thread.is_alive()


# -- a real server -------------------------------------------------------------------------------

APP = """
import asyncio
import time

from dualapp import DualApp

app = DualApp(__name__)


@app.get("/")
def index():
    return "ready"


@app.get("/blocks")
async def blocks():
    await asyncio.sleep(0.01)
    return load()


def load():
    time.sleep(1.5)
    return "x"
"""


@pytest.mark.servers
@pytest.mark.parametrize("loop", ["asyncio", "auto"])
def test_under_uvicorn(tmp_path, loop):
    (tmp_path / "blocking_app.py").write_text(APP)

    def command(port):
        module = [sys.executable, "-m", "uvicorn", "blocking_app:app", f"--app-dir={tmp_path}"]
        return [*module, f"--port={port}", f"--loop={loop}"]

    with running(command, tmp_path, DUALAPP_DEBUG="1") as server:
        assert server.ask("/blocks").status == 200
        give_up = time.monotonic() + PATIENCE
        while "event loop" not in server.log and time.monotonic() < give_up:
            time.sleep(0.02)
        [line] = [each for each in server.log.splitlines() if "event loop" in each]
    assert "A request for 'blocks' blocked the event loop for 1" in line
    assert "blocking_app.py:22 in load(): `time.sleep(1.5)`." in line
