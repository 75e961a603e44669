"""Paths that must be percent-encoded."""

from dualapp import DualApp

app = DualApp(__name__)


@app.get("/Straße/你 好")
def street():
    return "here"
