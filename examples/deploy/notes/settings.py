"""What is configured. Each key is set by an environment variable with ``NOTES_`` before it."""

from __future__ import annotations

import socket
from datetime import timedelta

DEFAULTS = {
    # Where data and sessions are: the same for all replicas.
    "DATABASE_URL": "",
    "REDIS_URL": "",
    # What the names of keys and channels in Redis begin with.
    "REDIS_PREFIX": "notes:",
    # The name of this replica, in the header X-Served-By and in PostgreSQL's list of connections.
    "INSTANCE": socket.gethostname(),
    # While this file exists, /health/ready answers 503.
    "DRAIN_FILE": "",
    # Connections of one process: as many as it has threads, or some threads wait for one.
    "POOL_SIZE": 8,
    "SYNC_THREADS": 8,
    # Seconds after which a stream ends and its client connects anew: fewer than the servers give
    # to requests at shutdown, so that none is cut off.
    "LIVE_SECONDS": 20,
    # As in nginx.conf. Counted here too, for whoever comes past nginx.
    "MAX_CONTENT_LENGTH": 1024 * 1024,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    # A session ends this long after signing in. It is not written again by each request: one that
    # is under way while its user signs out would bring it back.
    "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
    "SESSION_REFRESH_EACH_REQUEST": False,
}
NEEDED = ("DATABASE_URL", "REDIS_URL")


def configure(app, overrides) -> None:
    """Set the configuration: defaults, then the environment, then what the caller says.

    Raises:
        RuntimeError: A setting that has no default is missing.
    """
    app.config.from_mapping(DEFAULTS)
    app.config.from_prefixed_env("NOTES")
    app.config.from_mapping(overrides)
    missing = [f"NOTES_{key}" for key in NEEDED if not app.config[key]]
    if missing:
        raise RuntimeError(
            f"{' and '.join(missing)} must be set: all replicas share one PostgreSQL and one Redis."
            " See the README beside the application."
        )
