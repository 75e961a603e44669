"""An application with a bit of everything, served as ``everything:app`` by each server."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import time

from journal import note

from dualapp import (
    DualApp,
    Response,
    abort,
    g,
    jsonify,
    make_response,
    redirect,
    request,
    session,
    stream_with_context,
    url_for,
)

app = DualApp(__name__)
app.config["SECRET_KEY"] = "not a secret: it signs the sessions of tests"

tenant = contextvars.ContextVar("tenant", default="nobody")
startups = {"sync": 0, "async": 0}


# -- hooks ---------------------------------------------------------------------------------------


@app.before_serving
def start_sync():
    startups["sync"] += 1
    note("startup sync")


@app.before_serving
async def start_async():
    await asyncio.sleep(0)
    startups["async"] += 1
    note("startup async")


@app.after_serving
def stop_sync():
    note("shutdown sync")


@app.after_serving
async def stop_async():
    await asyncio.sleep(0)
    note("shutdown async")


@app.before_request
def begin():
    g.steps = ["before sync"]
    tenant.set(request.headers.get("X-Name", "unnamed"))


@app.before_request
async def begin_async():
    await asyncio.sleep(0)
    g.loop = asyncio.get_running_loop()
    g.steps.append("before async")


@app.after_request
def tell_steps(response):
    """Registered first, so it runs last."""
    g.steps.append("after sync")
    response.headers["X-Steps"] = ", ".join(g.steps)
    return response


@app.after_request
async def finish_async(response):
    await asyncio.sleep(0)
    g.steps.append("after async")
    return response


@app.teardown_request
def leave(error):
    note(f"teardown sync {tenant.get()}")


@app.teardown_request
async def leave_async(error):
    await asyncio.sleep(0)
    note(f"teardown async {tenant.get()}")


@app.errorhandler(LookupError)
def lost(error):
    return {"lost": str(error)}, 409


@app.errorhandler(TimeoutError)
async def late(error):
    await asyncio.sleep(0)
    return {"late": str(error)}, 418


# -- views ---------------------------------------------------------------------------------------


@app.get("/")
def index():
    return "index"


@app.get("/interface")
def interface():
    """The one answer that is meant to differ."""
    return "wsgi" if request.scope is None else "asgi"


@app.get("/async")
async def waits():
    await asyncio.sleep(0.01)
    same = asyncio.get_running_loop() is g.loop
    return {"one loop for the request": same, "tenant": tenant.get()}


@app.get("/mixed")
def mixed():
    """A sync view that calls async code of its own."""
    return app.ensure_sync(waits)()


@app.get("/startups")
def count_startups():
    return startups


@app.post("/json")
def sum_up():
    numbers = request.get_json()["numbers"]
    return {"sum": sum(numbers), "of": numbers}


@app.post("/async/json")
async def sum_up_async():
    await asyncio.sleep(0)
    return sum_up()


@app.post("/form")
def form():
    return request.form.to_dict(flat=False)


def _uploaded():
    files = {
        name: [file.filename, file.mimetype, digest(file.read())]
        for name, file in request.files.items(multi=True)
    }
    return {"files": files, "fields": request.form.to_dict(flat=False)}


@app.post("/upload")
def upload():
    return _uploaded()


@app.post("/async/upload")
async def upload_async():
    return _uploaded()


def digest(data):
    return f"{len(data)} {hashlib.sha256(data).hexdigest()[:16]}"


@app.route("/body", methods=["POST", "PUT", "PATCH", "DELETE"])
def body():
    return digest(request.get_data())


@app.post("/async/body")
async def body_async():
    return digest(await request.body)


@app.post("/stream/body", stream=True)
def body_as_it_comes():
    hashed, size = hashlib.sha256(), 0
    while chunk := request.stream.read(1000):
        hashed.update(chunk)
        size += len(chunk)
    return f"{size} {hashed.hexdigest()[:16]}"


@app.post("/async/stream/body", stream=True)
async def body_as_it_comes_async():
    hashed, size = hashlib.sha256(), 0
    async for chunk in request.body:
        hashed.update(chunk)
        size += len(chunk)
    return f"{size} {hashed.hexdigest()[:16]}"


@app.post("/lines")
def lines():
    return [line.decode() for line in request.stream]


@app.post("/limited")
def limited():
    request.max_content_length = 100
    return digest(request.get_data())


@app.post("/ignores")
def ignores_the_body():
    return "not read"


@app.get("/stream")
def stream():
    def chunks():
        for number in range(3):
            time.sleep(0.01)
            yield f"{number} {request.args['q']} {tenant.get()}\n"

    return Response(stream_with_context(chunks()), mimetype="text/plain")


@app.get("/async/stream")
async def stream_async():
    async def chunks():
        for number in range(3):
            await asyncio.sleep(0.01)
            yield f"{number} {request.args['q']} {tenant.get()}\n"

    return Response(chunks(), mimetype="text/plain")


@app.get("/stream/of/nothing")
def empty_stream():
    return Response(iter(()), mimetype="text/plain")


@app.get("/stream/large")
def large_stream():
    return Response((b"%07d\n" % n * 1000 for n in range(250)), mimetype="text/plain")


@app.get("/stream/of/known/length")
def sized_stream():
    return Response(iter(("one ", "two")), headers={"Content-Length": "7"})


@app.get("/stream/fails/<int:after>")
def failing_stream(after):
    def chunks():
        yield from ["chunk\n"] * after
        raise ValueError("the stream failed, as the test wants it")

    return Response(chunks(), mimetype="text/plain")


@app.get("/async/stream/fails/<int:after>")
async def failing_stream_async(after):
    async def chunks():
        for _ in range(after):
            yield "chunk\n"
        raise ValueError("the stream failed, as the test wants it")

    return Response(chunks(), mimetype="text/plain")


@app.get("/large")
def large():
    return Response(b"0123456789abcdef" * 100_000, mimetype="application/octet-stream")


@app.get("/cookies")
def cookies():
    response = jsonify(list(request.cookies.items(multi=True)))
    response.set_cookie("plain", "1")
    response.set_cookie("quoted", "a;b, ü", path="/cookies", httponly=True)
    response.set_cookie("strict", "3", samesite="Strict", secure=True, max_age=60)
    response.delete_cookie("old")
    return response


def _listed(name):
    """Give the parts of a header that may be repeated; servers join them with or without blanks."""
    value = request.headers.get(name)
    return None if value is None else [part.strip() for part in value.split(",")]


@app.get("/request")
def described():
    return {
        "accept": _listed("Accept"),
        "args": request.args.to_dict(flat=False),
        "host": request.host,
        "is_secure": request.is_secure,
        "latin": request.headers.get("X-Latin"),
        "method": request.method,
        "path": request.path,
        "query": request.query_string.decode("latin-1"),
        "remote_addr": request.remote_addr,
        "repeated": _listed("X-Repeated"),
        "root_path": request.root_path,
        "url": request.url,
    }


@app.get("/headers")
def headers():
    response = make_response("headers")
    response.headers.add("X-Repeated", "one")
    response.headers.add("X-Repeated", "two")
    return response


@app.get("/headers/latin")
async def headers_in_latin():
    return "headers", {"X-Latin": "café"}


@app.get("/text/<path:text>")
def text(text):
    return {"text": text, "path": request.path, "url": request.url}


@app.get("/urls/")
def urls():
    return [
        url_for("index"),
        url_for("text", text="ü/ö x", q="a&b"),
        url_for("static", filename="plain.txt"),
        url_for("index", _external=True),
    ]


@app.get("/redirect")
def elsewhere():
    return redirect(url_for("text", text="café au lait"), 303)


@app.get("/empty")
def empty():
    return "a body that must not be sent", 204


@app.get("/etag")
def tagged():
    response = make_response("tagged")
    response.set_etag("version-1")
    return response.make_conditional(request)


@app.get("/fails")
def fails():
    raise RuntimeError("the view failed, as the test wants it")


@app.get("/async/fails")
async def fails_async():
    await asyncio.sleep(0)
    raise RuntimeError("the view failed, as the test wants it")


@app.get("/lost")
async def raise_lost():
    raise LookupError("a sync handler takes it")


@app.get("/late")
def raise_late():
    raise TimeoutError("an async handler takes it")


@app.get("/gone")
def gone():
    abort(410)


@app.post("/session")
def log_in():
    session["user"] = request.form["user"]
    return "logged in"


@app.get("/session")
async def logged_in():
    return {"user": session.get("user")}


@app.get("/sleep/<float:seconds>")
def sleep(seconds):
    note(f"sleeping {tenant.get()}")
    time.sleep(seconds)
    return "slept"


@app.get("/async/sleep/<float:seconds>")
async def sleep_async(seconds):
    note(f"sleeping {tenant.get()}")
    await asyncio.sleep(seconds)
    return "slept"
