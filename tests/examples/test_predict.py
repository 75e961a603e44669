"""The example ``predict``: the model, its API, and that the training can be repeated."""

from __future__ import annotations

import json
import re

import pytest

from .conftest import EXAMPLES

#: A flower in the middle of each species' range, in centimetres.
FLOWERS = {
    "setosa": (5.0, 3.4, 1.5, 0.2),
    "versicolor": (5.9, 2.8, 4.3, 1.3),
    "virginica": (6.6, 3.0, 5.6, 2.1),
}


def flower(*lengths, **changed):
    names = ("sepal_length", "sepal_width", "petal_length", "petal_width")
    return {**dict(zip(names, lengths, strict=True)), **changed}


@pytest.fixture
def client(load, side):
    return load("predict").app.test_client(side=side)


@pytest.mark.parametrize("species", FLOWERS)
def test_names_the_species(client, species):
    response = client.post("/predict", json=flower(*FLOWERS[species]))
    assert response.json["species"] == species
    chances = response.json["probabilities"]
    assert set(chances) == set(FLOWERS)
    assert chances[species] > 0.8
    assert sum(chances.values()) == pytest.approx(1, abs=0.001)


def test_tells_about_itself(client):
    about = client.get("/").json
    assert about["species"] == list(FLOWERS)
    assert about["accuracy"] >= 0.9


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ([1, 2], "Send a JSON object"),
        ({}, "'sepal_length' must be a number"),
        (flower(5, 3, 1, 0.2, petal_width="wide"), "'petal_width' must be a number"),
        (flower(5, 3, 1, 0.2, petal_width=True), "'petal_width' must be a number"),
        (flower(5, 3, 1, 0.2, petal_width=-1), "'petal_width' must be a number"),
        (flower(5, 3, 1, 0.2, petal_width=1e9), "'petal_width' must be a number"),
        (flower(5, 3, 1, 0.2, petal_width=float("nan")), "'petal_width' must be a number"),
    ],
)
def test_says_what_is_wrong(client, body, problem):
    response = client.post("/predict", data=json.dumps(body), content_type="application/json")
    assert response.status_code == 400
    assert problem in response.json["error"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [("{", "application/json", 400), ("x=1", "application/x-www-form-urlencoded", 415)],
)
def test_answers_what_is_no_json_with_json(client, body, content_type, status):
    response = client.post("/predict", data=body, content_type=content_type)
    assert response.status_code == status
    assert response.json["error"]


def test_keeps_the_callers_id_and_tells_the_time(client):
    response = client.get("/", headers={"X-Request-ID": "order-17:a"})
    assert response.headers["X-Request-ID"] == "order-17:a"
    assert re.fullmatch(r"app;dur=\d+\.\d\d", response.headers["Server-Timing"])


@pytest.mark.parametrize("given", [None, "", "a b", "x" * 65, "ünfug", "a;b"])
def test_gives_an_id_where_there_is_none_to_take(client, given):
    headers = {} if given is None else {"X-Request-ID": given}
    first = client.get("/", headers=headers).headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert client.get("/").headers["X-Request-ID"] != first


def test_training_gives_the_stored_model(load, tmp_path, capsys):
    train = load("predict", "train")
    assert len(train.read_flowers(train.DATA)[1]) == 150
    train.MODEL = tmp_path / "model.json"
    train.main()
    made = json.loads(train.MODEL.read_text())
    stored = json.loads((EXAMPLES / "predict" / "model.json").read_text())
    for mine, theirs in zip(made.pop("weights"), stored.pop("weights"), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4)
    assert made.pop("biases") == pytest.approx(stored.pop("biases"), abs=1e-4)
    assert made == stored
    assert "96.7%" in capsys.readouterr().out


@pytest.mark.servers
def test_both_servers_answer_alike(serve):
    wsgi, asgi = serve("predict")
    assert wsgi.get("/").seen == asgi.get("/").seen
    for species, lengths in FLOWERS.items():
        asked = {"value": flower(*lengths), "X-Request-ID": species}
        page, other = (browser.send_json("/predict", **asked) for browser in (wsgi, asgi))
        assert page.json["species"] == species
        assert page.seen == other.seen
        headers = {name.lower(): value for name, value in other.headers.items()}
        assert headers["x-request-id"] == species
        assert headers["server-timing"].startswith("app;dur=")
    wrong = wsgi.send_json("/predict", {"sepal_length": None})
    assert wrong.status == 400
    assert wrong.seen == asgi.send_json("/predict", {"sepal_length": None}).seen
