"""The options ``--cert`` and ``--key``: where the certificate for HTTPS comes from."""

from __future__ import annotations

import importlib.util
import os
import sys
import typing as t

import click
from werkzeug.utils import import_string

if t.TYPE_CHECKING:
    import ssl

    ParamType = click.ParamType[t.Any]
else:
    ParamType = click.ParamType  # generic since click 8.2 only

#: What ``--cert`` and ``--key`` together say: the files of a certificate and of its key,
#: "adhoc", or a ready-made context.
Certificate = tuple[str, str] | str | t.Any


class CertParamType(ParamType):
    """A certificate: a file, the word ``adhoc``, or the import name of an ``SSLContext``."""

    name = "path"

    def __init__(self) -> None:
        self.path_type = click.Path(exists=True, dir_okay=False, resolve_path=True)

    def convert(
        self, value: t.Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> t.Any:
        """Give the file's full path, ``"adhoc"``, or the context object."""
        if not _is_importable("ssl"):
            self.fail("This Python was built without the ssl module, so no HTTPS.", param, ctx)
        try:
            return self.path_type.convert(value, param, ctx)
        except click.BadParameter:
            if str(value).lower() == "adhoc":
                return self._check_adhoc(param, ctx)
            context = _import_ssl_context(value)
            if context is None:
                raise
            return context

    def _check_adhoc(self, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _is_importable("cryptography"):
            self.fail(
                "A certificate made on the spot needs the package cryptography:"
                " pip install cryptography",
                param,
                ctx,
            )
        return "adhoc"


def _validate_key(ctx: click.Context, param: click.Parameter, value: t.Any) -> t.Any:
    """Put certificate and key together, or say which of the two must go or come."""
    cert = ctx.params.get("cert")
    is_file = isinstance(cert, str | os.PathLike) and cert != "adhoc"
    if is_file and value is None:
        raise click.BadParameter("The certificate's key is missing: add --key.", ctx, param)
    if value is not None and cert is None:
        raise click.BadParameter("A key is of no use without --cert.", ctx, param)
    if value is not None and not is_file:
        raise click.BadParameter(
            "--key is only for a certificate file; what --cert says has its key.", ctx, param
        )
    if is_file:
        ctx.params["cert"] = (cert, value)
    return value


def _is_importable(module_name: str) -> bool:
    if module_name in sys.modules:
        return sys.modules[module_name] is not None
    return importlib.util.find_spec(module_name) is not None


def _import_ssl_context(name: str) -> ssl.SSLContext | None:
    import ssl

    try:
        found = import_string(name, silent=True)
    except ValueError:  # not even the form of an import name
        return None
    return found if isinstance(found, ssl.SSLContext) else None
