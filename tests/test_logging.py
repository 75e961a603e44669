"""The application's logger: its level, its handler, and the stream that handler writes to."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from dualapp import request
from dualapp.logging import (
    create_logger,
    default_handler,
    has_level_handler,
    wsgi_errors_stream,
)


@pytest.fixture(autouse=True)
def root(monkeypatch):
    """The root of loggers as in a fresh process, out of reach of pytest's own handlers."""
    root = logging.RootLogger(logging.WARNING)
    monkeypatch.setattr(logging.Logger, "manager", logging.Manager(root))
    return root


@pytest.fixture
def logger(app):
    return logging.getLogger(app.name)


class TestHasLevelHandler:
    @pytest.fixture
    def parent(self):
        logger = logging.Logger("parent")
        logger.propagate = False
        return logger

    @pytest.fixture
    def child(self, parent):
        logger = logging.Logger("child")
        logger.parent = parent
        return logger

    def test_none(self, child):
        assert not has_level_handler(child)

    @pytest.mark.parametrize("level", [logging.NOTSET, logging.INFO])
    def test_of_an_ancestor(self, parent, child, level):
        child.setLevel(logging.INFO)
        parent.addHandler(logging.NullHandler(level))
        assert has_level_handler(child)

    def test_too_high(self, child):
        child.setLevel(logging.INFO)
        child.addHandler(logging.NullHandler(logging.WARNING))
        assert not has_level_handler(child)

    def test_not_reached(self, parent, child):
        parent.addHandler(logging.NullHandler())
        child.propagate = False
        assert not has_level_handler(child)

    def test_inherited_level(self, parent, child):
        parent.setLevel(logging.ERROR)
        child.addHandler(logging.NullHandler(logging.WARNING))
        assert has_level_handler(child)


class TestCreateLogger:
    def test_bears_the_applications_name(self, app, logger):
        assert app.logger is logger
        assert logger.handlers == [default_handler]
        assert logger.level == logging.NOTSET

    def test_debug_mode_logs_everything(self, app):
        app.debug = True
        assert app.logger.level == logging.DEBUG

    def test_a_chosen_level_stays(self, app, logger):
        app.debug = True
        logger.setLevel(logging.ERROR)
        assert app.logger.level == logging.ERROR

    def test_configured_logging_takes_over(self, app, root):
        root.addHandler(logging.NullHandler())
        assert app.logger.handlers == []

    def test_twice_is_one_handler(self, app, logger):
        create_logger(app)
        create_logger(app)
        assert logger.handlers == [default_handler]


class TestErrorsStream:
    def test_outside_of_requests(self, monkeypatch):
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        assert wsgi_errors_stream._get_current_object() is stream

    def test_in_a_request_it_is_the_servers(self, app):
        stream = io.StringIO()
        with app.test_request_context(errors_stream=stream):
            assert wsgi_errors_stream._get_current_object() is stream
            app.logger.error("told")
        assert stream.getvalue().endswith("ERROR in test_logging: told\n")

    def test_every_side_has_one(self, app, client):
        @app.get("/")
        def is_the_same():
            return [wsgi_errors_stream._get_current_object() is request.environ["wsgi.errors"]]

        assert client.get("/").json == [True]


def test_exception_in_a_view_is_logged_with_its_traceback(app, client, logger, caplog):
    app.testing = False
    logger.addHandler(caplog.handler)

    @app.get("/broken")
    def broken():
        raise ValueError("out of order")

    assert client.get("/broken").status_code == 500
    [record] = caplog.records
    assert record.name == logger.name
    assert "/broken [GET]" in record.getMessage()
    assert record.exc_info[0] is ValueError
