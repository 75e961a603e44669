"""The notes: an API with JSON. ``PUT`` may be repeated by a proxy, ``POST`` may not."""

from __future__ import annotations

import json
import uuid

from dualapp import (
    Blueprint,
    Response,
    abort,
    current_app,
    nonblocking,
    request,
    session,
    stream_with_context,
)

from . import store
from .accounts import signed_in
from .database import ask

bp = Blueprint("notes", __name__)


@bp.after_app_request
@nonblocking
def name_the_replica(response):
    response.headers["X-Served-By"] = current_app.config["INSTANCE"]
    return response


@bp.get("/whoami")
def whoami():
    """Show what the application believes about who is asking, and where."""
    return {
        "user": session.get("user"),
        "address": request.remote_addr,
        "url": request.url_root,
    }


@bp.get("/notes")
def list_notes():
    """Give the newest ones."""
    rows = ask(
        "SELECT id, text FROM notes WHERE owner = %s ORDER BY made DESC LIMIT 100", signed_in()
    )
    return [{"id": str(note), "text": text} for note, text in rows]


@bp.post("/notes")
def add_note():
    """Each request makes another note, so one whose answer was lost must not be sent again."""
    owner, text, note = signed_in(), sent_text(), uuid.uuid4()
    ask("INSERT INTO notes (owner, id, text) VALUES (%s, %s, %s)", owner, note, text)
    return told(owner, note, text), 201


@bp.get("/notes/<uuid:note>")
def read_note(note):
    rows = ask("SELECT text FROM notes WHERE owner = %s AND id = %s", signed_in(), note)
    if not rows:
        abort(404, "You have no such note.")
    return {"id": str(note), "text": rows[0][0]}


@bp.put("/notes/<uuid:note>")
def write_note(note):
    """Twice the same request leaves what one leaves, so it may be sent again."""
    owner, text = signed_in(), sent_text()
    ask(
        "INSERT INTO notes (owner, id, text) VALUES (%s, %s, %s)"
        " ON CONFLICT (owner, id) DO UPDATE SET text = excluded.text",
        owner,
        note,
        text,
    )
    return told(owner, note, text)


@bp.get("/live")
async def live():
    """Tell of each note as it is written, on whichever replica, as server-sent events."""
    news = stream_with_context(as_events(store.subscribe(signed_in())))
    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    return Response(news, mimetype="text/event-stream", headers=headers)


async def as_events(news):
    async for data in news:
        yield ": listening\n\n" if data is None else f"data: {data}\n\n"


def told(owner: int, note: uuid.UUID, text: str) -> dict[str, str]:
    """Publish a note that has been written, and give it."""
    shown = {"id": str(note), "text": text}
    store.publish(owner, json.dumps(shown))
    return shown


def sent_text() -> str:
    """Give the text of the note that was sent; answer 400 if there is none."""
    body = request.get_json()
    text = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text:
        abort(400, "Send a JSON object with a text.")
    return text
