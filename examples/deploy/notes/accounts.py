"""Signing up, in and out. The session, kept in Redis, says who is asking."""

from __future__ import annotations

from werkzeug.security import check_password_hash, generate_password_hash

from dualapp import Blueprint, abort, current_app, request, session

from .database import ask

bp = Blueprint("accounts", __name__)

#: Checked for names that do not exist, so that the time it takes does not tell.
NOBODY = (None, generate_password_hash(""))


def signed_in() -> int:
    """Give the id of who is asking; answer 401 if nobody has signed in."""
    if "user" not in session:
        abort(401, "Sign in first.")
    return session["user"]


@bp.post("/accounts")
def sign_up():
    name, password = name_and_password()
    made = ask(
        "INSERT INTO accounts (name, password) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING id",
        name,
        generate_password_hash(password),
    )
    if not made:
        abort(409, "Somebody has that name.")
    return {"name": name}, 201


@bp.post("/session")
def sign_in():
    name, password = name_and_password()
    found = ask("SELECT id, password FROM accounts WHERE name = %s", name)
    user, stored = found[0] if found else NOBODY
    if not check_password_hash(stored, password) or user is None:
        abort(403, "Wrong name or password.")
    session.clear()
    session["user"] = user
    # Whoever knew the id of the session before shall not be signed in by this.
    current_app.session_interface.regenerate(session)
    return {"name": name}


@bp.delete("/session")
def sign_out():
    session.clear()
    return "", 204


def name_and_password() -> tuple[str, str]:
    """Give what was sent; answer 400 if it is no name and password."""
    body = request.get_json()
    values = [body.get(key) for key in ("name", "password")] if isinstance(body, dict) else []
    if not values or not all(isinstance(value, str) and 0 < len(value) <= 200 for value in values):
        abort(400, "Send a JSON object with a name and a password of at most 200 characters.")
    return values[0], values[1]
