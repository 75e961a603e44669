"""The API: tokens. Whoever sends one need not send a password; it ends after a while."""

from __future__ import annotations

import marshmallow as ma
from flask_jwt_extended import create_access_token
from flask_smorest import Blueprint, abort

from . import users

blp = Blueprint("tokens", __name__, url_prefix="/api/tokens", description="Proving who one is")


class CredentialsSchema(ma.Schema):
    email = ma.fields.String(required=True)
    password = ma.fields.String(required=True)


class TokenSchema(ma.Schema):
    access_token = ma.fields.String()


@blp.post("")
@blp.arguments(CredentialsSchema)
@blp.response(201, TokenSchema)
@blp.alt_response(401, description="No such user and password")
def make_token(credentials):
    """Get a token for an address and a password."""
    user = users.find(**credentials)
    if user is None:
        abort(401, message="Address and password do not match.")
    return {"access_token": create_access_token(user)}
