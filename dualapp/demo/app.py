"""The application of the demo: a view of each kind that behaves differently under the two servers.

``gunicorn dualapp.demo.app:app`` and ``uvicorn dualapp.demo.app:app`` serve it by hand.
"""

from __future__ import annotations

import asyncio
import threading
import time
import typing as t
from collections.abc import AsyncIterator
from pathlib import Path

from dualapp import DualApp, Response, abort, request

from .iris import Model

#: Seconds that a database or another service would need; here nobody is asked.
WAIT = 0.1
WORDS = ("one", "word", "after", "the", "other")
#: Seconds before each word of the stream.
PAUSE = 0.03

#: The header that tells which thread of the server ran the view.
RAN_IN = "X-Ran-In"

app = DualApp(__name__)
model = Model.load(Path(__file__).with_name("model.json"))

Answer = tuple[dict[str, t.Any], dict[str, str]]


@app.get("/")
def index() -> Response:
    lines = [
        f"{','.join(sorted(rule.methods or ()))} {rule.rule}" for rule in app.url_map.iter_rules()
    ]
    return Response("\n".join([*lines, ""]), content_type="text/plain")


@app.get("/sync")
def blocks() -> Answer:
    """A sync view that waits: its thread can do nothing else meanwhile."""
    time.sleep(WAIT)
    return {"waited": WAIT}, told_where()


@app.get("/async")
async def awaits() -> Answer:
    """An async view that waits: whoever runs its loop can do other things meanwhile."""
    await asyncio.sleep(WAIT)
    return {"waited": WAIT}, told_where()


@app.post("/predict")
def predict() -> Answer:
    """A sync view that computes: the probabilities of three species of iris, by a trained model."""
    try:
        chances = model.predict(request.get_json())
    except (KeyError, TypeError):
        abort(400, f"Send a JSON object with {', '.join(model.features)} in centimetres.")
    rounded = {name: round(chance, 4) for name, chance in chances.items()}
    return {"species": max(chances, key=chances.__getitem__), "chances": rounded}, told_where()


@app.get("/stream")
async def stream() -> tuple[AsyncIterator[str], dict[str, str]]:
    """An async generator, whose words are sent as they come."""
    return words(), {"Content-Type": "text/plain; charset=utf-8", **told_where()}


async def words() -> AsyncIterator[str]:
    for word in WORDS:
        await asyncio.sleep(PAUSE)
        yield f"{word} "


def told_where() -> dict[str, str]:
    """Give the header that says which thread this is."""
    is_main = threading.current_thread() is threading.main_thread()
    return {RAN_IN: "main thread" if is_main else "worker thread"}
