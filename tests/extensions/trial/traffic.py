"""Traffic: limits, headers, compression, sockets."""

from __future__ import annotations

import asyncio
import socket
import typing as t

from .kit import Kit, trial


@trial("flask-limiter")
def flask_limiter(kit: Kit) -> None:
    """The third request in a minute is refused."""
    from flask_limiter import Limiter
    from flask_limiter.util import get_remote_address

    limiter = Limiter(get_remote_address, app=kit.app, storage_uri="memory://")

    @kit.app.get("/")
    @limiter.limit("2/hour")
    @kit.view
    def index():
        return "hello"

    client = kit.client()
    assert [client.get("/").status_code for _ in range(3)] == [200, 200, 429]


@trial("flask-cors")
def flask_cors(kit: Kit) -> None:
    """The headers of an answer, and of a preflight."""
    from flask_cors import CORS

    CORS(kit.app, origins=["https://pages.example"])

    @kit.app.post("/")
    @kit.view
    def index():
        return "hello"

    client, origin = kit.client(), {"Origin": "https://pages.example"}
    allowed = client.post("/", headers=origin)
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://pages.example"
    preflight = client.options("/", headers={**origin, "Access-Control-Request-Method": "POST"})
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    other = client.post("/", headers={"Origin": "https://other.example"})
    assert "Access-Control-Allow-Origin" not in other.headers


@trial("flask-talisman")
def flask_talisman(kit: Kit) -> None:
    """To HTTPS, and the headers there."""
    from flask_talisman import Talisman

    Talisman(kit.app)

    @kit.app.get("/")
    @kit.view
    def index():
        return "hello"

    client = kit.client()
    assert client.get("/").location == "https://localhost/"
    secure = client.get("/", base_url="https://localhost")
    assert secure.text == "hello"
    assert "default-src" in secure.headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" in secure.headers


@trial("flask-compress")
def flask_compress(kit: Kit) -> None:
    """A long text, and a stream."""
    import gzip
    import zlib

    from flask_compress import Compress

    kit.app.config["COMPRESS_STREAMS"] = True
    Compress(kit.app)

    @kit.app.get("/")
    @kit.view
    def index():
        return "hello " * 1000

    @kit.app.get("/stream")
    @kit.view
    def stream():
        return ("hello " for _ in range(1000)), {"Content-Type": "text/plain"}

    client = kit.client()
    for path, kind, expand in (
        ("/", "gzip", gzip.decompress),
        ("/stream", "deflate", zlib.decompress),
    ):
        answer = client.get(path, headers={"Accept-Encoding": kind})
        assert answer.headers["Content-Encoding"] == kind
        assert expand(answer.data).decode() == "hello " * 1000


@trial("flask-minify")
def flask_minify(kit: Kit) -> None:
    """A page without what no browser needs."""
    from flask_minify import Minify

    Minify(app=kit.app)

    @kit.app.get("/")
    @kit.view
    def index():
        return "<html><body>  <p>hello</p>   <!-- a comment -->  </body></html>"

    assert "comment" not in kit.client().get("/").text


@trial("flask-paranoid")
def flask_paranoid(kit: Kit) -> None:
    """A session that another browser sends is ended."""
    from flask import session
    from flask_paranoid import Paranoid

    Paranoid(kit.app)

    @kit.app.get("/")
    @kit.view
    def index():
        session["visits"] = session.get("visits", 0) + 1
        return {"visits": session["visits"]}

    client = kit.client()
    ours, other = {"User-Agent": "ours"}, {"User-Agent": "other"}
    assert [client.get("/", headers=ours).json["visits"] for _ in range(2)] == [1, 2]
    stolen = client.get("/", headers=other)
    assert stolen.status_code == 401


@trial(
    "flask-socketio",
    "on ASGI long polling only; WebSockets are refused there",
)
def flask_socketio(kit: Kit) -> None:
    """Long polling: the handshake, and an event that is answered."""
    from flask_socketio import SocketIO, emit

    sockets = SocketIO(kit.app, async_mode="threading")

    @sockets.on("hello")
    def hello(name):
        emit("greeting", f"Hello, {name}!")

    @kit.app.get("/")
    @kit.view
    def index():
        return "beside it"

    client = kit.client()
    assert client.get("/").text == "beside it"
    opened = client.get("/socket.io/?EIO=4&transport=polling")
    assert opened.status_code == 200
    session = opened.text.partition('"sid":"')[2].partition('"')[0]
    address = f"/socket.io/?EIO=4&transport=polling&sid={session}"
    assert client.post(address, data="40").text.lower() == "ok"
    assert client.get(address).text.startswith("40")
    assert client.post(address, data='42["hello","Ada"]').text.lower() == "ok"
    assert client.get(address).text == '42["greeting","Hello, Ada!"]'


@trial(
    "flask-sock",
    "WebSockets are refused on ASGI; on WSGI they work where they do with Flask",
    fails=("asgi sync", "asgi async"),
)
def flask_sock(kit: Kit) -> None:
    """A handshake, on the socket that a server would hand over."""
    from flask_sock import Sock

    sock = Sock(kit.app)

    @sock.route("/echo")
    def echo(websocket):
        websocket.close()

    @kit.app.get("/")
    @kit.view
    def index():
        return "beside it"

    assert kit.client().get("/").text == "beside it"
    if kit.side == "asgi":
        assert asyncio.run(_first_event(kit.app, "/echo")) == "websocket.accept"
    else:
        assert _first_bytes(kit, "/echo") == b"HTTP/1.1 101"


async def _first_event(app: t.Any, path: str) -> str:
    """Ask for a WebSocket as an ASGI server does; give the type of the answer."""
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(event: dict[str, t.Any]) -> None:
        sent.append(event["type"])

    scope = {"type": "websocket", "path": path, "headers": [], "query_string": b""}
    await app({"asgi": {"version": "3.0"}, **scope}, receive, send)
    return sent[0]


def _first_bytes(kit: Kit, path: str) -> bytes:
    """Ask for a WebSocket, on the socket that a WSGI server hands over; give what it is sent."""
    servers, browsers = socket.socketpair()
    browsers.settimeout(5)
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    with servers, browsers:
        overrides = {"werkzeug.socket": servers}
        answer = kit.client().get(path, headers=headers, environ_overrides=overrides)
        assert answer.status_code != 426, "the handshake was refused"
        return browsers.recv(12)
