"""Groups of commands, and which commands a command line has."""

from __future__ import annotations

import asyncio
import os

import click
import pytest

from dualapp import DualApp
from dualapp.cli import AppGroup, DualAppGroup, FlaskGroup, ScriptInfo
from dualapp.globals import current_app


@pytest.fixture
def info():
    return ScriptInfo(create_app=lambda: DualApp("shop"))


def create_app():
    app = DualApp("shop")

    @app.cli.command()
    def show():
        click.echo(f"{current_app.name} {current_app.debug}")

    @app.cli.command(with_appcontext=False)
    def bare():
        click.echo(f"bare {bool(current_app)}")

    return app


class TestAppGroup:
    def test_commands_have_the_application(self, runner, info):
        group = AppGroup("group")

        @group.command()
        def inside():
            click.echo(current_app.name)

        @group.command(with_appcontext=False)
        def outside():
            click.echo(bool(current_app))

        assert runner.invoke(group, ["inside"], obj=info).output == "shop\n"
        assert runner.invoke(group, ["outside"], obj=info).output == "False\n"

    def test_click_sees_name_help_and_parameters(self, runner, info):
        group = AppGroup("group")

        @group.command("count", short_help="Counts.")
        @click.argument("what")
        @click.option("--by", type=int)
        def command(what, by):
            """Count something."""
            click.echo((what, by))

        assert command.name == "count"
        assert command.help == "Count something."
        assert runner.invoke(group, ["count", "x", "--by", "2"], obj=info).output == "('x', 2)\n"
        assert "Counts." in runner.invoke(group, ["--help"], obj=info).output

    def test_async_commands(self, runner, info):
        group = AppGroup("group")

        @group.command()
        async def inside():
            await asyncio.sleep(0)
            click.echo(current_app.name)

        @group.command(with_appcontext=False)
        @click.pass_obj
        async def outside(obj):
            await asyncio.sleep(0)
            click.echo((bool(current_app), type(obj).__name__))

        assert runner.invoke(group, ["inside"], obj=info).output == "shop\n"
        assert runner.invoke(group, ["outside"], obj=info).output == "(False, 'ScriptInfo')\n"

    async def test_async_command_called_while_a_loop_runs(self, runner, info):
        group = AppGroup("group")

        @group.command()
        async def inside():
            await asyncio.sleep(0)
            click.echo(current_app.name)

        assert runner.invoke(group, ["inside"], obj=info).output == "shop\n"

    def test_an_error_in_an_async_command_comes_out(self, runner, info):
        group = AppGroup("group")

        @group.command()
        async def fails():
            await asyncio.sleep(0)
            raise click.ClickException("out of stock")

        result = runner.invoke(group, ["fails"], obj=info)
        assert result.exit_code == 1
        assert result.stderr == "Error: out of stock\n"

    def test_nested_groups(self, runner, info):
        group = AppGroup("group")

        @group.group()
        async def users():
            click.echo("users first")

        @users.command()
        def add():
            click.echo(current_app.name)

        assert isinstance(users, AppGroup)
        assert runner.invoke(group, ["users", "add"], obj=info).output == "users first\nshop\n"

    def test_nested_group_of_another_class(self):
        group = AppGroup("group")

        @group.group(cls=click.Group)
        def plain():
            """A group without the application."""

        assert type(plain) is click.Group

    def test_decorators_without_parentheses(self, runner, info):
        group = AppGroup("group")

        @group.group
        def users():
            """Users."""

        @users.command
        def add():
            click.echo(current_app.name)

        assert runner.invoke(group, ["users", "add"], obj=info).output == "shop\n"

    def test_the_context_ends_with_the_command(self, runner):
        app = DualApp("shop")
        ended = []
        app.teardown_appcontext(lambda error: ended.append(current_app.name))

        @app.cli.command()
        def work():
            assert ended == []

        result = runner.invoke(app.cli, ["work"], obj=ScriptInfo(create_app=lambda: app))
        assert result.exit_code == 0
        assert ended == ["shop"]


class TestFlaskGroup:
    def test_what_it_is_made_of(self):
        group = FlaskGroup(name="manage", create_app=create_app)
        assert DualAppGroup is FlaskGroup
        assert group.name == "manage"
        assert sorted(group.commands) == ["routes", "run", "shell"]
        assert [p.name for p in group.params] == ["env_file", "as_flask", "app", "debug", "version"]
        assert group.context_settings["auto_envvar_prefix"] == "FLASK"

    def test_what_can_be_left_out_or_added(self):
        group = FlaskGroup(
            add_default_commands=False,
            add_version_option=False,
            params=[click.Option(["--colour"])],
            context_settings={"auto_envvar_prefix": "SHOP"},
        )
        assert group.commands == {}
        assert [p.name for p in group.params] == ["colour", "env_file", "as_flask", "app", "debug"]
        assert group.context_settings["auto_envvar_prefix"] == "SHOP"

    def test_commands_of_the_application(self, runner):
        group = FlaskGroup(create_app=create_app)
        assert runner.invoke(group, ["show"]).output == "shop False\n"
        assert runner.invoke(group, ["bare"]).output == "bare True\n"

    def test_as_the_class_of_a_decorated_group(self, runner):
        @click.group(cls=FlaskGroup, create_app=create_app)
        @click.option("--loud", is_flag=True)
        def manage(loud):
            click.echo(f"loud {loud}")

        assert runner.invoke(manage, ["--loud", "show"]).output == "loud True\nshop False\n"

    def test_nested_in_a_plain_group(self, runner):
        outer = click.Group("outer")
        outer.add_command(FlaskGroup(name="shop", create_app=create_app))
        assert runner.invoke(outer, ["shop", "show"]).output == "shop False\n"

    @pytest.mark.parametrize(
        ("args", "debug", "variable"),
        [
            (["show"], False, None),
            (["--debug", "show"], True, "1"),
            (["--no-debug", "show"], False, "0"),
        ],
    )
    def test_debug(self, runner, args, debug, variable):
        result = runner.invoke(FlaskGroup(create_app=create_app), args)
        assert result.output == f"shop {debug}\n"
        assert os.environ.get("FLASK_DEBUG") == variable

    @pytest.mark.parametrize("name", ["FLASK_DEBUG", "DUALAPP_DEBUG"])
    @pytest.mark.parametrize(("value", "debug"), [("1", True), ("0", False), ("yes", True)])
    def test_debug_from_the_environment(self, runner, name, value, debug):
        group = FlaskGroup(create_app=create_app)
        assert runner.invoke(group, ["show"], env={name: value}).output == f"shop {debug}\n"

    def test_the_option_overrules_both_variables(self, runner):
        group = FlaskGroup(create_app=create_app)
        env = {"FLASK_DEBUG": "1", "DUALAPP_DEBUG": "1"}
        assert runner.invoke(group, ["--no-debug", "show"], env=env).output == "shop False\n"

    def test_our_variable_overrules_the_other(self, runner):
        group = FlaskGroup(create_app=create_app)
        env = {"FLASK_DEBUG": "1", "DUALAPP_DEBUG": "0"}
        assert runner.invoke(group, ["show"], env=env).output == "shop False\n"

    def test_debug_can_be_left_to_the_application(self, runner):
        def create_debug_app():
            app = create_app()
            app.debug = True
            return app

        group = FlaskGroup(create_app=create_debug_app, set_debug_flag=False)
        assert runner.invoke(group, ["show"]).output == "shop True\n"

    def test_modules_know_that_the_command_line_imports_them(self, runner):
        runner.invoke(FlaskGroup(create_app=create_app), ["show"])
        assert os.environ["FLASK_RUN_FROM_CLI"] == "true"

    def test_help_lists_all_commands(self, runner):
        result = runner.invoke(FlaskGroup(create_app=create_app), ["--help"])
        assert result.exit_code == 0
        assert result.stdout.startswith("Usage:")
        for name in ("show", "bare", "run", "shell", "routes"):
            assert f"\n  {name}" in result.stdout

    @pytest.mark.parametrize("args", [["--help"], []])
    def test_help_although_the_application_is_missing(self, runner, args):
        result = runner.invoke(FlaskGroup(), args)
        assert "FLASK_APP" in result.stderr
        assert "\n  run " in result.stdout + result.stderr

    def test_help_although_the_application_is_broken(self, runner):
        def broken():
            raise LookupError("no database")

        result = runner.invoke(FlaskGroup(create_app=broken), ["--help"])
        assert result.exit_code == 0
        assert "LookupError: no database" in result.stderr
        assert "\n  run " in result.stdout

    def test_a_broken_application_fails_its_own_commands_only(self, runner):
        def broken():
            raise LookupError("no database")

        group = FlaskGroup(create_app=broken)
        assert isinstance(runner.invoke(group, ["show"]).exception, LookupError)
        assert runner.invoke(group, ["run", "--help"]).exit_code == 0

    def test_unknown_command(self, runner):
        result = runner.invoke(FlaskGroup(create_app=create_app), ["nothing"])
        assert result.exit_code == 2
        assert "No such command 'nothing'" in result.stderr

    def test_unknown_command_without_application(self, runner):
        result = runner.invoke(FlaskGroup(), ["nothing"])
        assert result.exit_code == 2
        assert "No application was named" in result.stderr
        assert "No such command 'nothing'" in result.stderr

    @pytest.mark.parametrize("args", [["--help"], [], ["nothing"], ["show", "--help"], ["show"]])
    def test_no_context_stays_behind(self, args):
        from click.testing import CliRunner

        CliRunner().invoke(FlaskGroup(create_app=create_app), args)
        assert not current_app


class TestAppOption:
    @pytest.fixture(autouse=True)
    def _shops(self, write):
        for name in ("shop_a", "shop_b"):
            write(
                f"{name}.py",
                f"""
                from dualapp import DualApp
                app = DualApp({name!r})
                @app.cli.command()
                def show():
                    print(app.name, app.debug)
                """,
            )
        write(".env", "FLASK_APP=shop_a\n")
        write("b.env", "FLASK_APP=shop_b\nFLASK_DEBUG=1\n")

    @pytest.mark.parametrize(
        ("args", "env", "output"),
        [
            (["show"], {}, "shop_a False\n"),
            (["--app", "shop_b", "show"], {}, "shop_b False\n"),
            (["-A", "shop_b:app", "show"], {}, "shop_b False\n"),
            (["show"], {"FLASK_APP": "shop_b"}, "shop_b False\n"),
            (["show"], {"DUALAPP_APP": "shop_b"}, "shop_b False\n"),
            (["show"], {"DUALAPP_APP": "shop_b", "FLASK_APP": "nothing"}, "shop_b False\n"),
            (["--app", "shop_b", "show"], {"DUALAPP_APP": "nothing"}, "shop_b False\n"),
            (["-e", "b.env", "show"], {}, "shop_b True\n"),
            (["--app", "shop_a", "-e", "b.env", "show"], {}, "shop_a True\n"),
            (["show"], {"FLASK_ENV_FILE": "b.env"}, "shop_b True\n"),
            (["show"], {"DUALAPP_ENV_FILE": "b.env"}, "shop_b True\n"),
            (["-A", "shop_a", "-e", "b.env", "show"], {"FLASK_SKIP_DOTENV": "1"}, "shop_a True\n"),
        ],
    )
    def test_where_it_comes_from(self, runner, args, env, output):
        assert runner.invoke(FlaskGroup(), args, env=env).output == output

    @pytest.mark.parametrize(
        "args", [[], ["--help"], ["-e", "b.env", "--help"], ["--help", "-A", "shop_b"]]
    )
    def test_help_knows_the_application_too(self, runner, args):
        result = runner.invoke(FlaskGroup(), args)
        assert "\n  show" in result.stdout + result.stderr

    def test_dotenv_can_be_turned_off(self, runner):
        result = runner.invoke(FlaskGroup(load_dotenv=False), ["show"])
        assert "No application was named" in result.stderr

    def test_a_named_file_needs_python_dotenv(self, runner, monkeypatch):
        import sys

        monkeypatch.setitem(sys.modules, "dotenv", None)
        result = runner.invoke(FlaskGroup(), ["-A", "shop_b", "-e", "b.env", "show"])
        assert result.exit_code == 2
        assert "pip install 'dualapp[dotenv]'" in result.stderr

    def test_a_missing_file_is_an_error(self, runner):
        result = runner.invoke(FlaskGroup(), ["-e", "missing.env", "show"])
        assert result.exit_code == 2
        assert "missing.env" in result.stderr
