"""Names that Flask's modules hold, and whose home is elsewhere: most because Flask imports them.

Code in the wild takes a name from where it first found it (``from flask.helpers import request``),
and replaces it there. Where ``flask`` leads to dualapp, :mod:`.finder` looks here for a name that a
module of ours does not hold; so our modules need not import what they do not use.
"""

from __future__ import annotations

import importlib
import typing as t

#: Stands for "the modules themselves", in place of a home.
MODULES = ""

#: By module of Flask: home → names. ``name=other`` is called ``other`` at home.
ELSEWHERE: dict[str, dict[str, str]] = {
    "app": {
        MODULES: "cabc=collections.abc cli=dualapp.cli click sys weakref",
        "datetime": "timedelta",
        "dualapp.globals": "current_app request_ctx",
        "dualapp.helpers": """
            get_debug_flag get_flashed_messages get_load_dotenv send_from_directory
        """,
        "dualapp.sansio.app": """
            App T_shell_context_processor T_teardown T_template_filter T_template_global
            T_template_test _make_timedelta
        """,
        "dualapp.sansio.scaffold": "_sentinel",
        "dualapp.signals": """
            appcontext_tearing_down got_request_exception request_finished request_started
            request_tearing_down
        """,
        "inspect": "iscoroutinefunction",
        "itertools": "chain",
        "types": "TracebackType",
        "urllib.parse": "_url_quote=quote",
        "werkzeug.datastructures": "Headers",
        "werkzeug.exceptions": "BadRequestKeyError InternalServerError",
        "werkzeug.serving": "is_running_from_reloader",
        "werkzeug.wrappers": "BaseResponse=Response",
    },
    "blueprints": {
        "datetime": "timedelta",
        "dualapp.cli": "AppGroup",
        "dualapp.globals": "current_app",
        "dualapp.helpers": "send_from_directory",
        "dualapp.sansio.blueprints": "SansioBlueprint=Blueprint",
    },
    "ctx": {
        MODULES: "ft=dualapp.typing",
        "dualapp.signals": "appcontext_popped appcontext_pushed",
    },
    "debughelpers": {
        "dualapp.blueprints": "Blueprint",
        "dualapp.globals": "request_ctx",
        "dualapp.sansio.app": "App",
    },
    "globals": {"dualapp.globals": "_no_app_msg=_NO_APP _no_req_msg=_NO_REQUEST"},
    "helpers": {MODULES: "importlib sys", "functools": "cache update_wrapper"},
    "json.provider": {MODULES: "decimal uuid"},
    "logging": {"dualapp.globals": "request"},
    "sansio.app": {
        MODULES: "ft=dualapp.typing logging os sys",
        "datetime": "timedelta",
        "dualapp.config": "Config ConfigAttribute",
        "dualapp.ctx": "_AppCtxGlobals",
        "dualapp.helpers": "_split_blueprint_path get_debug_flag",
        "dualapp.json.provider": "DefaultJSONProvider JSONProvider",
        "dualapp.logging": "create_logger",
        "dualapp.sansio.scaffold": "Scaffold _endpoint_from_view_func find_package setupmethod",
        "dualapp.templating": "DispatchingJinjaLoader Environment",
        "itertools": "chain",
        "werkzeug.exceptions": "Aborter BadRequest BadRequestKeyError",
        "werkzeug.routing": "BuildError Map Rule",
        "werkzeug.sansio.response": "Response",
        "werkzeug.utils": "_wz_redirect=redirect cached_property",
    },
    "sansio.blueprints": {
        MODULES: "ft=dualapp.typing os t=typing",
        "collections": "defaultdict",
        "dualapp.sansio.scaffold": "Scaffold _endpoint_from_view_func _sentinel setupmethod",
        "functools": "update_wrapper",
    },
    "sansio.scaffold": {
        MODULES: "ft=dualapp.typing importlib os pathlib sys t=typing",
        "collections": "defaultdict",
        "dualapp.helpers": "get_root_path",
        "dualapp.templating": "_default_template_ctx_processor",
        "functools": "update_wrapper",
        "jinja2": "BaseLoader FileSystemLoader",
        "werkzeug.exceptions": "HTTPException default_exceptions",
        "werkzeug.utils": "cached_property",
    },
    "sessions": {
        MODULES: "c=collections.abc",
        "datetime": "timezone",
        "dualapp.sessions": "_lazy_sha1=_sha1",
        "itsdangerous": "BadSignature",
    },
    "templating": {"dualapp.globals": "current_app request"},
    "testing": {
        MODULES: "importlib t=typing werkzeug",
        "click.testing": "CliRunner Result",
        "contextlib": "ExitStack contextmanager",
        "copy": "copy",
        "dualapp.cli": "ScriptInfo",
        "dualapp.sessions": "SessionMixin",
        "dualapp.testing.client": "_get_werkzeug_version",
        "types": "TracebackType",
        "urllib.parse": "urlsplit",
        "werkzeug.test": "Client",
        "werkzeug.wrappers": "BaseRequest=Request",
    },
    "typing": {MODULES: "cabc=collections.abc"},
    "views": {"dualapp.sansio.scaffold": "F"},
    "wrappers": {
        "dualapp.globals": "current_app",
        "werkzeug.wrappers": "RequestBase=Request ResponseBase=Response",
    },
}


def find(module: str, name: str) -> t.Any:
    """Give what a module of Flask has under a name whose home is elsewhere.

    Args:
        module: The module, without the "flask." before it.
        name: The name.

    Raises:
        LookupError: Flask's module has no such name, or it is not one of these.
    """
    for home, names in ELSEWHERE.get(module, {}).items():
        for entry in names.split():
            here, _, there = entry.partition("=")
            if here == name:
                return _fetch(home, there or here)
    raise LookupError(name)


def _fetch(home: str, name: str) -> t.Any:
    if home == MODULES:
        return importlib.import_module(name)
    return getattr(importlib.import_module(home), name)
