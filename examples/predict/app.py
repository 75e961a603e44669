"""A model behind an API: loaded once, asked over JSON, each answer timed and numbered."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path

from iris import Model
from werkzeug.exceptions import HTTPException

from dualapp import DualApp, abort, g, request

MODEL = Path(__file__).with_name("model.json")

#: Centimetres. No petal is longer; a larger number is a slip, and the answer would be nonsense.
LONGEST = 30
#: What we take over as a request's id: others end up in our log, which a newline could forge.
ACCEPTABLE_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)

app = DualApp(__name__)


@app.before_serving
def load_model():
    """Load the model once in each worker process, when it starts and not at the first question."""
    app.extensions["model"] = Model.load(MODEL)


@app.before_request
def start_the_clock():
    g.started = time.perf_counter()


@app.before_request
def name_the_request():
    """Take the id that the caller or a proxy gave, so that its log and ours can be compared."""
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if ACCEPTABLE_ID.fullmatch(given) else uuid.uuid4().hex


@app.after_request
def tell_time_and_name(response):
    milliseconds = (time.perf_counter() - g.started) * 1000
    response.headers["X-Request-ID"] = g.request_id
    # Browsers show this header in their network panel.
    response.headers["Server-Timing"] = f"app;dur={milliseconds:.2f}"
    app.logger.info("%s %s %.2f ms", g.request_id, request.path, milliseconds)
    return response


@app.errorhandler(HTTPException)
def answer_errors_as_json(error):
    return {"error": error.description}, error.code


@app.get("/")
def about():
    model = app.extensions["model"]
    return {
        "features": model.features,
        "unit": "cm",
        "species": model.species,
        "accuracy": model.accuracy,
    }


@app.post("/predict")
def predict():
    """A sync view, since it computes: under uvicorn it runs in a worker thread, so that a model
    larger than this one would not keep other requests waiting."""
    model = app.extensions["model"]
    chances = model.predict(flower_in(request.get_json(), model.features))
    return {
        "species": max(chances, key=chances.get),
        "probabilities": {name: round(chance, 4) for name, chance in chances.items()},
    }


def flower_in(body, features):
    """Check what a caller sent; give it back, or answer 400 saying what is wrong."""
    if not isinstance(body, dict):
        abort(400, f"Send a JSON object with {', '.join(features)} in centimetres.")
    for feature in features:
        if not is_length(body.get(feature)):
            abort(400, f"{feature!r} must be a number of centimetres between 0 and {LONGEST}.")
    return body


def is_length(value):
    # To Python, True is a number too.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LONGEST
