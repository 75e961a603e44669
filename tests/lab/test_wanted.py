"""Requests as the user writes them."""

from __future__ import annotations

import pytest

from dualapp.lab.errors import BadInputError
from dualapp.lab.wanted import Wanted, get, parse, parse_file, with_unique_names


def test_the_plainest_request(tmp_path):
    assert parse("get /report?year=2024", tmp_path) == get("/report?year=2024")


def test_what_is_sent(tmp_path):
    (tmp_path / "body.json").write_bytes(b'{"a": 1}')
    request = parse('POST /predict -H "X-Key: a b" @body.json', tmp_path)
    assert request.name == "POST /predict"
    assert request.on_the_wire() == (
        b"POST /predict HTTP/1.1\r\nX-Key: a b\r\nContent-Type: application/json\r\n"
        b'Host: 127.0.0.1\r\nAccept: */*\r\nContent-Length: 8\r\n\r\n{"a": 1}'
    )


def test_a_usual_header_gives_way_to_one_that_is_told(tmp_path):
    sent = parse("GET / -H 'host: shop.example' -H 'Accept: text/html'", tmp_path).on_the_wire()
    assert sent == b"GET / HTTP/1.1\r\nhost: shop.example\r\nAccept: text/html\r\n\r\n"


def test_the_length_of_no_body_is_told_where_one_is_expected(tmp_path):
    assert b"\r\nContent-Length: 0\r\n" in parse("POST /log-out", tmp_path).on_the_wire()
    assert b"Content-Length" not in parse("DELETE /x", tmp_path).on_the_wire()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("PUT /x @picture.png", "image/png"),
        ("PUT /x @thing", "application/octet-stream"),
        ("PUT /x '[1, 2]'", "application/json"),
        ("PUT /x hello", "text/plain"),
        ("PUT /x -H 'content-type: text/csv' a,b", "text/csv"),
    ],
)
def test_the_content_type_is_guessed_unless_it_is_told(tmp_path, text, kind):
    for name in ("picture.png", "thing"):
        (tmp_path / name).touch()
    headers = {name.lower(): value for name, value in parse(text, tmp_path).headers}
    assert headers == {"content-type": kind}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs a method and a path"),
        ("/report", "needs a method and a path"),
        ("FETCH /report", "'FETCH' in 'FETCH /report' is none of GET, POST"),
        ("HEAD /report", "is none of"),
        ("GET report", "must begin with '/'"),
        ("GET /größe", "percent-encoded"),
        ("GET '/a b'", "percent-encoded"),
        ("POST /x 'a", "cannot be read: No closing quotation"),
        ("POST /x a b", "has two bodies"),
        ("POST /x @missing.json", "No such file"),
        ("GET /x -H", "a header is missing"),
        ("GET /x -H 'no colon'", "a header is missing"),
        ("GET /x -H 'X-Price: 5 €'", "a header is missing"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(tmp_path, text, said):
    with pytest.raises(BadInputError) as caught:
        parse(text, tmp_path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_header_is_smuggled_in(tmp_path):
    with pytest.raises(BadInputError, match="a header is missing"):
        parse('GET /x -H "A: b\r\nC: d"', tmp_path)


def test_a_file_of_requests(tmp_path):
    (tmp_path / "b.json").write_text("{}")
    file = tmp_path / "requests"
    file.write_text("# the most asked\nGET /\n\n  # and\nPOST /x @b.json\n")
    assert [request.name for request in parse_file(file)] == ["GET /", "POST /x"]


def test_a_file_that_an_editor_of_windows_wrote(tmp_path):
    file = tmp_path / "requests"
    file.write_bytes(b"\xef\xbb\xbfGET /\r\n# a comment\r\n")
    assert parse_file(file) == [get("/")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("GET /\n\nFETCH /\n", r"requests, line 3: 'FETCH'"),
        ("# nothing\n", "holds no request"),
        (None, "cannot be read"),
    ],
)
def test_a_file_with_an_error_names_the_line(tmp_path, text, said):
    file = tmp_path / "requests"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadInputError, match=said):
        parse_file(file)


def test_names_are_made_unique():
    twice = [get("/"), Wanted(name="GET /", method="GET", path="/", body=b"x"), get("/x")]
    assert [request.name for request in with_unique_names(twice)] == [
        "GET /",
        "GET / (2)",
        "GET /x",
    ]
