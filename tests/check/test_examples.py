"""The examples are read as a user would: what is found there is known, and right."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

#: What is found in each, and why it is right as it is.
FOUND = {
    "hello": [],
    "tutorial": ["DA201"] * 3,  # hooks that ask a database
    "predict": [],
    "streaming": ["DA401"],  # a stream is what it shows
    "mixed": ["DA203", "DA205", "DA201", "DA202", "DA202"],  # it shows each mixture
}
#: What each is called, where not ``app``.
NAMES = {"tutorial": "blog", "shop": "shop"}

SHOP_NEEDS = ("flask_cors", "flask_jwt_extended", "flask_login", "flask_migrate", "flask_smorest")
SHOP_NEEDS += ("flask_sqlalchemy", "asyncpg", "aiosqlite", "psycopg2")


def _check(example, tmp_path, *options, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "dualapp", "check", "--json", *options, NAMES.get(example, "app")],
        cwd=EXAMPLES / example,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("example", FOUND)
def test_an_example_has_what_is_known_of_it_and_no_more(example, tmp_path):
    found = _check(example, tmp_path, BLOG_DATABASE=str(tmp_path / "blog.sqlite"))
    assert [each["code"] for each in found["findings"]] == FOUND[example]


def test_flasks_extensions_are_told_of_by_their_names(tmp_path):
    missing = [name for name in SHOP_NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; pip install 'dualapp[shop]'")
    found = _check(
        "shop",
        tmp_path,
        "--as-flask",
        SHOP_SECRET_KEY="a key that is long enough to sign with",
        DATABASE_URL=f"sqlite:///{tmp_path}/shop.sqlite",
    )
    by_code = {}
    for each in found["findings"]:
        by_code.setdefault(each["code"], []).append(each)
    assert {code: len(each) for code, each in by_code.items()} == {"DA204": 3, "DA206": 1}
    packages = {"flask_jwt_extended", "flask_login", "flask_smorest"}
    assert all(any(name in each["what"] for name in packages) for each in by_code["DA204"])
    of_packages = {hook["package"] for hook in found["hooks"]} - {None}
    assert of_packages == {"flask_cors", "flask_login", "flask_sqlalchemy"}


FLASK_SQLALCHEMY = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped, mapped_column

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
db = SQLAlchemy(app)


class User(db.Model):
    id: Mapped[int] = mapped_column(primary_key=True)


@app.get("/")
async def view():
    db.session.execute(db.select(User))  # found
    User.query.filter_by(id=1).first()  # found
    db.get_or_404(User, 1)  # found
    db.engine.connect()  # found
    return {"columns": User.__table__.columns.keys()}
"""


def test_flask_sqlalchemy_is_known(tmp_path):
    pytest.importorskip("flask_sqlalchemy")
    (tmp_path / "shop.py").write_text(FLASK_SQLALCHEMY)
    options = ["check", "--as-flask", "--json", "--select=DA1", "shop"]
    done = subprocess.run(
        [sys.executable, "-m", "dualapp", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    lines = FLASK_SQLALCHEMY.splitlines()
    marked = [number for number, line in enumerate(lines, 1) if "# found" in line]
    assert [each["line"] for each in json.loads(done.stdout)["findings"]] == marked
