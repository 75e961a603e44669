"""Accounts: signing up, logging in and out, and knowing who is asking."""

from __future__ import annotations

import functools
import re
import sqlite3

from werkzeug.security import check_password_hash, generate_password_hash

from dualapp import Blueprint, flash, g, redirect, render_template, request, session, url_for

from .database import database

bp = Blueprint("accounts", __name__)

NAME = re.compile(r"[\w.-]{2,30}")
SHORTEST_PASSWORD = 8


@bp.before_app_request
def find_member():
    """Before each request of the whole application: who is logged in? ``None`` is nobody."""
    g.member = None
    if "member_id" in session:
        g.member = (
            database()
            .execute("SELECT id, name FROM member WHERE id = ?", [session["member_id"]])
            .fetchone()
        )


def members_only(view):
    """Send those who are not logged in to the log-in page instead of the view."""

    @functools.wraps(view)
    def guarded(**arguments):
        if g.member is None:
            flash("Please log in first.")
            return redirect(url_for("accounts.log_in"))
        return view(**arguments)

    return guarded


@bp.get("/sign-up")
def sign_up():
    return render_template("account.html", new=True)


@bp.post("/sign-up")
def create_account():
    name, password = request.form["name"].strip(), request.form["password"]
    problem = problem_with(name, password)
    if problem is None:
        try:
            with database() as db:
                member_id = db.execute(
                    "INSERT INTO member (name, password_hash) VALUES (?, ?)",
                    [name, generate_password_hash(password)],
                ).lastrowid
        except sqlite3.IntegrityError:
            problem = f"The name {name} is taken."
    if problem is not None:
        flash(problem)
        return render_template("account.html", new=True), 422
    return welcome(member_id, name)


def problem_with(name, password):
    if not NAME.fullmatch(name):
        return "A name has 2 to 30 letters, digits, dots, dashes or underscores."
    if len(password) < SHORTEST_PASSWORD:
        return f"A password has at least {SHORTEST_PASSWORD} characters."
    return None


@bp.get("/log-in")
def log_in():
    return render_template("account.html", new=False)


@bp.post("/log-in")
def check_account():
    name, password = request.form["name"].strip(), request.form["password"]
    member = database().execute("SELECT * FROM member WHERE name = ?", [name]).fetchone()
    if member is None or not check_password_hash(member["password_hash"], password):
        # Not said which of the two it was: that would tell strangers who has an account.
        flash("Name and password do not match.")
        return render_template("account.html", new=False), 422
    return welcome(member["id"], member["name"])


def welcome(member_id, name):
    session.clear()
    session["member_id"] = member_id
    flash(f"Welcome, {name}!")
    return redirect(url_for("posts.index"))


@bp.post("/log-out")
def log_out():
    session.clear()
    flash("You are logged out.")
    return redirect(url_for("posts.index"))
