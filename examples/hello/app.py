"""The smallest application worth having: a sync view, an async view, and a piece of the URL."""

from __future__ import annotations

import asyncio

from dualapp import DualApp

app = DualApp(__name__)


@app.get("/")
def hello():
    return "Hello, world!\n"


@app.get("/hello/<name>")
def hello_to(name):
    return {"greeting": f"Hello, {name}!"}  # a dict is sent as JSON


@app.get("/later")
async def later():
    await asyncio.sleep(0.1)  # stands for a question to a database or to another service
    return "Hello, a little later!\n"
