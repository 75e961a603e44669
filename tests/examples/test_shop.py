"""The example ``shop``: code for Flask and its extensions, served by gunicorn and by uvicorn."""

from __future__ import annotations

import contextlib
import functools
import json
import re
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from ..servers import wire
from ..servers.launch import Running
from . import shop_service
from .browser import Browser, Page
from .shop_service import ORIGIN, connections, serving, upgrade

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(
        bool(shop_service.MISSING),
        reason=f"not installed: {', '.join(shop_service.MISSING)}; pip install 'dualapp[shop]'",
    ),
]

POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.services)
ADA = {"email": "ada@example.com", "password": "engine-1843"}
BOB = {"email": "bob@example.com", "password": "hunter22222"}
LOOM = {"name": "Loom", "price": 4200, "stock": 1000}

#: What each server decides itself, and what is different each time.
NOT_COMPARED = {"connection", "content-length", "date", "keep-alive", "server", "set-cookie"}


class Shop(NamedTuple):
    """A shop that is served."""

    server: Running
    database_url: str

    def visitor(self) -> Visitor:
        return Visitor(f"http://127.0.0.1:{self.server.port}")


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """Give the URL of a database that the migrations were run on, for others to be like it."""
    with contextlib.ExitStack() as stack:

        @functools.cache
        def migrate(kind: str) -> str:
            folder = tmp_path_factory.mktemp(kind)
            url = stack.enter_context(shop_service.database(kind, folder))
            assert "Running upgrade" in upgrade(url)
            return url

        yield migrate


@pytest.fixture(scope="module", params=["sqlite", POSTGRESQL])
def open_shop(request, migrated, tmp_path_factory):
    """Serve the shop on a database of its own: ``open_shop("wsgi")``."""
    with contextlib.ExitStack() as stack:

        def open_shop(side: str, **environment: str) -> Shop:
            folder = tmp_path_factory.mktemp(side)
            database = shop_service.database(request.param, folder, like=migrated(request.param))
            url = stack.enter_context(database)
            return Shop(stack.enter_context(serving(side, url, folder, **environment)), url)

        yield open_shop


@pytest.fixture(scope="module")
def shops(open_shop):
    """The shop under gunicorn and under uvicorn."""
    return open_shop("wsgi"), open_shop("asgi")


@pytest.fixture(scope="module")
def walks(shops):
    """What a walk through each of them has shown."""
    return [list(walk(shop)) for shop in shops]


def test_the_servers_run_dualapp():
    assert shop_service.flask_is() == "<class 'dualapp.app.DualApp'>", "install dualapp anew"


# -- one visitor -----------------------------------------------------------------------------------


class Visitor(Browser):
    """A browser that uses the API too, once it has a token."""

    token = ""

    def call(self, method: str, path: str, value: Any = None, **headers: str) -> Page:
        body = None
        if value is not None:
            body, headers["Content-Type"] = json.dumps(value).encode(), "application/json"
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return self._open(urllib.request.Request(self.url + path, body, headers, method=method))

    def preflight(self, origin: str) -> Page:
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        }
        return self.call("OPTIONS", "/api/products", **headers)


def walk(shop: Shop) -> Iterator[tuple[int, str, Page]]:
    """Do what a seller and a buyer do; yield the status to be expected, some text, and the page."""
    ada, bob = shop.visitor(), shop.visitor()

    # pages, with a session
    yield 200, "Nothing yet", ada.get("/")
    yield 200, "Please log in first", ada.get("/account")
    yield 422, "at least 8", ada.send_form("/sign-up", **{**ADA, "password": "short"})
    yield 200, "Welcome, ada@", ada.send_form("/sign-up", **ADA)
    yield 200, "Sign up", ada.send_form("/log-out")
    yield 422, "already", ada.send_form("/sign-up", **ADA)
    yield 422, "do not match", ada.send_form("/log-in", **{**ADA, "password": "forgotten"})
    yield 200, "Welcome, ada@", ada.send_form("/log-in", **ADA)
    yield 400, "Bad Request", ada.send_form("/log-in", email="nobody")
    yield 200, "Welcome, bob@", bob.send_form("/sign-up", **BOB)

    # the API, with a token
    yield 401, "Missing Authorization", ada.call("POST", "/api/products", LOOM)
    yield 401, "do not match", ada.call("POST", "/api/tokens", {**ADA, "password": "forgotten"})
    for visitor, account in ((ada, ADA), (bob, BOB)):
        page = visitor.call("POST", "/api/tokens", account)
        visitor.token = page.json["access_token"]
        yield 201, "access_token", page
    yield 200, "", ada.preflight(ORIGIN)
    yield 200, "", ada.preflight("https://elsewhere.example")
    yield 201, '"id":1', ada.call("POST", "/api/products", LOOM, Origin=ORIGIN)
    yield 422, "Length must be", ada.call("POST", "/api/products", {**LOOM, "name": ""})
    yield 200, "B\\u00f6hm's", ada.call("PUT", "/api/products/1", {**LOOM, "name": "Böhm's"})
    yield 403, "somebody else", bob.call("PUT", "/api/products/1", LOOM)
    yield 200, "4200", bob.get("/api/products?page=1&page_size=5", Origin=ORIGIN)
    yield 404, "Not Found", bob.get("/api/products/2")
    yield 201, '"cost":12600', bob.call("POST", "/api/orders", {"product_id": 1, "quantity": 3})
    yield 409, "that much", bob.call("POST", "/api/orders", {"product_id": 1, "quantity": 1000})
    yield 200, '"cost":12600', bob.call("GET", "/api/orders")
    yield 409, "ordered", ada.call("DELETE", "/api/products/1")
    yield 201, '"id":2', ada.call("POST", "/api/products", LOOM)
    yield 204, "", ada.call("DELETE", "/api/products/2")

    # async views: plain, behind smorest, behind a token, behind a session
    yield 200, '"stock":997', ada.get("/stock/1")
    yield 404, "<h1>Not Found", ada.get("/stock/2")
    yield 200, '"sold":3', ada.get("/api/reports/bestsellers")
    yield 401, "Missing Authorization", ada.get("/api/reports/balance")
    yield 200, '"earned":12600', ada.call("GET", "/api/reports/balance")
    yield 200, "126.00", bob.get("/account")

    yield 200, "/api/reports/balance", ada.get("/api/openapi.json")
    yield 404, '"code":404', ada.get("/api/nowhere")
    yield 404, "<h1>Not Found", ada.get("/nowhere")
    yield 200, "well", ada.get("/health")


def seen(page: Page) -> tuple[Any, ...]:
    """Give what must be the same on both sides."""
    headers = {n: value for n, value in headers_of(page).items() if n not in NOT_COMPARED}
    if "allow" in headers:  # the methods are a set
        headers["allow"] = str(sorted(headers["allow"].split(", ")))
    text = re.sub(r'("access_token"|"placed_at"):"[^"]*"', r"\1:...", page.text)
    return page.path, page.status, headers, text


def headers_of(page: Page) -> dict[str, str]:
    return {name.lower(): value for name, value in page.headers.items()}


def test_a_walk_goes_well(walks):
    for status, text, page in walks[0]:
        assert page.status == status, page
        assert text in page.text


def test_both_sides_answer_alike(walks):
    for (_, _, page), (_, _, other) in zip(*walks, strict=True):
        assert seen(page) == seen(other)


def test_flask_itself_answers_alike(walks, open_shop):
    """The same code on the Flask that pip has installed beside the extensions."""
    off = {"DUALAPP_AS_FLASK": "0"}
    if shop_service.flask_is(**off) != "<class 'flask.app.Flask'>":
        pytest.skip("Flask is not installed")
    for (_, _, page), (_, _, other) in zip(walks[0], walk(open_shop("wsgi", **off)), strict=True):
        expected = seen(other)
        if page.status == 204:
            del expected[2]["content-type"]  # there is no content
        assert seen(page) == expected


def test_only_pages_that_may_are_given_the_api(shops):
    for shop in shops:
        allowed = headers_of(shop.visitor().preflight(ORIGIN))
        assert allowed["access-control-allow-origin"] == ORIGIN
        assert allowed["access-control-allow-headers"] == "authorization, content-type"
        assert "POST" in allowed["access-control-allow-methods"]
        page = shop.visitor().get("/", Origin=ORIGIN)
        assert "access-control-allow-origin" not in headers_of(page)


# -- many at once ----------------------------------------------------------------------------------

USERS = 5
REQUESTS = 200


class User(NamedTuple):
    """Somebody with a session, a token and a product of their own."""

    number: int
    email: str
    password: str
    cookie: str
    token: str
    product: int


def sign_up(shop: Shop, number: int) -> User:
    email, password = f"user-{number}@example.com", f"password {number}"
    answer = send_form(shop, "/sign-up", email=email, password=password)
    assert answer.status == 302, answer
    given = call(shop, "POST", "/api/tokens", {"email": email, "password": password})
    user = User(number, email, password, cookie_of(answer), json.loads(given.body).popitem()[1], 0)
    offered = call(shop, "POST", "/api/products", {**LOOM, "price": 100 + number}, user)
    return user._replace(product=json.loads(offered.body)["id"])


def visits(shop: Shop, user: User):
    """Give what a user does again and again: each returns what shows who was answered, or what."""

    def account():
        return emails_in(get(shop, "/account", user))

    def log_in():
        answer = send_form(shop, "/log-in", email=user.email, password=user.password)
        again = user._replace(cookie=cookie_of(answer))
        return emails_in(get(shop, "/account", again))

    def balance():
        return json.loads(call(shop, "GET", "/api/reports/balance", user=user).body)["email"]

    def change():
        value = {**LOOM, "name": user.email, "price": 100 + user.number}
        answer = call(shop, "PUT", f"/api/products/{user.product}", value, user)
        return json.loads(answer.body)["name"]

    def order():
        value = {"product_id": user.product, "quantity": 1}
        return json.loads(call(shop, "POST", "/api/orders", value, user).body)["cost"]

    def orders():
        answer = json.loads(call(shop, "GET", "/api/orders", user=user).body)
        return {order["product_id"] for order in answer} <= {user.product}

    def stock():
        return json.loads(get(shop, f"/stock/{user.product}").body)["stock"] <= LOOM["stock"]

    def foreign():
        other = user.product - 1 if user.number else user.product + 1
        return call(shop, "DELETE", f"/api/products/{other}", user=user).status

    def preflight():
        headers = (("Origin", ORIGIN), ("Access-Control-Request-Method", "PUT"))
        answer = shop.server.ask(wire.Request("OPTIONS", "/api/orders", headers), patience=60)
        return answer.all("access-control-allow-origin")

    return {
        account: [user.email],
        balance: user.email,
        change: user.email,
        order: 100 + user.number,
        orders: True,
        stock: True,
        foreign: 403,
        preflight: [ORIGIN],
        log_in: [user.email],
    }


def test_200_requests_at_once(shops):
    totals = [crowd(shop) for shop in shops]
    assert totals[0] == totals[1]


def crowd(shop: Shop) -> list[Any]:
    """Let many users do many things at once; give their balances after it."""
    users = [sign_up(shop, number) for number in range(USERS)]
    expected = [pair for user in users for pair in visits(shop, user).items()]
    together = threading.Barrier(REQUESTS)

    def visit(number: int) -> tuple[str, Any, Any]:
        act, answer = expected[number % len(expected)]
        together.wait(30)
        return act.__name__, act(), answer

    with ThreadPoolExecutor(REQUESTS) as threads:
        for name, answer, right in threads.map(visit, range(REQUESTS)):
            assert answer == right, name
    nothing_is_kept(shop)
    balances = [call(shop, "GET", "/api/reports/balance", user=user) for user in users]
    return [json.loads(balance.body) for balance in balances]


def nothing_is_kept(shop: Shop) -> None:
    """Wait until no request holds a session or a connection any more."""
    deadline = time.monotonic() + 10
    while True:
        kept = json.loads(get(shop, "/health/pools").body)
        if shop.database_url.startswith("postgresql"):
            kept["busy"] = sum(state != "idle" for state in connections(shop.database_url).values())
        if not any(kept.values()):
            return
        assert time.monotonic() < deadline, kept
        time.sleep(0.05)


def get(shop: Shop, path: str, user: User | None = None) -> wire.Answer:
    headers = (("Cookie", user.cookie),) if user else ()
    return shop.server.ask(wire.Request("GET", path, headers), patience=60)


def send_form(shop: Shop, path: str, **fields: str) -> wire.Answer:
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    request = wire.Request("POST", path, headers, urlencode(fields).encode())
    return shop.server.ask(request, patience=60)


def call(
    shop: Shop, method: str, path: str, value: Any = None, user: User | None = None
) -> wire.Answer:
    headers = [("Content-Type", "application/json")]
    if user:
        headers.append(("Authorization", f"Bearer {user.token}"))
    body = None if value is None else json.dumps(value).encode()
    return shop.server.ask(wire.Request(method, path, headers, body), patience=60)


def cookie_of(answer: wire.Answer) -> str:
    return answer.all("set-cookie")[0].partition(";")[0]


def emails_in(answer: wire.Answer) -> list[str]:
    """Give whose page this is; whoever is named in the title, the header and messages."""
    return sorted(set(re.findall(r"[\w-]+@example\.com", answer.body.decode())))


# -- the pool of the async views -------------------------------------------------------------------


@pytest.mark.services
@pytest.mark.parametrize(
    ("side", "event_loop", "least", "most"),
    [
        pytest.param("asgi", "request", 1, 1, id="uvicorn, one for all requests"),
        pytest.param("wsgi", "request", 0, 0, id="gunicorn, one for each request"),
        pytest.param("wsgi", "worker", 1, 4, id="gunicorn, one for each thread"),
    ],
)
def test_the_pool_of_async_views(migrated, tmp_path, side, event_loop, least, most):
    """As the README says: how many connections stay open, and that they are used again."""
    with (
        shop_service.database("postgresql", tmp_path, like=migrated("postgresql")) as url,
        serving(side, url, tmp_path, SHOP_WSGI_EVENT_LOOP=event_loop) as server,
    ):
        open_first, open_later = (ask_for_stock(Shop(server, url), most) for _ in range(2))
        assert least <= len(open_first) <= len(open_later) <= most
        assert open_first <= open_later
        assert server.stop() in (0, -signal.SIGTERM)
        assert "Traceback" not in server.log


def ask_for_stock(shop: Shop, most: int) -> set[int]:
    """Ask for what only async views know; give the connections that are open afterwards."""
    for _ in range(20):
        assert get(shop, "/stock/1").status == 404
    deadline = time.monotonic() + 10
    while len(left := set(connections(shop.database_url))) > most:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    return left


def test_the_database_can_be_filled_to_measure_with(migrated, tmp_path):
    with shop_service.database("sqlite", tmp_path, like=migrated("sqlite")) as url:
        assert shop_service.fill(url) == "Added 200 products and 20,000 orders.\n"
        with serving("asgi", url, tmp_path) as server:
            bestsellers = json.loads(server.ask("/api/reports/bestsellers").body)
            assert len(bestsellers) == 10
            assert json.loads(server.ask("/stock/200").body) == {"stock": 10}
