"""What a reader and a member see. Run in the folder above: ``python -m pytest tests``."""

from __future__ import annotations

from dualapp import g


def test_an_empty_blog_says_so(browser):
    assert "Nothing here yet" in browser.get("/").text


def test_a_member_writes(member):
    page = member.post(
        "/posts/new", data={"title": "On <looms>", "text": "Warp."}, follow_redirects=True
    )
    assert page.request.path == "/posts/1"
    assert "On &lt;looms&gt;" in page.text
    assert member.get("/feed.json").json["items"][0]["title"] == "On <looms>"


def test_others_do_not(browser):
    answer = browser.get("/posts/new")
    assert (answer.status_code, answer.location) == (302, "/log-in")


def test_the_async_view_knows_the_member(member):
    with member:
        assert member.get("/elsewhere").status_code == 200
        assert g.member["name"] == "ada"
