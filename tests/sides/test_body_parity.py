"""Bad and unusual bodies: the 4xx that Flask gives, alike on both sides."""

from __future__ import annotations

import pytest

from dualapp import request

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
END = b"--x--"


@pytest.fixture(autouse=True)
def _views(app):
    """Views that show what they are sent; every error has an answer."""
    app.testing = False

    @app.post("/json")
    def json():
        return {"json": request.get_json()}

    @app.post("/silent")
    async def silent():
        return {"json": request.get_json(silent=True)}

    @app.post("/form")
    def form():
        files = {name: file.read().decode("latin-1") for name, file in request.files.items()}
        return {"form": request.form.to_dict(False), "files": files}

    @app.route("/data", methods=["GET", "POST", "PUT", "DELETE"])
    async def data():
        return request.get_data()

    @app.post("/stream")
    def stream():
        return b"".join(iter(lambda: request.stream.read(10), b""))

    @app.post("/key")
    def key():
        return request.form["missing"]


def part(name="a", extra=b"", value=b"v"):
    """Write one part of a multipart body."""
    header = b'--x\r\nContent-Disposition: form-data; name="' + name.encode() + b'"' + extra
    return header + b"\r\n\r\n" + value + b"\r\n"


# JSON

BROKEN_JSON = [
    b"", b"{", b"[1", b"\xff", b"\0", b'"\xff"', b"nan", b'{"a": 1,}', b"{}{}", b"[" * 100_000,
    b"1" * 5_000, '["ä"]'.encode("latin-1"),
]  # fmt: skip


@pytest.mark.parametrize("body", BROKEN_JSON, ids=range(len(BROKEN_JSON)))
def test_malformed_json_is_a_400(alike, body):
    assert alike("/json", "POST", body, CONTENT_TYPE=JSON).code == 400
    assert alike("/silent", "POST", body, CONTENT_TYPE=JSON).text == '{"json":null}\n'


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", FORM, MULTIPART, "/json", "json", ";", "\xff", "application/",
     "application/jsonp", "text/json"],
)  # fmt: skip
def test_json_of_another_content_type_is_a_415(alike, content_type):
    keys = {} if content_type is None else {"CONTENT_TYPE": content_type}
    assert alike("/json", "POST", b"{}", **keys).code == 415
    assert alike("/silent", "POST", b"{}", **keys).text == '{"json":null}\n'


@pytest.mark.parametrize(
    "content_type",
    ["APPLICATION/JSON", "application/vnd.api+json", "application/json; charset=latin-1",
     "application/json;;;"],
)  # fmt: skip
def test_json_by_its_other_names(alike, content_type):
    assert alike("/json", "POST", b"[1]", CONTENT_TYPE=content_type).text == '{"json":[1]}\n'


# forms

NOTHING: dict[str, list[str]] = {}


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"", NOTHING),
        (END, NOTHING),
        (b"--x", NOTHING),
        (b"garbage", NOTHING),
        (part(), NOTHING),
        (b"--y\r\n\r\n--y--", NOTHING),
        (b"--x\r\n\r\nv\r\n--x--", NOTHING),
        (b"--x\r\nnonsense\r\n\r\nv\r\n--x--", NOTHING),
        (b"--x\r\n" + b"A" * 70_000 + b"\r\n\r\nv\r\n--x--", NOTHING),
        (part() + END, {"a": ["v"]}),
        (part() + part() + END, {"a": ["v", "v"]}),
        (part() + END + b"trailing", {"a": ["v"]}),
        (b"\r\n" * 1000 + part() + END, {"a": ["v"]}),
        (part(value=b"\xff") + END, {"a": ["\ufffd"]}),
        (part("ä") + END, {"ä": ["v"]}),
        (part(extra=b";" * 2000) + END, {"a": ["v"]}),
    ],
    ids=range(16),
)
def test_multipart_that_is_odd_is_read_as_far_as_it_makes_sense(app, alike, body, form):
    sent = alike("/form", "POST", body, CONTENT_TYPE=MULTIPART)
    assert (sent.code, app.json.loads(sent.data)) == (200, {"form": form, "files": {}})


@pytest.mark.parametrize("name", ["f\0.txt", "../../f", "", "ä", "a" * 5000, "C:\\f", "con"])
def test_multipart_file_names_are_only_names(app, alike, name):
    filename = b'; filename="' + name.encode() + b'"'
    sent = alike("/form", "POST", part(extra=filename) + END, CONTENT_TYPE=MULTIPART)
    assert app.json.loads(sent.data) == {"form": {}, "files": {"a": "v"}}


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=x",
     "multipart/form-data; boundary=\xe4", 'multipart/form-data; boundary="x', "text/plain",
     "multipart/form-data; boundary=" + "x" * 300, ""],
)  # fmt: skip
def test_a_form_without_a_boundary_or_of_another_type_is_empty(app, alike, content_type):
    sent = alike("/form", "POST", part() + END, CONTENT_TYPE=content_type)
    assert (sent.code, app.json.loads(sent.data)) == (200, {"form": {}, "files": {}})


@pytest.mark.parametrize(
    "body",
    [
        part(value=b"v" * 600_000) + END,
        b"".join(part(f"a{number}") for number in range(1100)) + END,
    ],
    ids=["large field", "many parts"],
)
def test_a_form_past_its_limits_is_a_413(alike, body):
    assert alike("/form", "POST", body, CONTENT_TYPE=MULTIPART).code == 413


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"", {}),
        (b"a", {"a": [""]}),
        (b"=", {"": [""]}),
        (b"&&", {}),
        (b"a=%", {"a": ["%"]}),
        (b"a=%zz&b=%ff", {"a": ["%zz"], "b": ["%FF"]}),
        (b"\0=\0", {"\0": ["\0"]}),
        (b"a=1;b=2", {"a": ["1;b=2"]}),
        (b"a=1&a=2&b=+", {"a": ["1", "2"], "b": [" "]}),
    ],
)
def test_odd_urlencoded_forms(app, alike, body, form):
    sent = alike("/form", "POST", body, CONTENT_TYPE=FORM)
    assert app.json.loads(sent.data)["form"] == form


def test_a_missing_form_key_is_a_400(alike):
    assert alike("/key", "POST", b"a=1", CONTENT_TYPE=FORM).code == 400


# the length of a body

READERS = ["/data", "/stream", "/form"]


@pytest.mark.parametrize("path", READERS)
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "code"), [(9, 200), (10, 200), (11, 413), (200_000, 413)])
def test_max_content_length_holds_on_real_bytes(app, alike, path, chunked, size, code):
    app.config["MAX_CONTENT_LENGTH"] = 10
    sent = alike(path, "POST", b"x" * size, chunked=chunked, CONTENT_TYPE=FORM)
    assert sent.code == code
    assert code == 413 or b"x" * size in sent.data


@pytest.mark.parametrize("path", READERS)
def test_an_understated_length_is_all_that_is_read(app, alike, path):
    app.config["MAX_CONTENT_LENGTH"] = 10
    sent = alike(path, "POST", b"x" * 200_000, CONTENT_TYPE=FORM, CONTENT_LENGTH="5")
    assert (sent.code, sent.data.count(b"x")) == (200, 5)


@pytest.mark.parametrize("path", [*READERS, "/json"])
def test_a_body_cut_short_is_a_400(alike, path):
    keys = {"CONTENT_TYPE": JSON if path == "/json" else FORM, "CONTENT_LENGTH": "10"}
    assert alike(path, "POST", b"{}", **keys).code == 400


@pytest.mark.parametrize("length", ["-5", "+1", "1_0", "0x1", "\xb2", "1, 1", "1 0", "a", "9" * 30])
@pytest.mark.parametrize("path", [*READERS, "/json", "/silent"])
def test_a_length_that_is_no_number_is_a_400(alike, path, length):
    keys = {"CONTENT_TYPE": JSON if path in ("/json", "/silent") else FORM}
    assert alike(path, "POST", b"{}", CONTENT_LENGTH=length, **keys).code == 400


@pytest.mark.parametrize(
    ("path", "size"), [("/data", 0), ("/data", 1), ("/data", 600_000), ("/stream", 5000)]
)
def test_chunked_bodies_are_read_whole(alike, path, size):
    body = bytes(range(250)) * (size // 250) + b"x" * (size % 250)
    assert alike(path, "POST", body, chunked=True).data == body


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("chunked", [False, True])
def test_any_method_may_have_a_body(alike, method, chunked):
    assert alike("/data", method, b"body", chunked=chunked).data == b"body"
    assert alike("/data", method).data == b""
