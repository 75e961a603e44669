"""The pages. A session, kept in a signed cookie, says who is asking."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_login import current_user, login_required, login_user, logout_user

from . import reports, users
from .extensions import db
from .models import Product

bp = Blueprint("pages", __name__)


@bp.before_request
def refuse_forms_of_other_sites():
    """Answer 403 to what another site makes our user's browser send; browsers tell."""
    sent_from = request.headers.get("Sec-Fetch-Site", "same-origin")
    if request.method == "POST" and sent_from not in {"same-origin", "none"}:
        abort(403, "This form was sent from another site.")


@bp.get("/")
def index():
    products = db.session.scalars(db.select(Product).order_by(Product.id))
    return render_template("index.html", products=products)


@bp.get("/sign-up")
def sign_up():
    return render_template("user.html", new=True)


@bp.post("/sign-up")
def add_user():
    try:
        user = users.sign_up(request.form["email"].strip(), request.form["password"])
    except users.RefusedError as error:
        flash(str(error))
        return render_template("user.html", new=True), 422
    return welcome(user)


@bp.get("/log-in")
def log_in():
    return render_template("user.html", new=False)


@bp.post("/log-in")
def check_user():
    user = users.find(request.form["email"].strip(), request.form["password"])
    if user is None:
        flash("Address and password do not match.")
        return render_template("user.html", new=False), 422
    return welcome(user)


def welcome(user):
    session.clear()
    login_user(user)
    flash(f"Welcome, {user.email}!")
    return redirect(url_for(".account"))


@bp.post("/log-out")
def log_out():
    logout_user()
    return redirect(url_for(".index"))


@bp.get("/account")
@login_required
async def account():
    """Show what the user has ordered.

    An async view behind a decorator that knows nothing of async. It finds the user by the sync
    database, before this begins; so nothing here holds up an event loop.
    """
    orders = await reports.orders_of(current_user.id)
    return render_template("account.html", orders=orders)
