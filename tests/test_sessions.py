"""Sessions: the signed cookie, what marks a response as depending on it, and own interfaces."""

from __future__ import annotations

import copy
import json
import pickle
from abc import ABC
from collections import UserDict
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.http import parse_cookie

from dualapp import (
    DualApp,
    flash,
    get_flashed_messages,
    render_template_string,
    session,
    stream_with_context,
)
from dualapp.sessions import (
    NullSession,
    SecureCookieSession,
    SecureCookieSessionInterface,
    SessionInterface,
    SessionMixin,
)

COLOURS = ["sync", "async"]


def set_cookie(response):
    """Give the one Set-Cookie header, None if there is none."""
    headers = response.headers.getlist("Set-Cookie")
    assert len(headers) <= 1
    return headers[0] if headers else None


@pytest.fixture
def counting(app):
    """An app with a view that reads the session, one that changes it and one that does neither."""

    def count():
        session["count"] = session.get("count", 0) + 1
        return ""

    app.add_url_rule("/", "read", lambda: dict(session))
    app.add_url_rule("/count", "count", count)
    app.add_url_rule("/nothing", "nothing", lambda: "")
    return app


# -- which access counts -----------------------------------------------------------------------


class Inherited(SecureCookieSession):
    pass


class Overriding(SecureCookieSession):
    def __getitem__(self, key):
        return dict.__getitem__(self, key)

    def get(self, key, default=None):
        return dict.get(self, key, default)

    def items(self):
        return dict.items(self)


class OnDict(dict, SessionMixin):
    pass


class OnUserDict(UserDict, SessionMixin):
    def __init__(self, initial=None):
        super().__init__(initial)
        self.accessed = False


def _matches(session):
    match session:
        case {"a": _}:
            return True


READS = {
    "get": lambda s: s.get("a"),
    "get of a missing key": lambda s: s.get("missing"),
    "[]": lambda s: s["a"],
    "in": lambda s: "a" in s,
    "len": len,
    "iter": iter,
    "bool": bool,
    "==": lambda s: s == {},
    "!=": lambda s: s != {},
    "== from the right": lambda s: {} == s,  # noqa: SIM300
    "copy": lambda s: s.copy(),
    "copy.copy": copy.copy,
    "setdefault of an old key": lambda s: s.setdefault("a", 1),
    "pop with default": lambda s: s.pop("missing", None),
    "keys": lambda s: s.keys(),
    "values": lambda s: s.values(),
    "items": lambda s: s.items(),
    "dict": dict,
    "**": lambda s: {**s},
    "|": lambda s: s | {},
    "| from the right": lambda s: {} | s,
    "repr": repr,
    "format": lambda s: f"{s}",
    "list": list,
    "match": _matches,
    "permanent": lambda s: s.permanent,
}
WRITES = {
    "[]=": lambda s: s.__setitem__("b", 1),
    "del": lambda s: s.__delitem__("a"),
    "pop": lambda s: s.pop("a"),
    "popitem": lambda s: s.popitem(),
    "setdefault of a new key": lambda s: s.setdefault("new", 1),
    "clear": lambda s: s.clear(),
    "update": lambda s: s.update(b=1),
    "|=": lambda s: s.__ior__({"b": 1}),
    "permanent=": lambda s: setattr(s, "permanent", True),
}


@pytest.mark.parametrize("cls", [SecureCookieSession, Inherited, Overriding, OnDict, OnUserDict])
@pytest.mark.parametrize("use", [*READS, *WRITES])
def test_every_use_marks_the_session(cls, use):
    """S20, at its root: whatever a session's class takes its methods from."""
    made = cls({"a": 1})
    assert not made.accessed
    {**READS, **WRITES}[use](made)
    assert made.accessed


def test_a_null_session_can_be_read_and_not_written():
    refused = {*WRITES, "setdefault of an old key", "pop with default"}
    for name, use in {**READS, **WRITES}.items():
        if name in refused:
            with pytest.raises(RuntimeError, match="SECRET_KEY"):
                use(NullSession())
        elif name != "[]":
            use(NullSession())


def test_writing_json_marks_the_session():
    made = SecureCookieSession({"a": 1})
    assert json.dumps(made) == '{"a": 1}'
    assert made.accessed


def test_writes_mark_it_modified_and_reads_do_not():
    for name, use in WRITES.items():
        made = SecureCookieSession({"a": 1})
        use(made)
        assert made.modified, name
    for name, use in READS.items():
        made = SecureCookieSession({"a": 1})
        use(made)
        assert not made.modified, name


def test_copies_watch_themselves():
    made = SecureCookieSession({"a": 1})
    for other in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert other == made
        assert type(other) is SecureCookieSession
        other.modified = False
        other["b"] = 1
        assert other.modified
    assert not made.modified


USES = {
    "get": lambda: session.get("a"),
    "[]": lambda: session["a"],
    "in": lambda: "a" in session,
    "len": lambda: len(session),
    "iter": lambda: iter(session),
    "bool": lambda: bool(session),
    "==": lambda: session == {},
    "copy": lambda: session.copy(),
    "pop": lambda: session.pop("missing", None),
    "setdefault": lambda: session.setdefault("a", 1),
    "permanent": lambda: session.permanent,
    "template": lambda: render_template_string("{{ session.a }}"),
    "template, whole": lambda: render_template_string("{{ session }}"),
    "flash": lambda: flash("message"),
    "flashed": lambda: get_flashed_messages(),
    None: lambda: None,
}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("use", USES)
def test_s20_vary(app, client, paint, use, colour):
    """A response made with the session must not be served to another user by a cache."""

    def view():
        USES[use]()
        return ""

    app.add_url_rule("/set", "set", lambda: session.update(a=1) or "")
    app.add_url_rule("/", "view", paint(view, colour))
    assert client.get("/set").headers.getlist("Vary") == ["Cookie"]
    assert client.get("/").headers.getlist("Vary") == ([] if use is None else ["Cookie"])


def test_s20_refresh_without_access(app, client):
    app.add_url_rule("/set", "set", lambda: session.update(a=1, _permanent=True) or "")
    app.add_url_rule("/", "view", lambda: "")
    client.get("/set")
    refreshed = client.get("/")
    assert refreshed.headers.getlist("Vary") == ["Cookie"]
    assert set_cookie(refreshed)
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    quiet = client.get("/")
    assert "Vary" not in quiet.headers
    assert set_cookie(quiet) is None


@pytest.mark.parametrize("colour", COLOURS)
def test_a_stream_reads_the_session(app, client, paint, colour):
    """It was saved before the stream began; reading on is possible, writing would be lost."""

    def view():
        session["name"] = "x"
        return stream_with_context(session["name"] for _ in range(2))

    app.add_url_rule("/", "view", paint(view, colour))
    assert client.get("/").text == "xx"


# -- the cookie --------------------------------------------------------------------------------


@pytest.mark.parametrize("colour", COLOURS)
def test_it_lasts_from_request_to_request(app, client, paint, colour):
    value = {"when": datetime(2026, 1, 2, tzinfo=UTC), "pair": (1, 2), "bytes": b"\xff"}

    def write():
        session.update(value)
        return ""

    app.add_url_rule("/write", "write", paint(write, colour))
    app.add_url_rule("/read", "read", paint(lambda: str(dict(session) == value), colour))
    client.get("/write")
    assert client.get("/read").text == "True"


@pytest.mark.parametrize("cookie", ["garbage", "a.b.c", "x" * 3000, "", "\xff", "eyJhIjoxfQ.a.b"])
def test_a_bad_cookie_is_an_empty_session(counting, client, cookie):
    client.set_cookie("session", cookie)
    response = client.get("/")
    assert response.status_code == 200
    assert response.json == {}


def test_a_cookie_of_another_application(counting, client):
    other = DualApp("other", root_path=counting.root_path)
    other.secret_key = "another key"
    other.add_url_rule("/", "view", lambda: session.update(admin=True) or "")
    foreign = parse_cookie(set_cookie(other.test_client().get("/")))["session"]
    client.set_cookie("session", foreign)
    assert client.get("/").json == {}


def test_an_expired_cookie(counting, client):
    client.get("/count")
    assert client.get("/").json == {"count": 1}
    counting.permanent_session_lifetime = timedelta(seconds=-1)
    assert client.get("/").json == {}


def test_emptied_it_takes_the_cookie_away(counting, client):
    counting.add_url_rule("/clear", "clear", lambda: session.clear() or "")
    client.get("/count")
    assert client.get_cookie("session") is not None
    assert "Max-Age=0" in set_cookie(client.get("/clear"))
    assert client.get_cookie("session") is None


def test_only_a_changed_session_sets_the_cookie(counting, client):
    assert set_cookie(client.get("/")) is None
    assert set_cookie(client.get("/count"))
    assert set_cookie(client.get("/")) is None
    assert set_cookie(client.get("/nothing")) is None


def test_configuration(counting, client):
    counting.config.update(
        SESSION_COOKIE_NAME="other",
        SESSION_COOKIE_DOMAIN="localhost",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_HTTPONLY=False,
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PARTITIONED=True,
    )
    name, _, rest = set_cookie(client.get("/count")).partition("=")
    attributes = set(rest.split("; ")[1:])
    assert name == "other"
    assert attributes == {"Domain=localhost", "Path=/", "Secure", "SameSite=Lax", "Partitioned"}


def test_defaults(counting, client):
    attributes = set_cookie(client.get("/count")).split("; ")[1:]
    assert attributes == ["HttpOnly", "Path=/"]


def test_a_permanent_session_has_a_date(app, client):
    app.permanent_session_lifetime = timedelta(hours=1)
    app.add_url_rule("/", "view", lambda: setattr(session, "permanent", True) or "")
    client.get("/")
    expires = client.get_cookie("session").expires
    assert timedelta(minutes=58) < expires - datetime.now(UTC) <= timedelta(hours=1)


def test_s21_key_rotation(counting, client):
    """The new key signs; old ones are accepted while listed, and not afterwards."""
    counting.config.update(SECRET_KEY="old", SECRET_KEY_FALLBACKS=None)
    client.get("/count")
    counting.config.update(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["older", "old"])
    assert client.get("/").json == {"count": 1}
    client.get("/count")
    counting.config["SECRET_KEY_FALLBACKS"] = []
    assert client.get("/").json == {"count": 2}


def test_s21_one_string_is_one_key(counting, client):
    counting.config.update(SECRET_KEY="n", SECRET_KEY_FALLBACKS="old")
    client.get("/count")
    counting.config["SECRET_KEY_FALLBACKS"] = "n"
    counting.secret_key = "other"
    assert client.get("/").json == {"count": 1}
    counting.config["SECRET_KEY_FALLBACKS"] = "no"  # would be the keys "n" and "o", taken apart
    assert client.get("/").json == {}


@pytest.mark.parametrize("colour", COLOURS)
def test_without_a_key(app, client, paint, colour):
    app.secret_key = None
    app.add_url_rule("/", "read", paint(lambda: str(session.get("a")), colour))
    app.add_url_rule("/set", "set", paint(lambda: session.update(a=1), colour))
    assert client.get("/").text == "None"
    with pytest.raises(RuntimeError, match=r"no secret key was set.*Set app\.secret_key"):
        client.get("/set")


# -- own interfaces ----------------------------------------------------------------------------


class Store(SessionInterface):
    """Keeps sessions in memory, under the name that a cookie holds."""

    def __init__(self):
        self.kept = {}
        self.log = []

    def open_session(self, app, request):
        self.log.append("open")
        return OnDict(self.kept.get(request.cookies.get("id", "1"), {}))

    def save_session(self, app, session, response):
        self.log.append("save")
        self.kept["1"] = dict(session)


class AsyncStore(Store):
    async def open_session(self, app, request):
        return super().open_session(app, request)

    async def save_session(self, app, session, response):
        super().save_session(app, session, response)


class AsyncCookie(SecureCookieSessionInterface):
    async def open_session(self, app, request):
        return super().open_session(app, request)

    async def save_session(self, app, session, response):
        super().save_session(app, session, response)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("interface", [Store, AsyncStore, AsyncCookie])
def test_interface(counting, client, paint, interface, colour):
    counting.session_interface = interface()
    view = counting.view_functions["count"]
    counting.view_functions["count"] = paint(view, colour)
    for _ in range(3):
        assert client.get("/count").status_code == 200
    assert client.get("/").json == {"count": 3}


@pytest.mark.parametrize("interface", [Store, AsyncStore])
def test_it_is_opened_and_saved_once_per_request_even_unused(counting, client, interface):
    counting.session_interface = interface()
    client.get("/nothing")
    client.get("/nowhere")
    assert counting.session_interface.log == ["open", "save"] * 2


@pytest.mark.parametrize("store", [Store, AsyncStore])
def test_a_converter_may_use_the_session(app, client, store):
    """It is called while the URL is matched, before the session is opened for the request."""
    from werkzeug.routing import BaseConverter

    class Own(BaseConverter):
        def to_python(self, value):
            return f"{session.get('count', 0)} {value}"

    app.session_interface = store()
    app.session_interface.kept["1"] = {"count": 5}
    app.url_map.converters["own"] = Own
    app.add_url_rule("/<own:value>", "view", lambda value: value)
    assert client.get("/x").text == "5 x"
    assert app.session_interface.log == ["open", "save"]


@pytest.mark.parametrize("colour", COLOURS)
def test_none_leads_to_a_null_session(counting, client, paint, colour):
    class Refusing(SessionInterface):
        open_session = paint(lambda self, app, request: None, colour)
        save_session = paint(lambda self, app, session, response: pytest.fail("saved"), colour)

    counting.session_interface = Refusing()
    assert client.get("/").json == {}
    with pytest.raises(RuntimeError, match="session is unavailable"):
        client.get("/count")


def test_a_changed_session_class_of_the_cookie(counting, client):
    class Own(SecureCookieSession):
        pass

    class Interface(SecureCookieSessionInterface):
        session_class = Own
        salt = "other-salt"

    counting.session_interface = Interface()
    counting.add_url_rule("/class", "class", lambda: type(session._get_current_object()).__name__)
    client.get("/count")
    assert client.get("/").json == {"count": 1}
    assert client.get("/class").text == "Own"


def test_an_interface_that_derives_from_nothing(counting, client):
    """Two methods and what goes with null sessions are all that is asked for."""

    class Duck:
        def open_session(self, app, request):
            return SecureCookieSession({"count": 41})

        def save_session(self, app, session, response):
            response.headers["X-Count"] = str(session["count"])

        def is_null_session(self, session):
            return False

    counting.session_interface = Duck()
    assert client.get("/count").headers["X-Count"] == "42"


def test_what_is_patched_onto_the_interface_is_undone(counting, client):
    interface = type(counting.session_interface)
    for name in ("open_session", "get_cookie_name"):
        assert interface.opens_late
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(interface, name, lambda *args: None)
            assert not interface.opens_late
        assert interface.opens_late


def test_an_interface_may_have_a_metaclass():
    class Meta(type):
        pass

    class Own(SessionInterface, metaclass=Meta):
        pass

    class Abstract(SecureCookieSessionInterface, ABC):
        pass

    assert not Own().opens_late
    assert not Abstract().opens_late


@pytest.mark.parametrize("path", ["/nothing", "/nowhere"])
def test_an_interface_of_two_methods_is_enough_for_any_answer(counting, client, path):
    counting.session_interface = type(
        "Duck",
        (),
        {
            "open_session": lambda *args: SecureCookieSession(),
            "save_session": lambda *args: None,
            "is_null_session": lambda *args: False,
        },
    )()
    assert client.get(path).status_code == (404 if path == "/nowhere" else 200)
