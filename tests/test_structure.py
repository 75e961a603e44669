"""The package's structure: which way imports go, who knows loops and threads, names, sizes.

The rules are those of ``docs/design.md``. They are read off the source, not off what happens to be
loaded, so an import inside a function counts too. Only imports for annotations do not.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import types
import typing as t
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import dualapp

PACKAGE = Path(dualapp.__file__).parent

#: Lines above which a file holds more than one concept.
MAX_LINES = 500

#: What runs event loops and threads, or waits for them.
LOOPS_AND_THREADS = {
    "_thread",
    "anyio",
    "asgiref",
    "asyncio",
    "concurrent",
    "gevent",
    "greenlet",
    "multiprocessing",
    "queue",
    "sched",
    "selectors",
    "socket",
    "subprocess",
    "threading",
    "uvloop",
}
#: Folders and modules outside ``dualapp.sides`` that may use them, and why.
MAY_USE_THEM = {
    "dualapp.alias": "modules are imported by several threads at once, so a finder takes a lock",
    "dualapp.testing": "the test client plays the server, which on ASGI has an event loop",
    "dualapp.lab": "the lab starts servers and loads them",
}

#: What tells sync functions from async ones before they are called.
COLOUR_TESTS = {"iscoroutinefunction", "isasyncgenfunction", "markcoroutinefunction"}


class Import(t.NamedTuple):
    """One import statement: the module it is in, what it names, and when it runs."""

    where: str
    target: str
    when_loaded: bool


def _name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {_name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in SOURCES.items()}


def _is_for_annotations(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def _statements(node: ast.AST, when_loaded: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Give every import statement below a node, and whether importing the module runs it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, when_loaded
        elif not _is_for_annotations(child):
            in_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _statements(child, when_loaded and not in_function)


def _targets(module: str, node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            is_package = SOURCES[module].name == "__init__.py"
            parts = module.split(".")
            above = parts[: len(parts) - node.level + is_package]
            base = ".".join([*above, *([node.module] if node.module else [])])
        for alias in node.names:
            submodule = f"{base}.{alias.name}"
            yield submodule if submodule in SOURCES else base


IMPORTS = [
    Import(module, target, when_loaded)
    for module, tree in TREES.items()
    for node, when_loaded in _statements(tree, True)
    for target in _targets(module, node)
]


def _is_in(module: str, *places: str) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def _reached(start: str) -> set[str]:
    """Give the modules of the package that importing this one loads, its parents apart."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting += [
                i.target
                for i in IMPORTS
                if i.where == module and i.when_loaded and _is_in(i.target, "dualapp")
            ]
    return found - {start}


# -- which way imports go ----------------------------------------------------------------------


def test_the_reader_of_imports_sees_what_is_there() -> None:
    assert Import("dualapp.core.lifecycle", "dualapp.core.calls", True) in IMPORTS
    assert Import("dualapp.sides.entry", "dualapp.sides.asgi", False) in IMPORTS, (
        "inside a function"
    )
    assert Import("dualapp.sides.wsgi", "dualapp.core.lifecycle", True) in IMPORTS
    assert not [i for i in IMPORTS if i.where == "dualapp.sides.wsgi" and i.target == "dualapp.app"]


def test_the_core_imports_neither_the_sides_nor_the_application() -> None:
    wrong = [
        i
        for i in IMPORTS
        if _is_in(i.where, "dualapp.core") and _is_in(i.target, "dualapp.sides", "dualapp.app")
    ]
    assert wrong == []


@pytest.mark.parametrize("module", [name for name in SOURCES if _is_in(name, "dualapp.core")])
def test_the_core_needs_no_gateway_even_at_second_hand(module: str) -> None:
    reached = {name for name in _reached(module) if _is_in(name, "dualapp.sides", "dualapp.app")}
    if module == "dualapp.core.application":
        # The registry hands out contexts and templates; sync code that uses these may have to wait.
        assert reached <= {"dualapp.sides.blocking", *_reached("dualapp.sides.blocking")}
    else:
        assert reached == set()


def test_importing_goes_round_in_no_circle() -> None:
    graph = {
        module: {
            i.target
            for i in IMPORTS
            if i.where == module and i.when_loaded and i.target in SOURCES and i.target != module
        }
        for module in SOURCES
    }
    order = list(TopologicalSorter(graph).static_order())
    assert order.index("dualapp.core.lifecycle") < order.index("dualapp.app")


def test_the_sides_do_not_import_the_application() -> None:
    wrong = [
        i for i in IMPORTS if _is_in(i.where, "dualapp.sides") and _is_in(i.target, "dualapp.app")
    ]
    assert wrong == []


def test_only_the_application_leads_to_the_two_gateways() -> None:
    gateways = ("dualapp.sides.wsgi", "dualapp.sides.asgi")
    users = {i.where for i in IMPORTS if i.target in gateways}
    assert {name for name in users if not _is_in(name, "dualapp.sides")} == {"dualapp.app"}


def test_the_framework_does_not_import_what_stands_around_it() -> None:
    tools = ("dualapp.testing", "dualapp.pytest_plugin", "dualapp.lab", "dualapp.check")
    wrong = [
        i
        for i in IMPORTS
        if i.when_loaded and _is_in(i.target, *tools) and not _is_in(i.where, *tools, "dualapp.cli")
    ]
    assert wrong == []


def test_the_package_never_imports_flask() -> None:
    assert [i for i in IMPORTS if _is_in(i.target, "flask", "quart")] == []


def test_importing_the_package_leaves_out_what_many_processes_do_not_need() -> None:
    """What it costs is measured by ``tests/benchmarks/startup.py``."""
    not_needed = {*LOOPS_AND_THREADS - {"threading"}, "click", "importlib.metadata"}
    modules = _reached("dualapp")
    assert {"dualapp.sides.wsgi", "dualapp.json.provider"} <= modules
    loaded = {i for i in IMPORTS if i.when_loaded and i.where in modules | {"dualapp"}}
    assert [i for i in loaded if _is_in(i.target, *not_needed)] == []


# -- who knows loops and threads ---------------------------------------------------------------


def test_only_the_sides_know_event_loops_threads_and_sockets() -> None:
    wrong = [
        (i.where, i.target)
        for i in IMPORTS
        if i.target.partition(".")[0] in LOOPS_AND_THREADS
        and not _is_in(i.where, "dualapp.sides", *MAY_USE_THEM)
    ]
    assert wrong == []


def test_one_file_decides_what_is_async() -> None:
    users = {
        module
        for module, tree in TREES.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in COLOUR_TESTS)
        or (isinstance(node, ast.Name) and node.id in COLOUR_TESTS)
    }
    assert users == {"dualapp.sides.colour"}


# -- sizes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", SOURCES)
def test_a_file_holds_one_concept(module: str) -> None:
    lines = len(SOURCES[module].read_text("utf-8").splitlines())
    assert lines <= MAX_LINES


# -- names -------------------------------------------------------------------------------------

#: The names of the ``flask`` namespace in Flask 3.1.3; its submodules are below.
FLASK_NAMES = {
    "Blueprint",
    "Config",
    "Flask",
    "Request",
    "Response",
    "abort",
    "after_this_request",
    "appcontext_popped",
    "appcontext_pushed",
    "appcontext_tearing_down",
    "before_render_template",
    "copy_current_request_context",
    "current_app",
    "flash",
    "g",
    "get_flashed_messages",
    "get_template_attribute",
    "got_request_exception",
    "has_app_context",
    "has_request_context",
    "jsonify",
    "make_response",
    "message_flashed",
    "redirect",
    "render_template",
    "render_template_string",
    "request",
    "request_finished",
    "request_started",
    "request_tearing_down",
    "send_file",
    "send_from_directory",
    "session",
    "stream_template",
    "stream_template_string",
    "stream_with_context",
    "template_rendered",
    "url_for",
}
OWN_NAMES = {"DualApp", "install_as_flask", "nonblocking"}

#: Names that extensions, tools and applications take from Flask's submodules.
MODULE_NAMES = {
    "app": "Flask HTTPException MapAdapter Request Response Rule",
    "blueprints": "Blueprint BlueprintSetupState",
    "cli": """
        AppGroup FlaskGroup NoAppException ScriptInfo cli click find_app_by_string find_best_app
        get_version load_dotenv locate_app main pass_script_info prepare_import routes_command
        run_command shell_command show_server_banner version_option with_appcontext
    """,
    "config": "Config ConfigAttribute",
    "ctx": """
        AppContext RequestContext _AppCtxGlobals after_this_request copy_current_request_context
        has_app_context has_request_context
    """,
    "debughelpers": """
        DebugFilesKeyError FormDataRoutingRedirect UnexpectedUnicodeError
        attach_enctype_error_multidict explain_template_loading_attempts
    """,
    "globals": "_cv_app _cv_request app_ctx current_app g request request_ctx session",
    "helpers": """
        abort flash get_debug_flag get_flashed_messages get_load_dotenv get_root_path
        get_template_attribute make_response redirect send_file send_from_directory
        stream_with_context url_for werkzeug
    """,
    "json": "dump dumps jsonify load loads provider tag",
    "json.provider": "DefaultJSONProvider JSONProvider",
    "json.tag": "JSONTag TaggedJSONSerializer",
    "logging": "create_logger default_handler has_level_handler wsgi_errors_stream",
    "sansio.app": "App",
    "sansio.blueprints": "Blueprint BlueprintSetupState",
    "sansio.scaffold": "Scaffold _endpoint_from_view_func setupmethod",
    "sessions": """
        NullSession SecureCookieSession SecureCookieSessionInterface SessionInterface SessionMixin
        TaggedJSONSerializer session_json_serializer
    """,
    "signals": """
        Namespace appcontext_popped appcontext_pushed appcontext_tearing_down
        before_render_template got_request_exception message_flashed request_finished
        request_started request_tearing_down template_rendered
    """,
    "templating": """
        DispatchingJinjaLoader Environment _default_template_ctx_processor _render render_template
        render_template_string stream_template stream_template_string
    """,
    "testing": "EnvironBuilder FlaskCliRunner FlaskClient",
    "typing": """
        AfterRequestCallable AppOrBlueprintKey BeforeFirstRequestCallable BeforeRequestCallable
        ErrorHandlerCallable HeaderValue HeadersValue ResponseReturnValue ResponseValue
        RouteCallable ShellContextProcessorCallable TeardownCallable
        TemplateContextProcessorCallable TemplateFilterCallable TemplateGlobalCallable
        TemplateTestCallable URLDefaultCallable URLValuePreprocessorCallable
    """,
    "views": "MethodView View http_method_funcs",
    "wrappers": "Request Response",
}


#: Names of modules that Flask does not have, which docs/api.md describes.
OWN_MODULE_NAMES = {"json.fast": "MsgspecProvider OrjsonProvider"}


def test_the_public_names_are_these_and_no_others() -> None:
    found = {
        name
        for name, value in vars(dualapp).items()
        if not name.startswith("_")
        and not isinstance(value, types.ModuleType)
        and name != "annotations"
    }
    assert found == FLASK_NAMES | OWN_NAMES


def test_the_version_is_that_of_the_distribution() -> None:
    assert dualapp.__version__ == importlib.metadata.version("dualapp")


@pytest.mark.parametrize("module", OWN_MODULE_NAMES)
def test_a_module_of_our_own_has_these_public_names_and_no_others(module: str) -> None:
    ours = importlib.import_module(f"dualapp.{module}")
    defined = {
        name
        for name, value in vars(ours).items()
        if isinstance(value, type) and value.__module__ == ours.__name__ and name[0] != "_"
    }
    assert defined == set(OWN_MODULE_NAMES[module].split())
    page = (Path(__file__).parents[1] / "docs" / "api.md").read_text("utf-8")
    assert [name for name in defined if f"dualapp.{module}.{name}\n" not in page] == []


@pytest.mark.parametrize("module", MODULE_NAMES)
def test_a_module_has_the_names_that_are_taken_from_flask(module: str) -> None:
    ours = importlib.import_module(f"dualapp.{module}")
    assert [name for name in MODULE_NAMES[module].split() if not hasattr(ours, name)] == []
