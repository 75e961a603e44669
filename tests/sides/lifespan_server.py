"""The server's half of the lifespan protocol, and hooks to be told of it."""

from __future__ import annotations

import asyncio

from dualapp import request


class LifespanServer:
    """The server's half of the lifespan protocol, as strict as the specification."""

    def __init__(self, app, **scope):
        self.scope = {"type": "lifespan", "asgi": {"version": "3.0"}, **scope}
        self.sent = []
        self._app = app
        self._events = asyncio.Queue()
        self._answers = asyncio.Queue()
        self._task = asyncio.create_task(self._app(self.scope, self._events.get, self._send))

    async def _send(self, event):
        assert not self._task.done()
        self.sent.append(event["type"])
        self._answers.put_nowait(event)

    async def tell(self, what):
        """Tell of startup or shutdown; give what the application answers."""
        self._events.put_nowait({"type": f"lifespan.{what}"})
        answer = asyncio.create_task(self._answers.get())
        done, _ = await asyncio.wait(
            [answer, self._task], timeout=5, return_when=asyncio.FIRST_COMPLETED
        )
        assert answer in done, f"no answer: {self._task!r}"
        return answer.result()

    async def over(self):
        await asyncio.wait_for(self._task, 1)


def hook(log, name, colour, error=None):
    """Make a start-up or shutdown hook."""

    def run():
        log.append(name)
        if error is not None:
            raise error

    async def run_async():
        await asyncio.sleep(0)
        run()

    return run if colour == "sync" else run_async


def generator(log, name, colour, given=None, yields=1):
    """Make a while_serving function."""

    def run():
        log.append(f"{name} starts")
        for _ in range(yields):
            yield given
        log.append(f"{name} stops")

    async def run_async():
        log.append(f"{name} starts")
        await asyncio.sleep(0)
        for _ in range(yields):
            yield given
        log.append(f"{name} stops")

    return run if colour == "sync" else run_async


def register(app, log, colour):
    app.before_serving(hook(log, "a", colour))
    app.while_serving(generator(log, "b", colour))
    app.before_serving(hook(log, "c", colour))
    app.after_serving(hook(log, "d", colour))
    app.after_serving(hook(log, "e", colour))
    app.add_url_rule("/", "view", lambda: "x")


STARTED = ["a", "b starts", "c"]
STOPPED = ["e", "d", "b stops"]


def share_state(app):
    app.while_serving(lambda: iter([{"pool": ["shared"], "kept": 1}]))

    def view():
        request.state["pool"].append("more")
        seen = sorted(request.state)
        request.state["mine"] = True
        return [seen, len(request.state["pool"])]

    app.add_url_rule("/", "view", view)
