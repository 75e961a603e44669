"""A view that never ends, in front of one that answers."""

import time

from dualapp import DualApp

app = DualApp(__name__)


@app.get("/hang")
def hang():
    time.sleep(600)
    return "at last"


@app.get("/ok")
def ok():
    return "ok"
