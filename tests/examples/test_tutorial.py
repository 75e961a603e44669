"""The example ``tutorial``: a walk through the blog, and what it must not let anybody do."""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading

import pytest
from werkzeug.serving import make_server

ADA = {"name": "ada", "password": "engine-1843"}
BOB = {"name": "bob", "password": "hunter22222"}


@pytest.fixture
def app(load, tmp_path):
    app = load("tutorial", "blog").create_app(DATABASE=str(tmp_path / "blog.sqlite"), TESTING=True)
    return app


@pytest.fixture
def client(app, side):
    """A reader who follows redirects."""
    return app.test_client(side=side)


@pytest.fixture
def ada(app, side):
    """A member."""
    return signed_up(app, side, ADA)


def signed_up(app, side, account):
    client = app.test_client(side=side)
    assert "Welcome" in client.post("/sign-up", data=account, follow_redirects=True).text
    return client


def write(client, title="First", text="Hello."):
    """Publish a post; give its path."""
    response = client.post("/posts/new", data={"title": title, "text": text})
    assert response.status_code == 302
    return response.location


def test_an_empty_blog_invites_to_sign_up(client):
    page = client.get("/")
    assert page.status_code == 200
    assert "Nothing here yet" in page.text
    assert 'href="/sign-up"' in page.text


def test_sign_up_log_out_log_in(ada):
    page = ada.post("/log-out", follow_redirects=True)
    assert "You are logged out." in page.text
    assert "Log in" in page.text
    page = ada.post("/log-in", data={**ADA, "name": "ADA"}, follow_redirects=True)
    assert "Welcome, ada!" in page.text
    assert "Welcome" not in ada.get("/").text


@pytest.mark.parametrize(
    ("account", "problem"),
    [
        ({"name": "a", "password": "long enough"}, "2 to 30 letters"),
        ({"name": "a b", "password": "long enough"}, "2 to 30 letters"),
        ({"name": "carol", "password": "short"}, "at least 8 characters"),
        ({"name": "Ada", "password": "long enough"}, "The name Ada is taken."),
    ],
)
def test_sign_up_says_what_is_wrong(ada, client, account, problem):
    page = client.post("/sign-up", data=account)
    assert page.status_code == 422
    assert problem in page.text
    assert account["password"] not in page.text


@pytest.mark.parametrize("account", [{**ADA, "password": "wrong"}, {**ADA, "name": "nobody"}])
def test_log_in_does_not_tell_who_has_an_account(ada, client, account):
    page = client.post("/log-in", data=account)
    assert page.status_code == 422
    assert "Name and password do not match." in page.text


def test_an_incomplete_form_is_the_clients_mistake(client):
    assert client.post("/log-in", data={"name": "ada"}).status_code == 400


def test_write_edit_delete(ada, client):
    path = write(ada, "On <engines>", "One line.\n\nAnother & more.")
    page = client.get(path)
    assert "On &lt;engines&gt;" in page.text
    assert "One line.\n\nAnother &amp; more." in page.text
    assert "Delete" not in page.text

    assert 'value="On &lt;engines&gt;"' in ada.get(f"{path}/edit").text
    page = ada.post(
        f"{path}/edit", data={"title": "On looms", "text": "Warp."}, follow_redirects=True
    )
    assert "Your changes are saved." in page.text
    assert page.request.path == path
    assert "edited" in client.get("/").text

    page = ada.post(f"{path}/delete", follow_redirects=True)
    assert "“On looms” is deleted." in page.text
    gone = client.get(path)
    assert gone.status_code == 404
    assert "There is no such post." in gone.text


def test_what_was_typed_is_not_lost(ada):
    page = ada.post("/posts/new", data={"title": " ", "text": "A long afternoon's work"})
    assert page.status_code == 422
    assert "A post needs a title and a text." in page.text
    assert "A long afternoon&#39;s work" in page.text


def test_only_members_write(client):
    for method, path in [
        ("GET", "/posts/new"),
        ("POST", "/posts/new"),
        ("POST", "/posts/1/delete"),
    ]:
        response = client.open(path, method=method)
        assert (response.status_code, response.location) == (302, "/log-in")


def test_a_post_belongs_to_its_author(app, ada, side):
    path = write(ada)
    bob = signed_up(app, side, BOB)
    assert bob.get(f"{path}/edit").status_code == 403
    assert bob.post(f"{path}/edit", data={"title": "x", "text": "y"}).status_code == 403
    assert bob.post(f"{path}/delete").status_code == 403
    assert "Hello." in bob.get(path).text


def test_a_form_of_another_site_is_refused(ada):
    path = write(ada)
    refused = ada.post(f"{path}/delete", headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert ada.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert ada.post(f"{path}/delete", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 302


def test_pages(ada, client):
    for number in range(1, 13):
        write(ada, f"Post number {number:02}")
    newest, oldest = client.get("/"), client.get("/?page=2")
    assert re.findall(r"Post number (\d\d)", newest.text) == [f"{n:02}" for n in range(12, 2, -1)]
    assert re.findall(r"Post number (\d\d)", oldest.text) == ["02", "01"]
    assert "Older" in newest.text
    assert "Newer" not in newest.text
    assert "Older" not in oldest.text
    assert "Newer" in oldest.text
    assert client.get("/?page=x").text == newest.text


@pytest.mark.parametrize("path", ["/posts/7", f"/posts/{2**70}", f"/?page={2**70}", "/nowhere"])
def test_what_is_not_there(client, path):
    page = client.get(path)
    assert page.status_code == 404
    assert "To all posts" in page.text


def test_the_session_cookie_is_only_for_us(ada, client):
    response = client.post("/log-in", data=ADA)
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@contextlib.contextmanager
def served(application):
    """Serve an application on a free port; give its URL."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_blog_reads_what_another_has_written(load, tmp_path, side):
    other = load("tutorial", "blog").create_app(DATABASE=str(tmp_path / "other.sqlite"))
    write(signed_up(other, side, BOB), "<Looms>")
    with served(other) as url:
        feeds = [f"{url}/feed.json", f"{url}/log-in", f"{url}/nowhere"]
        ours = load("tutorial", "blog").create_app(
            DATABASE=str(tmp_path / "ours.sqlite"), TESTING=True, FEEDS=feeds
        )
        page = signed_up(ours, side, ADA).get("/elsewhere")
    assert page.status_code == 200
    assert "&lt;Looms&gt;" in page.text
    assert page.text.count("does not answer") == 2
    assert 'class="who">ada' in page.text, "found by a sync hook, around an async view"


def test_other_blogs_are_asked_at_the_same_time(load, tmp_path, side):
    all_are_asked = threading.Barrier(3, timeout=30)

    def feed(environ, start_response):
        all_are_asked.wait()
        start_response("200 OK", [("Content-Type", "application/feed+json")])
        return [b'{"items": [{"title": "At last"}]}']

    with served(feed) as url:
        app = load("tutorial", "blog").create_app(
            DATABASE=str(tmp_path / "blog.sqlite"), FEEDS=[f"{url}/{n}" for n in range(3)]
        )
        assert app.test_client(side=side).get("/elsewhere").text.count("At last") == 3


async def test_hooks_around_an_async_view_may_use_one_connection_from_several_threads(app, side):
    browser = app.async_test_client(side=side)
    assert (await browser.post("/sign-up", data=ADA)).status_code == 302
    with browser.session_transaction() as session:
        member = dict(session)

    async def visit():
        visitor = app.async_test_client(side=side)
        with visitor.session_transaction() as session:
            session.update(member)
        return (await visitor.get("/elsewhere")).text

    pages = await asyncio.gather(*(visit() for _ in range(20)))
    assert all('class="who">ada' in page for page in pages)


def test_a_blog_may_know_no_other(client):
    assert "BLOG_FEEDS" in client.get("/elsewhere").text
    assert "/elsewhere" not in client.get("/").text


def test_all_processes_sign_with_the_same_key(app, load):
    again = load("tutorial", "blog").create_app(DATABASE=app.config["DATABASE"])
    assert again.config["SECRET_KEY"] == app.config["SECRET_KEY"]
    assert len(app.config["SECRET_KEY"]) == 64


def walk(browser):
    """Do what a member does in a first visit; give all pages seen."""
    yield browser.get("/")
    yield browser.get("/static/style.css")
    yield browser.send_form("/sign-up", name="ada", password="short")
    yield browser.send_form("/sign-up", **ADA)
    yield browser.send_form("/log-out")
    yield browser.get("/posts/new")
    yield browser.send_form("/log-in", **{**ADA, "password": "forgotten"})
    yield browser.send_form("/log-in", **ADA)
    yield browser.send_form("/posts/new", title="Ünïcode & <tags>", text="One.\n\nTwo.")
    yield browser.send_form("/posts/1/edit", title="Second thoughts", text="Three.")
    yield browser.get("/")
    yield browser.send_form("/posts/1/delete")
    yield browser.get("/posts/1")


@pytest.mark.servers
def test_both_servers_answer_alike(serve):
    pages, others = map(list, map(walk, serve("tutorial", BLOG_DATABASE="{}/blog.sqlite")))
    assert [page.status for page in pages if page.status != 200] == [422, 422, 404]
    assert pages[5].path == "/log-in"
    assert "Ünïcode &amp; &lt;tags&gt;" in pages[8].text
    assert "Your changes are saved." in pages[9].text
    assert "Second thoughts" in pages[10].text
    assert "is deleted" in pages[11].text
    # The times of writing may lie in different seconds.
    assert [without_times(page.seen) for page in pages] == [without_times(p.seen) for p in others]


def without_times(seen):
    path, status, text = seen
    return path, status, re.sub(r'datetime="[^"]*"', "", text)
