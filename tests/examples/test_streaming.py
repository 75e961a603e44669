"""The example ``streaming``: the words come one by one, in time, from both servers."""

from __future__ import annotations

import json
import time
import urllib.request
from itertools import pairwise

import pytest


def events(text):
    """Read server-sent events: their names and data."""
    found = []
    for block in text.split("\n\n")[:-1]:
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_the_stream(load, side):
    module = load("streaming")
    module.THINKING = 0
    response = module.app.test_client(side=side).get("/words?prompt=My+love&length=7&seed=4")
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    *words, end = events(response.text)
    assert [word for _, word in words] == list(module.babbler.babble("My love", 7, seed=4))
    assert {name for name, _ in words} == {"word"}
    assert end == ("end", {"words": 7})


@pytest.mark.parametrize(
    ("query", "number"), [("", 60), ("length=9999", 200), ("length=0", 0), ("length=x", 60)]
)
def test_the_length(load, side, query, number):
    module = load("streaming")
    module.THINKING = 0
    response = module.app.test_client(side=side).get(f"/words?{query}")
    assert events(response.text)[-1] == ("end", {"words": number})


def test_the_page(load, side):
    with load("streaming").app.test_client(side=side).get("/") as response:
        assert response.content_type == "text/html; charset=utf-8"
        assert "new EventSource" in response.text


def test_the_model_goes_on_from_the_last_word(load):
    babbler = load("streaming", "babbler").Babbler("the cat sat\n\non the mat, the cat ran")
    for seed in range(20):
        first, second = babbler.babble("I saw The", 2, seed)
        assert first in {"cat", "mat,"}
        assert second in {"sat", "ran"} if first == "cat" else second == "the"
    assert list(babbler.babble("nobody", 2)) == ["on", "the"]
    assert list(babbler.babble("sat", 2)) == ["\n", "on"]


def chunks_in_time(url):
    """Read a stream; give its text, and when each event came."""
    text, times = "", []
    with urllib.request.urlopen(url, timeout=10) as response:
        for line in response:
            text += line.decode()
            if line == b"\n":
                times.append(time.monotonic())
    return text, times


@pytest.mark.servers
def test_both_servers_send_each_word_when_it_is_found(serve):
    texts = []
    for browser in serve("streaming"):
        text, times = chunks_in_time(f"{browser.url}/words?prompt=My+love&length=12&seed=9")
        texts.append(text)
        assert len(times) == 13
        assert times[-1] - times[0] > 11 * 0.06 * 0.9
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert sum(gap > 0.02 for gap in gaps) >= 8, gaps
        assert "new EventSource" in browser.get("/").text
    assert texts[0] == texts[1]
    assert len(events(texts[0])) == 13
