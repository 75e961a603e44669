"""What is configured, and where it comes from."""

from __future__ import annotations

import os
from datetime import timedelta

from sqlalchemy import make_url

DEFAULTS = {
    "DATABASE_URL": "sqlite:///shop.sqlite",  # in the folder "instance"
    "SQLALCHEMY_ENGINE_OPTIONS": {"pool_pre_ping": True},
    "MAX_CONTENT_LENGTH": 100_000,
    "SESSION_COOKIE_SAMESITE": "Lax",  # a form on someone else's page does not get the cookie
    "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=15),
    "JWT_ERROR_MESSAGE_KEY": "message",  # as in smorest's errors
    "CORS_RESOURCES": "/api/*",
    "CORS_ORIGINS": [],  # whose pages may use the API in a browser
    "CORS_MAX_AGE": 600,
    "API_TITLE": "Shop",
    "API_VERSION": "1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": "/api",
    "OPENAPI_JSON_PATH": "openapi.json",
    "SHOW_POOLS": False,
}

#: What talks to which database, in sync and in async views.
DRIVERS = {"postgresql": ("psycopg2", "asyncpg"), "sqlite": ("pysqlite", "aiosqlite")}


def configure(app, overrides):
    """Fill the configuration: defaults, then ``SHOP_…`` and ``DATABASE_URL``, then ``overrides``.

    Raises:
        RuntimeError: There is no secret key.
    """
    app.config.update(DEFAULTS)
    app.config.from_prefixed_env("SHOP")  # SHOP_SECRET_KEY=... sets SECRET_KEY
    if "DATABASE_URL" in os.environ:
        app.config["DATABASE_URL"] = os.environ["DATABASE_URL"]
    app.config.update(overrides)
    if not app.config["SECRET_KEY"]:
        raise RuntimeError("Sessions and tokens are signed with a secret: set SHOP_SECRET_KEY.")

    url = make_url(app.config["DATABASE_URL"])
    app.config["SQLALCHEMY_DATABASE_URI"] = driven(url, is_async=False)


def driven(url, is_async):
    """Give the database's URL with the driver for sync or for async views in it."""
    database = url.get_backend_name()
    return url.set(drivername=f"{database}+{DRIVERS[database][is_async]}")
