"""The router gives what werkzeug's own matcher gives, for any map and any request."""

from __future__ import annotations

import contextlib
import itertools
import typing as t

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map as WerkzeugMap
from werkzeug.routing import RequestRedirect
from werkzeug.routing import Rule as WerkzeugRule
from werkzeug.test import EnvironBuilder

from dualapp import DualApp, Request
from dualapp.core.rules import Rule

METHODS = ["GET", "HEAD", "POST", "PUT", "OPTIONS"]
CONVERTERS = [
    "<{}>",
    "<int:{}>",
    "<float:{}>",
    "<path:{}>",
    "<any(a,b):{}>",
    "<string(length=1):{}>",
]


class Outcome(t.NamedTuple):
    """What matching came to: a rule and its values, or an error and what it tells the client."""

    rule: WerkzeugRule | None = None
    values: dict[str, t.Any] | None = None
    error: type[Exception] | None = None
    code: int | None = None
    tells: t.Any = None

    @classmethod
    def of(
        cls, match: t.Callable[[], tuple[WerkzeugRule | None, dict[str, t.Any] | None]]
    ) -> Outcome:
        try:
            return cls(*match())
        except MethodNotAllowed as error:
            return cls(error=type(error), tells=sorted(error.valid_methods or ()))
        except HTTPException as error:
            return cls(error=type(error), code=error.code, tells=getattr(error, "new_url", None))
        except ValueError as error:  # a default's value cannot be written as its converter wants
            return cls(error=type(error), tells=str(error))


def routed(app: DualApp, environ: dict[str, t.Any]) -> Outcome:
    """Match as a request does."""

    def match() -> tuple[WerkzeugRule | None, dict[str, t.Any] | None]:
        ctx = app.request_context(dict(environ))
        ctx.match_request()
        request = ctx.request
        if request.routing_exception is not None:
            raise request.routing_exception
        return request.url_rule, request.view_args

    return Outcome.of(match)


def refereed(app: DualApp, environ: dict[str, t.Any]) -> Outcome:
    """Match with werkzeug alone."""

    def match() -> tuple[WerkzeugRule, dict[str, t.Any]]:
        adapter = app.create_url_adapter(app.request_class(dict(environ)))
        assert adapter is not None
        rule, values = adapter.match(return_rule=True)
        return rule, dict(values)

    return Outcome.of(match)


# -- random maps and requests ------------------------------------------------------------------

words = st.sampled_from(["a", "b", "ab", "1", "2.5", "a.b", "a-b", "A", "é", "a b", "~"])


@st.composite
def rule_paths(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Draw a rule's path and the names of its variables."""
    parts, names = [], []
    for number in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            parts.append(draw(words))
        else:
            names.append(f"v{number}")
            parts.append(draw(st.sampled_from(CONVERTERS)).format(names[-1]))
    separator = draw(st.sampled_from(["/"] * 6 + ["//"]))
    end = draw(st.sampled_from(["", "/"])) if parts else ""
    return "/" + separator.join(parts) + end, names


@st.composite
def rules(draw: st.DrawFn) -> WerkzeugRule:
    path, names = draw(rule_paths())
    options: dict[str, t.Any] = {"endpoint": draw(st.sampled_from(["x", "y", "z"]))}
    maybe = st.sampled_from([None, None, True, False])
    options["strict_slashes"] = draw(maybe)
    options["merge_slashes"] = draw(maybe)
    options["methods"] = draw(
        st.none() | st.lists(st.sampled_from(METHODS), min_size=1, max_size=3)
    )
    if draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from(["v0", "v1", "other", *names]))
        options["defaults"] = {name: 1 if f":{name}" in path else "a"}
    rarely = draw(st.integers(0, 9))
    if rarely == 0:
        options["alias"] = True
    elif rarely == 1:
        options["redirect_to"] = "a/target"
    elif rarely == 2:
        options["build_only"] = True
    elif rarely == 3:
        options.update(websocket=True, methods=None)
    elif rarely in (4, 5):
        options["subdomain"] = draw(st.sampled_from(["sub", "<name>"]))
    return draw(st.sampled_from([Rule, Rule, WerkzeugRule]))(path, **options)


@st.composite
def apps(draw: st.DrawFn) -> DualApp:
    matching = draw(st.sampled_from([False, False, True]))
    app = DualApp("routed", static_folder=None, subdomain_matching=matching, root_path=".")
    if matching:
        app.config["SERVER_NAME"] = "example.com"
    app.url_map.default_subdomain = draw(st.sampled_from(["", "", "", "sub"]))
    app.url_map.redirect_defaults = draw(st.booleans())
    app.url_map.strict_slashes = draw(st.booleans())
    app.url_map.merge_slashes = draw(st.booleans())
    for rule in draw(st.lists(rules(), min_size=1, max_size=8)):
        with contextlib.suppress(ValueError):  # a default that its converter refuses
            app.url_map.add(rule)
    return app


paths = st.one_of(
    st.lists(words | st.just(""), max_size=4).map(lambda parts: "/" + "/".join(parts)),
    st.sampled_from(["", "a", "//", "/a//b", "/\xff", "/a/../b"]),
)
ENVIRON = EnvironBuilder().get_environ()
HOSTS = ["example.com", "sub.example.com"]


def environs(path: str) -> t.Iterator[dict[str, t.Any]]:
    """Ask for a path in different ways, below a root path too."""
    encoded = path.encode().decode("latin-1")
    for method, host, root in itertools.product(["GET", "PUT", "OPTIONS"], HOSTS, ["", "/root"]):
        yield {
            **ENVIRON,
            "REQUEST_METHOD": method,
            "PATH_INFO": encoded,
            "HTTP_HOST": host,
            "SCRIPT_NAME": root,
        }


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    app=apps(),
    asked=st.lists(paths, min_size=4, max_size=8),
    later=st.lists(rules(), max_size=2),
)
def test_as_werkzeug_matches(app: DualApp, asked: list[str], later: list[WerkzeugRule]) -> None:
    """What was asked before is asked again, also with more rules: nothing kept is stale."""
    environs_asked = list(itertools.chain.from_iterable(map(environs, asked)))
    for more in ([], [], later):
        for rule in more:
            with contextlib.suppress(ValueError):  # a default that its converter refuses
                app.url_map.add(rule)
        for environ in environs_asked:
            assert routed(app, environ) == refereed(app, environ)


# -- single cases, as a guard against a generator that never meets them --------------------------


def made(*rules: WerkzeugRule, **options: t.Any) -> DualApp:
    app = DualApp("routed", static_folder=None, root_path=".", **options)
    for rule in rules:
        app.url_map.add(rule)
    return app


@pytest.mark.parametrize(
    ("rules", "method", "path", "expected"),
    [
        ([("/a", "x", {})], "GET", "/a", "x"),
        ([("/a", "x", {}), ("/a", "y", {})], "GET", "/a", "x"),
        ([("/a", "x", {"methods": ["GET"]}), ("/a", "y", {"methods": ["PUT"]})], "PUT", "/a", "y"),
        ([("/a", "x", {"methods": ["GET"]})], "HEAD", "/a", "x"),
        ([("/a", "x", {"methods": ["GET"]})], "PUT", "/a", 405),
        ([("/a/", "x", {})], "GET", "/a", 308),
        ([("/a", "x", {})], "GET", "/a/", 404),
        ([("/a/b", "x", {})], "GET", "/a//b", 308),
        ([("/<v>", "x", {}), ("/a", "y", {})], "GET", "/a", "y"),
        ([("/<int:v>", "x", {})], "GET", "/a", 404),
        ([("/", "x", {})], "GET", "/", "x"),
        ([("/a", "x", {"defaults": {"v": 1}}), ("/<int:v>", "x", {})], "GET", "/1", 308),
        ([("/a", "x", {}), ("/b", "x", {"alias": True})], "GET", "/b", 308),
        ([("/a", "x", {"redirect_to": "b"})], "GET", "/a", 308),
        ([("/a", "x", {"build_only": True})], "GET", "/a", 404),
        ([("/a", "x", {"websocket": True})], "GET", "/a", 400),
        ([("/a/<int:v>", "x", {})], "GET", "/a/1", "x"),
        ([("/a/<int:v>", "x", {"methods": ["GET"]})], "PUT", "/a/1", 405),
        ([("/a/<int(max=5):v>", "x", {}), ("/a/<int:w>", "y", {})], "GET", "/a/7", 404),
        ([("/a/<int:v>", "x", {}), ("/a/<w>", "y", {})], "GET", "/a/b", "y"),
        ([("/a/<int:v>/", "x", {})], "GET", "/a/1", 308),
        ([("/a/<v>", "x", {}), ("/a/b", "y", {})], "GET", "/a/b", "y"),
        ([("/a/<path:v>", "x", {})], "GET", "/a/b", "x"),
        ([("/<v>/b", "x", {})], "GET", "/a/b", "x"),
    ],
)
def test_single_cases(rules: list[t.Any], method: str, path: str, expected: str | int) -> None:
    app = made(*(Rule(rule, endpoint=endpoint, **options) for rule, endpoint, options in rules))
    environ = EnvironBuilder(path, method=method).get_environ()
    outcome = routed(app, environ)
    assert outcome == refereed(app, environ) == routed(app, environ)
    if isinstance(expected, int):
        assert getattr(outcome.error, "code", None) == expected
    else:
        assert outcome.rule is not None
        assert outcome.rule.endpoint == expected


def test_a_rule_added_later_is_found() -> None:
    app = made(Rule("/a", endpoint="x"))
    environ = EnvironBuilder("/b").get_environ()
    assert routed(app, environ).error is NotFound
    app.url_map.add(Rule("/b", endpoint="y"))
    found = routed(app, environ)
    assert found == refereed(app, environ)
    assert found.rule is not None


@pytest.mark.parametrize("rule_class", [Rule, WerkzeugRule])
@pytest.mark.parametrize("path", ["/a", "/b/1"])
def test_methods_may_be_taken_from_a_rule(path: str, rule_class: type[WerkzeugRule]) -> None:
    rules = (
        rule_class("/a", endpoint="x", methods=["GET", "POST"]),
        rule_class("/b/<v>", endpoint="y"),
    )
    app = made(*rules)
    environ = EnvironBuilder(path, method="POST").get_environ()
    assert routed(app, environ).rule is not None
    for rule in rules:
        rule.methods = {"GET"}
    assert routed(app, environ) == refereed(app, environ)
    assert routed(app, environ).error is MethodNotAllowed


@pytest.mark.parametrize("path", ["/a", "/b/1"])
def test_a_class_of_rules_may_work_methods_out(path: str) -> None:
    class Own(Rule):
        allowed: t.ClassVar[set[str]] = {"POST"}

        @property
        def methods(self) -> set[str] | None:
            return self.allowed

        @methods.setter
        def methods(self, methods: set[str] | None) -> None:
            """Do nothing."""

    app = made(Own("/a", endpoint="x"), Own("/b/<v>", endpoint="y"))
    environ = EnvironBuilder(path, method="POST").get_environ()
    assert routed(app, environ).rule is not None
    Own.allowed = {"GET"}
    assert routed(app, environ) == refereed(app, environ)
    assert routed(app, environ).error is MethodNotAllowed


@pytest.mark.parametrize("path", ["/a", "/b/1", "/c/1/2"])
def test_what_a_class_of_requests_puts_in_places_does_not_decide(app: DualApp, path: str) -> None:
    """The environ does, as with Flask, for the first request and for those that know the route."""

    class Overriding(Request):
        def __init__(self, environ: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
            super().__init__(environ, *args, **kwargs)
            self.method = environ.get("HTTP_X_METHOD", self.method)
            self.path = environ.get("HTTP_X_PATH", self.path)

    app.request_class = Overriding
    for rule in ("/a", "/b/<v>", "/c/<v>/<w>"):
        for method in ("POST", "DELETE"):
            app.add_url_rule(
                rule, rule + method, lambda method=method, **_: method, methods=[method]
            )
    client = app.test_client(side="wsgi")
    for _ in range(2):
        assert client.post(path, headers={"X-Method": "DELETE"}).text == "POST"
        assert client.post(path, headers={"X-Path": "/nowhere"}).text == "POST"


def test_another_map_may_take_the_place_of_the_first() -> None:
    app = made(Rule("/a", endpoint="x"), Rule("/b/<v>", endpoint="x"))
    for path in ("/a", "/b/1"):
        assert routed(app, EnvironBuilder(path).get_environ()).rule is not None
    app.url_map = WerkzeugMap([Rule("/c", endpoint="y")])
    for path in ("/a", "/b/1", "/c", "/c"):
        environ = EnvironBuilder(path).get_environ()
        assert routed(app, environ) == refereed(app, environ)


def test_a_url_is_built_as_werkzeug_builds_it() -> None:
    ours, theirs = DualApp("routed", root_path=".").url_rule_class, WerkzeugRule
    values = {"a": 1, "b": "x/y é", "more": [1, 2], "none": None}
    for path in ("/", "/p", "/<int:a>", "/<a>/<path:b>", "/x<b>y/"):
        built = []
        for cls in (ours, theirs):
            adapter = WerkzeugMap([cls(path, endpoint="x")]).bind("example.com")
            built += [adapter.build("x", values, append_unknown=more) for more in (True, False)]
        assert built[:2] == built[2:]


def test_a_default_that_its_converter_refuses_is_told_when_the_rule_is_added() -> None:
    app = DualApp("routed", root_path=".")
    with pytest.raises(ValueError, match="invalid literal"):
        app.add_url_rule("/<int:v>", "x", lambda v: "", defaults={"v": "a"})


def test_s17_a_redirect_stays_with_the_host_that_was_asked() -> None:
    """Slashes in front of a path are no way to another host."""
    app = made(Rule("/<path:v>/", endpoint="x"))
    for path in ("//evil.com/%2e%2e", "/\\evil.com", "/%2f%2fevil.com", "//evil.com"):
        environ = EnvironBuilder(path, base_url="http://ours.test").get_environ()
        environ["PATH_INFO"] = path
        outcome = routed(app, environ)
        assert outcome == refereed(app, environ)
        assert outcome.error is not RequestRedirect or outcome.tells.startswith("http://ours.test/")
