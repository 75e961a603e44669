"""The development server: ``dualapp run`` and ``app.run()``."""

from __future__ import annotations

import pytest
import werkzeug.serving

import dualapp.cli
from dualapp import DualApp
from dualapp.cli import FlaskGroup, show_server_banner


class Calls(list):
    """Stands for werkzeug's ``run_simple``."""

    def __call__(self, host, port, app, **options):
        self.append((host, port, app, options))


@pytest.fixture
def served(monkeypatch):
    calls = Calls()
    monkeypatch.setattr(dualapp.cli, "run_simple", calls)
    monkeypatch.setattr(werkzeug.serving, "run_simple", calls)
    return calls


class TestCommand:
    app = DualApp("shop")

    def run(self, runner, *args, **kwargs):
        result = runner.invoke(FlaskGroup(create_app=lambda: self.app), args, **kwargs)
        assert result.exit_code == 0, result.output
        return result

    def test_defaults(self, runner, served):
        result = self.run(runner, "run")
        options = {
            "use_reloader": False,
            "use_debugger": False,
            "threaded": True,
            "ssl_context": None,
            "extra_files": None,
            "exclude_patterns": None,
        }
        assert served == [("127.0.0.1", 5000, self.app, options)]
        assert "Debug mode: off" in result.output
        assert "For development only" in result.output

    @pytest.mark.parametrize(
        ("args", "reloader", "debugger"),
        [
            (["--debug", "run"], True, True),
            (["run", "--debug"], True, True),
            (["--debug", "run", "--no-debug"], False, False),
            (["--debug", "run", "--no-reload"], False, True),
            (["--debug", "run", "--no-debugger"], True, False),
            (["run", "--reload"], True, False),
            (["run", "--debugger"], False, True),
        ],
    )
    def test_debug_mode(self, runner, served, args, reloader, debugger):
        self.run(runner, *args)
        options = served[0][3]
        assert (options["use_reloader"], options["use_debugger"]) == (reloader, debugger)

    def test_options(self, runner, served, write):
        write("a.txt")
        self.run(
            runner,
            *("run", "-h", "0.0.0.0", "-p", "8000", "--without-threads"),
            *("--extra-files", "a.txt:b.txt", "--exclude-patterns", "*.a:b*"),
        )
        host, port, _, options = served[0]
        assert (host, port, options["threaded"]) == ("0.0.0.0", 8000, False)
        assert options["extra_files"] == ["a.txt", "b.txt"]
        assert options["exclude_patterns"] == ["*.a", "b*"]

    def test_environment(self, runner, served):
        env = {
            "FLASK_RUN_PORT": "8001",
            "FLASK_RUN_HOST": "a.example",
            "DUALAPP_RUN_HOST": "b.example",
            "FLASK_RUN_EXTRA_FILES": "a:b",
            "DUALAPP_RUN_DEBUG": "1",
            "DUALAPP_RUN_RELOAD": "0",
        }
        self.run(runner, "run", env=env)
        host, port, _, options = served[0]
        assert (host, port, options["extra_files"]) == ("b.example", 8001, ["a", "b"])
        assert (options["use_reloader"], options["use_debugger"]) == (False, True)

    @pytest.mark.parametrize("option", ["--workers", "--threads"])
    def test_refuses_options_of_production_servers(self, runner, served, option):
        result = runner.invoke(FlaskGroup(create_app=lambda: self.app), ["run", option, "2"])
        assert result.exit_code == 2
        assert f"{option} does not go with --server dev" in result.stderr
        assert served == []

    def test_names_the_production_command(self, runner, served, write):
        write("a_shop.py", "from dualapp import DualApp\nweb = DualApp('web')\n")
        result = runner.invoke(FlaskGroup(), ["--app", "a_shop:web", "run"])
        assert "dualapp --app a_shop:web run --server gunicorn" in result.output
        assert "Serving the dualapp application 'a_shop:web'" in result.output

    def test_a_replaced_banner_is_used(self, runner, served, monkeypatch):
        shown = []
        monkeypatch.setattr(dualapp.cli, "show_server_banner", lambda *args: shown.append(args))
        result = self.run(runner, "run")
        assert shown == [(False, None)]
        assert "Debug mode" not in result.output

    def test_a_broken_application_ends_the_run(self, runner, served):
        def broken():
            raise LookupError("no database")

        result = runner.invoke(FlaskGroup(create_app=broken), ["run"])
        assert isinstance(result.exception, LookupError)
        assert served == []

    def test_a_broken_application_is_served_as_its_error_while_reloading(
        self, runner, served, monkeypatch
    ):
        def broken():
            raise LookupError("no database")

        monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
        result = runner.invoke(FlaskGroup(create_app=broken), ["run"])
        assert result.exit_code == 0
        assert "LookupError: no database" in result.stderr
        with pytest.raises(LookupError, match="no database"):
            served[0][2]({}, None)


class TestBanner:
    def test_what_it_says(self, capsys):
        show_server_banner(True, "shop")
        show_server_banner(False, None)
        show_server_banner(None, None)
        lines = capsys.readouterr().out.splitlines()
        assert lines == [
            " * Serving the dualapp application 'shop'",
            " * Debug mode: on",
            " * Debug mode: off",
        ]

    def test_not_again_while_reloading(self, capsys, monkeypatch):
        monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
        show_server_banner(True, "shop")
        assert capsys.readouterr().out == ""


class TestAppRun:
    @pytest.fixture
    def app(self):
        return DualApp("shop")

    def test_defaults(self, app, served, capsys):
        app.run()
        options = {"use_reloader": False, "use_debugger": False, "threaded": True}
        assert served == [("127.0.0.1", 5000, app, options)]
        assert "'shop'" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("server_name", "host", "port", "address"),
        [
            ("a.example", None, None, ("a.example", 5000)),
            ("a.example:80", None, None, ("a.example", 80)),
            ("a.example:0", None, None, ("a.example", 0)),
            (":8080", None, None, ("127.0.0.1", 8080)),
            ("a.example:80", "b.example", None, ("b.example", 80)),
            ("a.example:80", None, 99, ("a.example", 99)),
            ("a.example:80", None, 0, ("a.example", 0)),
            (None, "", "8", ("127.0.0.1", 8)),
        ],
    )
    def test_address(self, app, served, server_name, host, port, address):
        app.config["SERVER_NAME"] = server_name
        app.run(host, port)
        assert served[0][:2] == address

    def test_debug_turns_reloader_and_debugger_on(self, app, served):
        app.run(debug=True, use_reloader=False, passthrough_errors=True)
        assert app.debug is True
        assert served[0][3] == {
            "use_reloader": False,
            "use_debugger": True,
            "threaded": True,
            "passthrough_errors": True,
        }

    @pytest.mark.parametrize("variable", ["FLASK_DEBUG", "DUALAPP_DEBUG"])
    def test_debug_from_the_environment(self, app, served, monkeypatch, variable):
        monkeypatch.setenv(variable, "1")
        app.run(load_dotenv=False)
        assert app.debug is False
        app.run()
        assert app.debug is True
        app.run(debug=False)
        assert app.debug is False

    def test_debug_from_a_file(self, app, served, write):
        write(".env", "FLASK_DEBUG=1\n")
        app.run()
        assert app.debug is True

    def test_ignored_under_the_command_line(self, app, served, monkeypatch, capsys):
        monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
        app.run()
        assert served == []
        assert "__main__" in capsys.readouterr().out
        monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
        app.run()
        assert capsys.readouterr().out == ""

    def test_afterwards_more_can_be_registered(self, app, monkeypatch):
        def interrupted(*args, **kwargs):
            app._got_first_request = True
            raise KeyboardInterrupt

        monkeypatch.setattr(werkzeug.serving, "run_simple", interrupted)
        with pytest.raises(KeyboardInterrupt):
            app.run()
        app.add_url_rule("/later", view_func=lambda: "later")
        assert app.view_functions
