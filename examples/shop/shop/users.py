"""Users: signing up, proving who one is, and being known again."""

from __future__ import annotations

import functools

from sqlalchemy.exc import IntegrityError
from werkzeug.security import check_password_hash, generate_password_hash

from .extensions import db, jwt, login
from .models import User

SHORTEST_PASSWORD = 8


class RefusedError(Exception):
    """Nobody can sign up like that; the message says why."""


def sign_up(email, password):
    """Add a user.

    Raises:
        RefusedError: The address is none, or taken, or the password is too short.
    """
    if "@" not in email[1:-1] or len(email) > 254:
        raise RefusedError("That is no e-mail address.")
    if len(password) < SHORTEST_PASSWORD:
        raise RefusedError(f"A password has at least {SHORTEST_PASSWORD} characters.")
    user = User(email=email.lower(), password_hash=generate_password_hash(password))
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise RefusedError("Somebody has signed up with that address already.") from None
    return user


def find(email, password):
    """Give the user with that address and password; None if there is none."""
    user = db.session.scalar(db.select(User).filter_by(email=email.lower()))
    # Nobody's password takes as long to check: the time would tell who has signed up.
    known = user.password_hash if user else nobodys_hash()
    return user if check_password_hash(known, password) and user else None


@functools.cache
def nobodys_hash():
    return generate_password_hash("nobody's")


def by_id(key):
    return db.session.get(User, int(key))


def prepare():
    """Let sessions and tokens hold a user's id, and find the user by it."""
    login.login_view = "pages.log_in"
    login.login_message = "Please log in first."
    login.user_loader(by_id)
    jwt.user_identity_loader(lambda user: str(user.id))
    jwt.user_lookup_loader(lambda header, payload: by_id(payload["sub"]))
