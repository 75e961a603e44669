"""What the tests of the lab measure: views that answer, wait, fail, and never end."""

import asyncio
import os
import time

from dualapp import DualApp, redirect, request
from dualapp.views import MethodView

app = DualApp(__name__)

if os.environ.get("SHOP_FAILS_UNDER", "nobody") in os.environ.get("SERVER_SOFTWARE", ""):
    raise RuntimeError("The shop does not open here.")


@app.get("/")
def index():
    """A list of what there is."""
    return "Hello!"


@app.get("/report")
def report():
    time.sleep(0.02)
    return {"total": 3}


@app.get("/later")
async def later():
    await asyncio.sleep(0.02)
    return "later"


@app.get("/broken")
def broken():
    raise ValueError("broken")


@app.get("/old")
def old():
    return redirect("/report")


@app.post("/predict")
def predict():
    return {"got": request.get_json()}


@app.get("/item/<int:number>")
def item(number):
    return str(number)


class Orders(MethodView):
    def get(self):
        """All orders."""
        return []


app.add_url_rule("/orders/<customer>", view_func=Orders.as_view("orders"))


def create_app(name="shop"):
    app.config["SHOP"] = name
    return app
