"""What other blogs have written lately: their feeds, asked all at once."""

from __future__ import annotations

import asyncio
import json
from urllib.request import urlopen

from dualapp import Blueprint, current_app, render_template

bp = Blueprint("elsewhere", __name__)

PATIENCE = 5  # seconds
FROM_EACH = 3
LARGEST_FEED = 1_000_000


@bp.get("/elsewhere")
async def show():
    urls = current_app.config["FEEDS"]
    feeds = await asyncio.gather(*(titles_in(url) for url in urls))
    return render_template("elsewhere.html", feeds=dict(zip(urls, feeds, strict=True)))


async def titles_in(url):
    """Give the newest titles; ``None`` if the feed cannot be had: the others are still shown."""
    try:
        feed = json.loads(await asyncio.to_thread(download, url))
        return [str(item["title"]) for item in feed["items"][:FROM_EACH]]
    except (OSError, ValueError, LookupError, TypeError) as error:
        current_app.logger.warning("The feed %s cannot be read: %s", url, error)
        return None


def download(url):
    """Wait for an answer, in a thread: ``urlopen`` knows nothing of async."""
    with urlopen(url, timeout=PATIENCE) as answer:
        return answer.read(LARGEST_FEED)
