"""Words sent as they are found: server-sent events from an async generator, and a page for them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from babbler import Babbler

from dualapp import DualApp, request

#: Seconds that the model "thinks" about each word; a large one does need about that.
THINKING = 0.06
MOST_WORDS = 200
#: What a browser gets must not wait in a cache or in a proxy's buffer until all is there.
UNBUFFERED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

app = DualApp(__name__)
babbler = Babbler.of_file(Path(__file__).with_name("sonnets.txt"))


@app.get("/")
def page():
    return app.send_static_file("page.html")


@app.get("/words")
async def words():
    # Read here and not in the generator: it runs after the view has returned.
    prompt = request.args.get("prompt", "")
    length = min(request.args.get("length", 60, type=int), MOST_WORDS)
    seed = request.args.get("seed", type=int)
    return events(prompt, length, seed), {"Content-Type": "text/event-stream", **UNBUFFERED}


async def events(prompt, length, seed):
    """Each word as an event. When the reader goes away, the generator is closed where it waits."""
    sent = 0
    try:
        for word in babbler.babble(prompt, length, seed):
            await asyncio.sleep(THINKING)
            yield event("word", word)
            sent += 1
        yield event("end", {"words": sent})
    finally:
        app.logger.info("%d of %d words sent", sent, length)


def event(name, data):
    """Write an event as the browser's EventSource reads it (HTML standard, section 9.2)."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
