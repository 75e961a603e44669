"""Hosts, paths, queries and static files: what Flask answers, alike on both sides."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from dualapp import redirect, request, url_for


@pytest.fixture(autouse=True)
def _views(app):
    """Views that show how their URL was understood; every error has an answer."""
    app.testing = False

    @app.get("/host")
    def host():
        return [request.host, request.url]

    @app.get("/path/<path:rest>")
    async def path(rest):
        return [rest, request.path, request.full_path, request.url]

    @app.get("/args")
    def args():
        return request.args.to_dict(False)

    @app.get("/slash/")
    async def slash():
        return url_for("path", rest="é/x", q="a b&ü")

    @app.get("/go")
    def go():
        return redirect(request.args["to"])


# hosts

ODD_HOSTS = ["", "a@b", "a/b?x=", "foo\\bar", "exa mple", "\xe4.com", "[::1", "a,b", "a:b", "<a>"]


@pytest.mark.parametrize(
    "host", ["localhost", "example.com", "example.com:443", "[::1]", "1.2.3.4"]
)
def test_a_host_is_taken_as_it_is(app, alike, host):
    sent = alike("/host", HTTP_HOST=host)
    assert app.json.loads(sent.data) == [host, f"http://{host}/host"]
    assert alike("/slash", HTTP_HOST=host).header("Location") == f"http://{host}/slash/"


@pytest.mark.werkzeug_fix
@pytest.mark.parametrize("host", ODD_HOSTS)
def test_s16_an_odd_host_is_no_host(app, alike, host):
    sent = alike("/host", HTTP_HOST=host)
    assert app.json.loads(sent.data) == ["", "http:///host"]
    assert alike("/slash", HTTP_HOST=host).header("Location") == "http:///slash/"


@pytest.mark.parametrize(
    "host",
    [*ODD_HOSTS, "localhost", "exampleXcom", "example.com.evil", "evil-example.com",
     "example.com@e", "[::1]:80", "sub.example.com"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/host", "/slash", "/nowhere", "/static/a.txt"])
def test_s16_a_host_that_is_not_trusted_is_a_400(app, alike, host, path):
    app.config["TRUSTED_HOSTS"] = ["example.com"]
    assert alike(path, HTTP_HOST=host).code == 400


@pytest.mark.parametrize("host", ["example.com", "example.com:80", "example.com:8080"])
def test_a_trusted_host_passes(app, alike, host):
    app.config["TRUSTED_HOSTS"] = ["example.com"]
    assert alike("/host", HTTP_HOST=host).code == 200


def test_subdomains_of_a_trusted_host_pass_where_they_may(app, alike):
    app.config["TRUSTED_HOSTS"] = [".example.com"]
    assert alike("/host", HTTP_HOST="sub.example.com").code == 200
    assert alike("/host", HTTP_HOST="badexample.com").code == 400


def test_an_error_handler_sees_a_host_that_is_not_trusted(app, alike):
    app.config["TRUSTED_HOSTS"] = ["example.com"]
    app.register_error_handler(400, lambda error: (type(error).__name__, 400))
    assert alike("/host", HTTP_HOST="evil").text == "SecurityError"


# paths and queries


@pytest.mark.parametrize(
    ("path_info", "rest"),
    [
        ("caf\xc3\xa9", "café"),
        ("\xe6\xbc\xa2", "漢"),
        ("\xff", "\ufffd"),
        ("\xef\xbf\xbd", "\ufffd"),
        ("a\0b", "a\0b"),
        ("a%2fb", "a%2fb"),
        ("%ff", "%ff"),
        ("%", "%"),
        ("a b", "a b"),
        ("a;b", "a;b"),
        ("a?b", "a?b"),
        ("a\\b", "a\\b"),
        ("..", ".."),
        ("a/../b", "a/../b"),
        ("a//b", "a//b"),
        ("a/", "a/"),
        ("\x7f", "\x7f"),
    ],
)
def test_w09_paths_are_understood_alike(app, alike, path_info, rest):
    sent = alike(f"/path/{path_info}")
    found = app.json.loads(sent.data)
    assert found[:3] == [rest, f"/path/{rest}", f"/path/{rest}?"]
    assert found[3].startswith("http://localhost/path/")


@pytest.mark.parametrize("script_name", ["/app", "/a/b", "/caf\xc3\xa9"])
def test_w10_prefixes_are_understood_alike(app, alike, script_name):
    sent = alike("/slash/", SCRIPT_NAME=script_name)
    shown = script_name.encode("latin-1").decode()
    assert sent.text == f"{shown}/path/%C3%A9/x?q=a+b%26%C3%BC"
    location = alike("/slash", SCRIPT_NAME=script_name, QUERY_STRING="a=1").header("Location")
    assert location == f"http://localhost{quote(shown)}/slash/?a=1"


@pytest.mark.parametrize(
    ("query", "args"),
    [
        ("", {}),
        ("a", {"a": [""]}),
        ("a=1&a=2&b=3", {"a": ["1", "2"], "b": ["3"]}),
        ("=", {"": [""]}),
        ("&&&", {}),
        ("%", {"%": [""]}),
        ("%zz=1", {"%zz": ["1"]}),
        ("a=%ff", {"a": ["%FF"]}),
        ("a=\xff", {"a": ["%FF"]}),
        ("a=\xc3\xa9", {"a": ["é"]}),
        ("a=%00", {"a": ["\0"]}),
        ("a=1;b=2", {"a": ["1;b=2"]}),
        ("a=+b", {"a": [" b"]}),
    ],
)
def test_w09_queries_are_understood_alike(app, alike, query, args):
    assert app.json.loads(alike("/args", QUERY_STRING=query).data) == args
    assert alike("/path/x", QUERY_STRING=query).code == 200


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "//evil.com/%2e%2e", "/\\evil.com", "//evil.com/slash", "/%2f%2fevil.com",
     "/path", "*", "/path/\x1b[31m\nFAKE", "/" + "a" * 20_000],
)  # fmt: skip
def test_paths_that_lead_nowhere_are_a_404(alike, path):
    sent = alike(path)
    assert (sent.code, sent.header("Location")) == (404, None)


@pytest.mark.parametrize(
    ("path", "location"),
    [("/slash", "/slash/"), ("//slash", "/slash/"), ("/slash//", "/slash/")],
)
def test_s17_a_redirect_to_the_right_path_keeps_our_host(alike, path, location):
    assert alike(path).header("Location") == f"http://localhost{location}"


@pytest.mark.parametrize("method", ["PURGE_ALL", "__INIT__", "TRACE", "CONNECT", "FOO BAR", "POST"])
def test_s25_unknown_methods_are_a_405(alike, method):
    sent = alike("/slash/", method)
    assert (sent.code, set((sent.header("Allow") or "").split(", "))) == (
        405,
        {"GET", "HEAD", "OPTIONS"},
    )


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/x", "/x"),
        ("/ä b", "/%C3%A4%20b"),
        ("/\0", "/%00"),
        ("\\evil", "%5Cevil"),
        ("%0d%0a", "%0d%0a"),
    ],
)
def test_redirects_are_written_as_urls(alike, target, location):
    sent = alike("/go", QUERY_STRING=f"to={quote(target)}")
    assert (sent.code, sent.header("Location")) == (302, location)


# static files


@pytest.fixture
def static(app, tmp_path):
    """A folder of static files, and secrets around it."""
    folder = tmp_path / "static"
    (folder / "inner").mkdir(parents=True)
    (tmp_path / "static_private").mkdir()
    (folder / "a.txt").write_text("public")
    (folder / "inner" / "b.txt").write_text("public")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "static_private" / "secret.txt").write_text("secret")
    app.static_folder = str(folder)
    return folder


def test_static_files_are_sent(static, alike):
    assert alike("/static/a.txt").text == "public"
    assert alike("/static/inner/b.txt").text == "public"
    head = alike("/static/a.txt", "HEAD")
    assert (head.data, head.header("Content-Length")) == (b"", "6")
    assert alike("/static/a.txt", HTTP_RANGE="bytes=1-2").text == "ub"
    assert alike("/static/a.txt", HTTP_IF_NONE_MATCH=head.header("ETag")).code == 304


@pytest.mark.parametrize(
    "path",
    ["../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "..\\secret.txt",
     "inner/../../secret.txt", "../static_private/secret.txt", "a.txt/../../secret.txt", "a.txt\0",
     "../secret.txt\0.txt", "", ".", "inner", "inner/", "nothing.txt", "CON", "con.txt ",
     "x/NUL/y", "\\\\h\\s", "~/a", "a.txt/..", "../" * 20 + "etc/passwd", "\xff",
     "\xc0\xae\xc0\xae/secret.txt", "a" * 5000, "a/" * 2000],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_s23_what_is_not_a_static_file_is_a_404(static, alike, path, method):
    sent = alike(f"/static/{path}", method)
    assert sent.code == 404
    assert b"secret" not in sent.data or "secret" in path


def test_s23_an_absolute_path_is_no_static_file(static, alike):
    outside = static.parent / "secret.txt"
    sent = alike(f"/static/{outside}")
    assert (sent.code, sent.header("Location")) == (308, f"http://localhost/static{outside}")
    assert alike(f"/static{outside}").code == 404


@pytest.mark.werkzeug_fix
@pytest.mark.parametrize(
    ("ranges", "code"),
    [
        ("bytes=0-0", 206),
        ("bytes=-1", 206),
        ("bytes=5-2", 416),
        ("bytes=99-", 416),
        ("bytes=-0", 416),
        ("bytes=-99999999999", 416),
        ("bytes=a-b", 416),
        ("bytes=0-0,1-1", 416),
        ("bytes=" + ",".join(["0-1"] * 2000), 416),
        ("bytes=" + "9" * 5000 + "-", 416),
        ("bytes=\xd9\xa3-", 416),
        ("items=0-1", 416),
        ("bytes", 416),
    ],
    ids=range(13),
)
def test_s24_ranges_of_a_static_file(static, alike, ranges, code):
    assert alike("/static/a.txt", HTTP_RANGE=ranges).code == code
