"""The ``side`` fixture that users get for the tests of their own applications."""

from __future__ import annotations

TESTS = """
    import pytest
    from dualapp import DualApp, request

    app = DualApp(__name__)
    app.add_url_rule("/", "view", lambda: str("asgi.scope" in request.environ))

    @pytest.fixture
    def client(side):
        return app.test_client(side=side)

    def test_explicit(client, side):
        assert client.get("/").text == str(side == "asgi")

    def test_by_default(side):
        assert app.test_client().side == side

    def test_without():
        assert app.test_client().side == "wsgi"
"""


def test_side_runs_each_test_on_both_sides(pytester, monkeypatch):
    monkeypatch.delenv("DUALAPP_TEST_SIDE", raising=False)
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_inprocess("-v", "-p", "no:cacheprovider", "-p", "no:asyncio")
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["*test_explicit?wsgi?*", "*test_explicit?asgi?*"])
