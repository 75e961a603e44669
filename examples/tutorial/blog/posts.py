"""Posts: everybody reads them, members write them, authors change and delete their own."""

from __future__ import annotations

from datetime import datetime

from werkzeug.exceptions import NotFound

from dualapp import Blueprint, abort, flash, g, redirect, render_template, request, url_for

from .accounts import members_only
from .database import database

bp = Blueprint("posts", __name__)

LONGEST_TITLE = 120
ON_ONE_PAGE = 10

SELECT = "SELECT post.*, member.name AS author FROM post JOIN member ON member.id = author_id"


@bp.app_template_filter("day")
def day(timestamp):
    """Write a time of the database as a day: ``2 March 2026``."""
    moment = datetime.fromisoformat(timestamp)
    return f"{moment.day} {moment:%B %Y}"


@bp.errorhandler(OverflowError)
def refuse_large_number(error):
    """SQLite counts up to 2**63; no post and no page has a larger number."""
    problem = NotFound("There is nothing behind a number that large.")
    return render_template("problem.html", error=problem), problem.code


@bp.get("/")
def index():
    page = max(request.args.get("page", 1, type=int), 1)
    # One more than is shown: if it is there, there are older ones.
    posts = (
        database()
        .execute(
            f"{SELECT} ORDER BY post.id DESC LIMIT ? OFFSET ?",
            [ON_ONE_PAGE + 1, (page - 1) * ON_ONE_PAGE],
        )
        .fetchall()
    )
    return render_template(
        "index.html", posts=posts[:ON_ONE_PAGE], page=page, older=len(posts) > ON_ONE_PAGE
    )


@bp.get("/feed.json")
def feed():
    """The newest posts for other programs, as jsonfeed.org has it."""
    posts = database().execute(f"{SELECT} ORDER BY post.id DESC LIMIT ?", [ON_ONE_PAGE])
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Inkwell",
        "items": [
            {
                "id": str(post["id"]),
                "url": url_for("posts.show", number=post["id"], _external=True),
                "title": post["title"],
                "content_text": post["text"],
            }
            for post in posts
        ],
    }


@bp.get("/posts/<int:number>")
def show(number):
    return render_template("post.html", post=find(number))


@bp.get("/posts/new")
@members_only
def write():
    return render_template("editor.html", post=None)


@bp.post("/posts/new")
@members_only
def publish():
    title, text = what_was_written()
    if not (title and text):
        return render_template("editor.html", post=None), 422
    with database() as db:
        number = db.execute(
            "INSERT INTO post (author_id, title, text) VALUES (?, ?, ?)",
            [g.member["id"], title, text],
        ).lastrowid
    return redirect(url_for("posts.show", number=number))


@bp.get("/posts/<int:number>/edit")
@members_only
def edit(number):
    return render_template("editor.html", post=find_own(number))


@bp.post("/posts/<int:number>/edit")
@members_only
def change(number):
    post = find_own(number)
    title, text = what_was_written()
    if not (title and text):
        return render_template("editor.html", post=post), 422
    with database() as db:
        db.execute(
            "UPDATE post SET title = ?, text = ?, edited = CURRENT_TIMESTAMP WHERE id = ?",
            [title, text, number],
        )
    flash("Your changes are saved.")
    return redirect(url_for("posts.show", number=number))


@bp.post("/posts/<int:number>/delete")
@members_only
def delete(number):
    post = find_own(number)
    with database() as db:
        db.execute("DELETE FROM post WHERE id = ?", [number])
    flash(f"“{post['title']}” is deleted.")
    return redirect(url_for("posts.index"))


def find(number):
    """Give a post with its author's name, or answer 404."""
    post = database().execute(f"{SELECT} WHERE post.id = ?", [number]).fetchone()
    if post is None:
        abort(404, "There is no such post. Perhaps its author deleted it.")
    return post


def find_own(number):
    """Give a post of the member who asks; answer 403 if it is another's."""
    post = find(number)
    if post["author_id"] != g.member["id"]:
        abort(403, "This post is not yours.")
    return post


def what_was_written():
    """Give title and text of the form; says so if one is missing."""
    title, text = request.form["title"].strip(), request.form["text"].strip()
    if not (title and text):
        flash("A post needs a title and a text.")
    return title[:LONGEST_TITLE], text
