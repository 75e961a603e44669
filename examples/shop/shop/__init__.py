"""A shop: whoever signs up may offer products and order those of others.

======================  ====================================================================
``settings.py``         what is configured, and by which environment variables
``extensions.py``       Flask's extensions, made here and given the application below
``models.py``           users, products, orders: the tables
``users.py``            signing up and knowing who is asking; for pages and for the API
``pages.py``            the pages: a session, kept in a cookie, says who is asking
``tokens.py``           the API: tokens, which say who is asking
``products.py``         the API: products
``orders.py``           the API: orders
``reports.py``          figures, by async views
``async_database.py``   the database for async views
``problems.py``         what is answered when something is wrong
``health.py``           whether the service is well, for whoever watches it
``filling.py``          a command that makes rows to measure with
``migrations/``         how the tables came to be what they are
======================  ====================================================================
"""

from __future__ import annotations

from flask import Flask

from . import filling, health, orders, pages, problems, products, reports, settings, tokens, users
from .extensions import api, cors, db, jwt, login, migrate


def create_app(**overrides):
    """Make the application; servers, the command line and tests call this.

    Args:
        **overrides: Configuration that goes before what the environment says.
    """
    app = Flask(__name__)
    settings.configure(app, overrides)

    db.init_app(app)
    migrate.init_app(app, db)
    login.init_app(app)
    jwt.init_app(app)
    cors.init_app(app)
    api.init_app(app)

    users.prepare()
    problems.prepare(app)
    for blueprint in (tokens.blp, products.blp, orders.blp, reports.blp):
        api.register_blueprint(blueprint)
    app.register_blueprint(pages.bp)
    app.register_blueprint(reports.bp)
    app.register_blueprint(health.bp)
    app.register_blueprint(filling.bp)
    if app.config["SHOW_POOLS"]:
        app.register_blueprint(health.pools_bp)
    return app
