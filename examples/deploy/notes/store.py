"""Redis: the sessions of all replicas, and news from one to the other."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import redis
import redis.asyncio

from dualapp import current_app, install_as_flask

#: Seconds that Redis may take for anything.
PATIENCE = 5


def prepare(app) -> None:
    """Keep the sessions in Redis. Nothing is connected before the first request asks for it."""
    install_as_flask()  # Flask-Session says "import flask", and shall get dualapp
    from flask_session.redis import RedisSessionInterface

    client = redis.Redis.from_url(
        app.config["REDIS_URL"], socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
    )
    app.extensions["redis"] = client
    app.session_interface = RedisSessionInterface(
        app, client, key_prefix=f"{app.config['REDIS_PREFIX']}session:"
    )


def is_there() -> bool:
    """Whether Redis answers."""
    try:
        return current_app.extensions["redis"].ping()
    except redis.RedisError:
        return False


def publish(owner: int, news: str) -> None:
    """Tell the streams of this owner, whichever replica they are on.

    What is told has been stored already, so the request does not fail if nobody can be told.
    """
    try:
        current_app.extensions["redis"].publish(_channel(owner), news)
    except redis.RedisError:
        current_app.logger.exception("Streams are not told of a change.")


async def subscribe(owner: int) -> AsyncIterator[str | None]:
    """Give ``None`` when listening has begun, and then what is published for this owner."""
    config = current_app.config
    end = time.monotonic() + config["LIVE_SECONDS"]
    # A client of this stream's own: it belongs to the event loop, which on WSGI ends with it.
    async with redis.asyncio.from_url(config["REDIS_URL"]) as client, client.pubsub() as inbox:
        await inbox.subscribe(_channel(owner))
        await inbox.get_message(timeout=PATIENCE)  # that the subscription holds
        yield None
        while (left := end - time.monotonic()) > 0:
            message = await inbox.get_message(timeout=left)
            if message is not None:
                yield message["data"].decode()


def _channel(owner: int) -> str:
    return f"{current_app.config['REDIS_PREFIX']}news:{owner}"
