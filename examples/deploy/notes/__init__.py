"""Notes of whoever signs in, kept so that any replica can answer any request.

================  ==================================================================
``settings.py``   what is configured, and by which environment variables
``database.py``   PostgreSQL: a pool for each process, opened and closed with it
``store.py``      Redis: the sessions, and news from one replica to another
``accounts.py``   signing up, in and out
``pages.py``      the notes, and a stream that tells of changes
``health.py``     whether the process lives, and whether it wants requests
================  ==================================================================

Views that ask the database are sync: one pool of connections then serves alike under gunicorn and
uvicorn. The stream waits much and works little, so it is async.
"""

from __future__ import annotations

from werkzeug.middleware.proxy_fix import ProxyFix

from dualapp import DualApp

from . import accounts, database, health, pages, settings, store


def create_app(**overrides) -> DualApp:
    """Make the application.

    Args:
        **overrides: Configuration that goes before what the environment says.

    Raises:
        RuntimeError: A setting that has no default is missing.
    """
    app = DualApp(__name__)
    settings.configure(app, overrides)
    # nginx sets these headers anew. Nothing but nginx may reach the servers: they believe it.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_port=1, x_host=0, x_prefix=0)
    database.prepare(app)
    store.prepare(app)
    for part in (accounts, pages, health):
        app.register_blueprint(part.bp)
    return app
