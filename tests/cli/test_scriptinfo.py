"""The application of one run, and its context for commands."""

from __future__ import annotations

import asyncio

import click
import pytest

from dualapp import DualApp
from dualapp.cli import NoAppException, ScriptInfo, pass_script_info, with_appcontext
from dualapp.globals import current_app


def test_defaults():
    info = ScriptInfo()
    assert (info.app_import_path, info.create_app, info.data) == (None, None, {})
    assert info.set_debug_flag is True
    assert info.load_dotenv_defaults is True


@pytest.mark.parametrize(
    ("variable", "value", "default", "wanted"),
    [
        ("FLASK_SKIP_DOTENV", "1", True, False),
        ("FLASK_SKIP_DOTENV", "0", False, True),
        ("DUALAPP_SKIP_DOTENV", "1", True, False),
        ("DUALAPP_SKIP_DOTENV", "", True, True),
    ],
)
def test_the_environment_decides_about_dotenv(monkeypatch, variable, value, default, wanted):
    monkeypatch.setenv(variable, value)
    assert ScriptInfo(load_dotenv_defaults=default).load_dotenv_defaults is wanted


def test_import_path(write):
    write("a_shop.py", "from dualapp import DualApp\nweb = DualApp('web')\n")
    assert ScriptInfo("a_shop:web").load_app().import_name == "web"
    assert ScriptInfo("a_shop.py").load_app().import_name == "web"


def test_default_files(write):
    with pytest.raises(NoAppException):
        ScriptInfo().load_app()
    write("app.py", "from dualapp import DualApp\nweb = DualApp('by default')\n")
    assert ScriptInfo().load_app().import_name == "by default"


def test_a_factory_wins_and_is_called_once():
    made = []

    def create_app():
        made.append(DualApp("made"))
        return made[-1]

    info = ScriptInfo("not.there", create_app=create_app)
    assert info.load_app() is info.load_app() is made[0]
    assert len(made) == 1


def test_async_factory():
    async def create_app():
        await asyncio.sleep(0)
        return DualApp("late")

    assert ScriptInfo(create_app=create_app).load_app().import_name == "late"


def test_a_factory_that_forgets_to_return():
    with pytest.raises(NoAppException, match=r"returned None.*'return app'"):
        ScriptInfo(create_app=lambda: None).load_app()


@pytest.mark.parametrize("value", ["1", "0"])
@pytest.mark.parametrize("variable", ["FLASK_DEBUG", "DUALAPP_DEBUG"])
def test_debug_flag(monkeypatch, variable, value):
    app = DualApp("app")
    app.debug = value == "0"
    monkeypatch.setenv(variable, value)
    assert ScriptInfo(create_app=lambda: app, set_debug_flag=False).load_app().debug is app.debug
    assert ScriptInfo(create_app=lambda: app).load_app().debug is (value == "1")


def test_with_appcontext(runner):
    @click.command()
    @with_appcontext
    def show():
        click.echo(current_app.name)

    app = DualApp("shop")
    ended = []
    app.teardown_appcontext(ended.append)
    result = runner.invoke(show, obj=ScriptInfo(create_app=lambda: app))
    assert result.output == "shop\n"
    assert ended == [None]


def test_with_appcontext_keeps_the_context_that_is_there(runner):
    @click.command()
    @with_appcontext
    def show():
        click.echo(current_app.name)

    @click.command()
    def outer():
        with DualApp("outer").app_context():
            show.main([], standalone_mode=False)

    assert runner.invoke(outer).output == "outer\n"


def test_with_appcontext_and_async(runner):
    @click.command()
    @click.option("--times", default=1)
    @with_appcontext
    @click.pass_context
    async def show(ctx, times):
        await asyncio.sleep(0)
        click.echo((current_app.name, times, ctx.command.name))

    result = runner.invoke(
        show, ["--times", "2"], obj=ScriptInfo(create_app=lambda: DualApp("shop"))
    )
    assert result.output == "('shop', 2, 'show')\n"


def test_with_appcontext_without_application(runner):
    @click.command()
    @with_appcontext
    def show():
        click.echo("never")

    result = runner.invoke(show)
    assert result.exit_code == 2
    assert "No application was named" in result.stderr
    assert result.stdout == ""


def test_pass_script_info(runner):
    @click.command()
    @pass_script_info
    def show(info):
        click.echo(type(info).__name__)

    assert runner.invoke(show).output == "ScriptInfo\n"
