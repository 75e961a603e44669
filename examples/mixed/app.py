"""Sync and async side by side: views, hooks, decorators, error handlers and class-based views.

A travel desk asks three services about a city. They are slow, so that it shows who waits for whom.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections import Counter
from inspect import isawaitable

import services

from dualapp import DualApp, g, request
from dualapp.views import MethodView

app = DualApp(__name__)
calls = Counter()


# -- decorators ------------------------------------------------------------------------------------


def counted(view):
    """A plain decorator, which knows nothing of async: it fits views of both kinds.

    Around an async view it hands the coroutine through, and that is awaited further out.
    """

    @functools.wraps(view)
    def count_and_call(*args, **kwargs):
        calls[view.__name__] += 1
        return view(*args, **kwargs)

    return count_and_call


def for_customers(view):
    """An async decorator, since it asks a service; it fits views of both kinds too.

    Only mind that a sync view inside it now runs on the event loop, and so must not block.
    """

    @functools.wraps(view)
    async def check_and_call(*args, **kwargs):
        g.customer = await services.find_customer(request.headers.get("X-Customer"))
        if g.customer is None:
            raise UnknownCustomerError
        result = view(*args, **kwargs)
        return await result if isawaitable(result) else result

    return check_and_call


# -- hooks -----------------------------------------------------------------------------------------


@app.before_request
def start_trace():
    g.trace = ["sync before_request"]


@app.before_request
async def look_for_maintenance():
    """An async hook serves sync views too. What it puts into ``g`` is there for all that follow."""
    g.trace.append("async before_request")
    if await services.is_closed(request.path):
        return {"error": "This part is closed for maintenance."}, 503
    return None


@app.after_request
async def add_trace(response):
    g.trace.append("async after_request")
    response.headers["X-Trace"] = ", ".join(g.trace)
    return response


# -- views -----------------------------------------------------------------------------------------


@app.get("/weather/<city>")
@counted
def weather(city):
    """A sync view: it blocks, as code with an ordinary library does."""
    g.trace.append("sync view")
    return {"city": city, "weather": services.ask_blocking("weather", city)}


@app.get("/trip/<city>")
@counted
async def trip(city):
    """An async view: it asks three services at once, and takes as long as the slowest of them."""
    g.trace.append("async view")
    started = time.perf_counter()
    weather, trains, hotels = await asyncio.gather(
        services.ask("weather", city), services.ask("trains", city), services.ask("hotels", city)
    )
    response = {"city": city, "weather": weather, "trains": trains, "hotels": hotels}
    return response, {"X-Asked-For": f"{time.perf_counter() - started:.3f}"}


@app.get("/bookings")
@for_customers
def bookings():
    return {"customer": g.customer, "bookings": services.bookings[g.customer]}


class Desk(MethodView):
    """The methods of one class may differ too."""

    def get(self):
        return {"open": True, "calls": dict(calls)}

    @for_customers
    async def post(self):
        city = request.get_json()["city"]
        services.bookings[g.customer].append(await services.ask("hotels", city))
        return {"customer": g.customer, "booked": services.bookings[g.customer][-1]}, 201


app.add_url_rule("/desk", view_func=Desk.as_view("desk"))


# -- errors ----------------------------------------------------------------------------------------


class UnknownCustomerError(Exception):
    """The header ``X-Customer`` is missing, or is nobody's."""


@app.errorhandler(UnknownCustomerError)
async def turn_away(error):
    return {"error": "Say who you are: send the header X-Customer."}, 401


@app.errorhandler(services.UnknownCityError)
def admit_ignorance(error):
    return {"error": f"Nobody here has heard of {error}."}, 404
