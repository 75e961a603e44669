"""A small blog: members sign up, log in and write; everybody reads.

===================  =====================================================
``database.py``      a connection for each request; ``schema.sql``: tables
``accounts.py``      signing up, logging in and out; who is asking
``posts.py``         reading, writing, editing and deleting posts; the feed
``elsewhere.py``     what other blogs have written: an async view
``templates/``       the pages
``static/``          how they look
===================  =====================================================
"""

from __future__ import annotations

from pathlib import Path

from dualapp import DualApp, abort, render_template, request

from . import accounts, database, elsewhere, posts


def create_app(**settings):
    """Make the application; servers and tests call this.

    Args:
        **settings: Overrule the configuration, such as ``DATABASE``, the path of its file.
    """
    app = DualApp(__name__)
    app.config.update(
        DATABASE=str(Path(app.instance_path, "blog.sqlite")),
        FEEDS=[],  # of other blogs, by their URLs
        SESSION_COOKIE_SAMESITE="Lax",  # a form on someone else's page does not get the cookie
        MAX_CONTENT_LENGTH=200_000,
    )
    app.config.from_prefixed_env("BLOG")  # BLOG_DATABASE=... sets DATABASE
    app.config.update(settings)

    database.prepare(app)
    app.register_blueprint(accounts.bp)
    app.register_blueprint(posts.bp)
    app.register_blueprint(elsewhere.bp)
    app.before_request(refuse_forms_of_other_sites)
    for code in (400, 403, 404, 405, 413):
        app.register_error_handler(code, show_problem)
    return app


def refuse_forms_of_other_sites():
    """Answer 403 to what another site makes our reader's browser send; browsers tell."""
    sent_from = request.headers.get("Sec-Fetch-Site", "same-origin")
    if request.method == "POST" and sent_from not in {"same-origin", "none"}:
        abort(403, "This form was sent from another site.")


def show_problem(error):
    return render_template("problem.html", error=error), error.code
