"""Data: databases, sessions, caches, and work that is done later."""

from __future__ import annotations

import tempfile
import threading
import uuid
from pathlib import Path

from .kit import Kit, trial

REDIS = "redis://127.0.0.1:6379/9"


def _notes(kit: Kit):
    """Give Flask-SQLAlchemy and a model, on a database that one process has in memory."""
    from flask_sqlalchemy import SQLAlchemy
    from sqlalchemy.pool import StaticPool

    kit.app.config.update(
        SQLALCHEMY_DATABASE_URI="sqlite://",
        SQLALCHEMY_ENGINE_OPTIONS={
            "poolclass": StaticPool,
            "connect_args": {"check_same_thread": False},
        },
    )
    db = SQLAlchemy(kit.app)

    class Note(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        text = db.Column(db.String, nullable=False)

    return db, Note


@trial("flask-sqlalchemy", "use `db.session` in sync views only, see {doc}`databases`")
def flask_sqlalchemy(kit: Kit) -> None:
    """Writes a row, then reads it in another request."""
    db, note = _notes(kit)
    with kit.app.app_context():
        db.create_all()

    @kit.app.post("/<text>")
    @kit.view
    def add(text):
        db.session.add(note(text=text))
        db.session.commit()
        return "", 201

    @kit.app.get("/")
    @kit.view
    def index():
        return [found.text for found in db.session.scalars(db.select(note))]

    client = kit.client()
    assert client.post("/milk").status_code == 201
    assert client.get("/").json == ["milk"]


@trial("flask-migrate", "commands, which no side concerns")
def flask_migrate(kit: Kit) -> None:
    """Makes a migration by command, and applies it."""
    from flask_migrate import Migrate

    with tempfile.TemporaryDirectory() as folder:
        db, note = _notes(kit)
        Migrate(kit.app, db, directory=str(Path(folder, "migrations")))
        runner = kit.app.test_cli_runner()
        for command in (["db", "init"], ["db", "migrate"], ["db", "upgrade"]):
            done = runner.invoke(args=command)
            assert done.exit_code == 0, done.output

    @kit.app.get("/")
    @kit.view
    def index():
        return {"notes": db.session.query(note).count()}

    assert kit.client().get("/").json == {"notes": 0}


@trial("flask-session", "around an async view on ASGI it asks its store in a worker thread")
def flask_session(kit: Kit) -> None:
    """Keeps a session in Redis, from one request to the next."""
    import redis
    from flask import session
    from flask_session import Session

    server = redis.Redis.from_url(REDIS)
    prefix = f"trial-{uuid.uuid4()}:"
    kit.app.config.update(SESSION_TYPE="redis", SESSION_REDIS=server, SESSION_KEY_PREFIX=prefix)
    Session(kit.app)

    @kit.app.get("/")
    @kit.view
    def index():
        session["visits"] = session.get("visits", 0) + 1
        return {"visits": session["visits"]}

    try:
        client = kit.client()
        assert [client.get("/").json["visits"] for _ in range(3)] == [1, 2, 3]
        assert len(list(server.scan_iter(f"{prefix}*"))) == 1
    finally:
        for key in server.scan_iter(f"{prefix}*"):
            server.delete(key)


@trial("flask-redis", "waits without `await`: in async views use `redis.asyncio`")
def flask_redis(kit: Kit) -> None:
    """Counts in Redis."""
    from flask_redis import FlaskRedis

    kit.app.config["REDIS_URL"] = REDIS
    store = FlaskRedis(kit.app)
    key = f"trial-{uuid.uuid4()}"

    @kit.app.get("/")
    @kit.view
    def index():
        return {"count": store.incr(key)}

    try:
        client = kit.client()
        assert [client.get("/").json["count"] for _ in range(2)] == [1, 2]
    finally:
        store.delete(key)


@trial("flask-caching")
def flask_caching(kit: Kit) -> None:
    """The second answer comes from the cache."""
    from flask_caching import Cache

    cache = Cache(kit.app, config={"CACHE_TYPE": "SimpleCache"})
    calls = []

    @kit.app.get("/")
    @cache.cached(timeout=60)
    @kit.view
    def index():
        calls.append("called")
        return f"call {len(calls)}"

    client = kit.client()
    assert [client.get("/").text for _ in range(2)] == ["call 1", "call 1"]


@trial("flask-executor")
def flask_executor(kit: Kit) -> None:
    """Work in a thread, with the application's context."""
    from flask import current_app
    from flask_executor import Executor

    kit.app.config["EXECUTOR_PROPAGATE_EXCEPTIONS"] = True
    executor = Executor(kit.app)

    @kit.app.get("/")
    @kit.view
    def index():
        return {"name": executor.submit(lambda: current_app.name).result(timeout=10)}

    assert kit.client().get("/").json == {"name": kit.app.name}


@trial("flask-apscheduler", "start it in one process only, as with Flask")
def flask_apscheduler(kit: Kit) -> None:
    """A job that runs once, now."""
    from flask_apscheduler import APScheduler

    scheduler = APScheduler()
    scheduler.init_app(kit.app)
    ran = threading.Event()

    @kit.app.get("/")
    @kit.view
    def index():
        scheduler.add_job(id="once", func=ran.set)
        return "", 202

    scheduler.start()
    try:
        assert kit.client().get("/").status_code == 202
        assert ran.wait(timeout=20)
    finally:
        scheduler.shutdown()


@trial("celery")
def celery(kit: Kit) -> None:
    """A task that runs in the application's context, as Flask's documentation has it."""
    from celery import Celery, Task
    from flask import current_app

    class InContext(Task):
        def __call__(self, *arguments, **named):
            with kit.app.app_context():
                return self.run(*arguments, **named)

    queue = Celery(kit.app.name, task_cls=InContext)
    queue.conf.update(task_always_eager=True)

    @queue.task
    def name():
        return current_app.name

    @kit.app.get("/")
    @kit.view
    def index():
        return {"name": name.delay().get()}

    assert kit.client().get("/").json == {"name": kit.app.name}
