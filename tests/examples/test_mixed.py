"""The example ``mixed``: what ran, in which order, whatever is sync and whatever async."""

from __future__ import annotations

import pytest

ADA = {"X-Customer": "k-17"}
OSLO = {
    "city": "oslo",
    "hotels": "Fjord House",
    "trains": "08:25 from platform 3",
    "weather": "snow, -4 °C",
}
BEFORE, AFTER = "sync before_request, async before_request", "async after_request"


@pytest.fixture
def client(load, side):
    app = load("mixed").app
    load("mixed", "services").DELAY = 0.01
    return app.test_client(side=side)


@pytest.mark.parametrize(
    ("path", "status", "json", "trace"),
    [
        ("/weather/oslo", 200, {"city": "oslo", "weather": OSLO["weather"]}, "sync view"),
        ("/trip/oslo", 200, OSLO, "async view"),
        ("/weather/atlantis", 404, {"error": "Nobody here has heard of atlantis."}, "sync view"),
        ("/trip/atlantis", 404, {"error": "Nobody here has heard of atlantis."}, "async view"),
        ("/archive", 503, {"error": "This part is closed for maintenance."}, None),
        ("/bookings", 401, {"error": "Say who you are: send the header X-Customer."}, None),
    ],
)
def test_what_ran_in_which_order(client, path, status, json, trace):
    response = client.get(path)
    assert (response.status_code, response.json) == (status, json)
    assert response.headers["X-Trace"] == ", ".join(filter(None, [BEFORE, trace, AFTER]))


def test_the_async_view_asks_all_at_once(client, load):
    load("mixed", "services").DELAY = 0.15
    response = client.get("/trip/lisbon")
    assert 0.15 <= float(response.headers["X-Asked-For"]) < 0.4, "one after the other: 0.45"


def test_one_decorator_counts_views_of_both_kinds(client):
    for path in ("/weather/oslo", "/trip/oslo", "/trip/lisbon"):
        client.get(path)
    assert client.get("/desk").json == {"open": True, "calls": {"weather": 1, "trip": 2}}


def test_booking(client):
    assert client.get("/bookings", headers=ADA).json == {"customer": "Ada", "bookings": []}
    answer = client.post("/desk", json={"city": "Lisbon"}, headers=ADA)
    assert (answer.status_code, answer.json) == (201, {"customer": "Ada", "booked": "Casa Azul"})
    assert client.get("/bookings", headers=ADA).json["bookings"] == ["Casa Azul"]
    assert client.post("/desk", json={"city": "Lisbon"}).status_code == 401


@pytest.mark.servers
def test_both_servers_answer_alike(serve):
    wsgi, asgi = serve("mixed")
    for path in ("/weather/oslo", "/trip/lisbon", "/trip/x", "/archive", "/bookings", "/desk"):
        page, other = wsgi.get(path), asgi.get(path)
        assert page.seen == other.seen
        assert page.status < 500 or path == "/archive"
        traces = {value for name, value in other.headers.items() if name.lower() == "x-trace"}
        assert traces == {page.headers["X-Trace"]}
    booked = wsgi.send_json("/desk", {"city": "Oslo"}, **ADA)
    assert booked.json["booked"] == "Fjord House"
    assert booked.seen == asgi.send_json("/desk", {"city": "Oslo"}, **ADA).seen
    assert wsgi.get("/bookings", **ADA).seen == asgi.get("/bookings", **ADA).seen
