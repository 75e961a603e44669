"""What test clients of extensions call of the test client, beyond its public methods."""

from __future__ import annotations


def test_a_request_is_made_without_being_sent(app, client):
    """Flask-SocketIO connects with it."""
    client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    client.set_cookie("taste", "sweet")
    given = {"path": "/socket.io?t=1", "headers": {"X-Given": "yes"}}
    request = client._request_from_builder_args(args=(), kwargs=given)
    assert (request.full_path, request.headers["X-Given"]) == ("/socket.io?t=1", "yes")
    assert request.remote_addr == "192.0.2.7"
    client._add_cookies_to_wsgi(request.environ)
    with app.request_context(request.environ) as context:
        assert context.request.cookies.to_dict() == {"taste": "sweet"}
