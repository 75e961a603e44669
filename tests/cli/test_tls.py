"""``--cert`` and ``--key``."""

from __future__ import annotations

import ssl
import sys
from types import ModuleType

import click
import pytest

from dualapp.cli import run_command


def cert_of(*args):
    return run_command.make_context("run", list(args)).params["cert"]


@pytest.fixture
def pem(write):
    return str(write("some.pem"))


def test_none():
    assert cert_of() is None


def test_files_in_either_order(pem):
    assert cert_of("--cert", pem, "--key", pem) == (pem, pem)
    assert cert_of("--key", pem, "--cert", pem) == (pem, pem)


def test_paths_are_made_absolute(pem):
    assert cert_of("--cert", "some.pem", "--key", "some.pem") == (pem, pem)


def test_from_the_environment(pem, monkeypatch):
    monkeypatch.setenv("DUALAPP_RUN_CERT", pem)
    monkeypatch.setenv("DUALAPP_RUN_KEY", pem)
    assert cert_of() == (pem, pem)


def test_one_without_the_other(pem):
    with pytest.raises(click.BadParameter, match="add --key"):
        cert_of("--cert", pem)
    with pytest.raises(click.BadParameter, match="without --cert"):
        cert_of("--key", pem)


@pytest.mark.parametrize("cert", ["nothing", "./nothing", "os.path", "os"])
def test_neither_file_nor_context(cert):
    with pytest.raises(click.BadParameter, match="does not exist"):
        cert_of("--cert", cert)


def test_adhoc(monkeypatch, pem):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(click.BadParameter, match="pip install cryptography"):
        cert_of("--cert", "adhoc")
    monkeypatch.setitem(sys.modules, "cryptography", ModuleType("cryptography"))
    assert cert_of("--cert", "adhoc") == "adhoc"
    with pytest.raises(click.BadParameter, match="only for a certificate file"):
        cert_of("--cert", "adhoc", "--key", pem)


def test_context(monkeypatch, pem):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    monkeypatch.setitem(sys.modules, "my_context", context)
    assert cert_of("--cert", "my_context") is context
    with pytest.raises(click.BadParameter, match="only for a certificate file"):
        cert_of("--cert", "my_context", "--key", pem)


def test_python_without_ssl(monkeypatch, pem):
    monkeypatch.setitem(sys.modules, "ssl", None)
    with pytest.raises(click.BadParameter, match="without the ssl module"):
        cert_of("--cert", pem)
