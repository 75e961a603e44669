"""Config: where settings come from, and what is refused."""

from __future__ import annotations

import datetime
import json
import os
import tomllib

import pytest

from dualapp import DualApp
from dualapp.config import Config, ConfigAttribute


@pytest.fixture
def config(tmp_path):
    return Config(tmp_path, {"GIVEN": 1})


@pytest.fixture
def environ(monkeypatch):
    """Sets variables of a clean environment."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    return lambda **variables: [monkeypatch.setenv(k, v) for k, v in variables.items()]


class TestMapping:
    def test_keys_in_capitals_are_taken(self, config):
        assert config.from_mapping({"A": 1, "lower": 2, "Mixed": 3}) is True
        assert config == {"GIVEN": 1, "A": 1}

    def test_keywords_win_over_the_mapping(self, config):
        config.from_mapping({"A": 1, "B": 1}, B=2, c=3)
        assert config == {"GIVEN": 1, "A": 1, "B": 2}

    def test_pairs_and_nothing(self, config):
        config.from_mapping([("A", 1)])
        assert config.from_mapping() is True
        assert config == {"GIVEN": 1, "A": 1}

    def test_only_one_mapping_fits(self, config):
        with pytest.raises(TypeError):
            config.from_mapping({}, {})


class TestObject:
    def test_instance_with_a_property(self, config):
        class Settings:
            A = 1
            _B = 2
            c = 3

            @property
            def P(self):  # noqa: N802
                return "worked out"

        config.from_object(Settings())
        assert config == {"GIVEN": 1, "A": 1, "_B": 2, "P": "worked out"}

    def test_class_brings_what_it_inherits(self, config):
        base = type("Base", (), {"A": 1, "B": 1})
        config.from_object(type("Derived", (base,), {"B": 2}))
        assert config == {"GIVEN": 1, "A": 1, "B": 2}

    def test_import_name(self, config):
        config.from_object("errno")
        assert config["ENOENT"] == 2

    def test_import_name_of_nothing(self, config):
        with pytest.raises(ImportError, match=r"no\.such\.module"):
            config.from_object("no.such.module")


class TestPyFile:
    def test_names_in_capitals(self, config, tmp_path):
        (tmp_path / "settings.py").write_text("A = 1\nb = 2\nHERE, NAME = __file__, __name__\n")
        assert config.from_pyfile("settings.py") is True
        here = str(tmp_path / "settings.py")
        assert config == {"GIVEN": 1, "A": 1, "HERE": here, "NAME": "config"}

    @pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-15", "latin-1"])
    def test_the_files_own_encoding_counts(self, config, tmp_path, encoding):
        text = f"# -*- coding: {encoding} -*-\nCITY = 'Zürich'\n"
        (tmp_path / "settings.py").write_bytes(text.encode(encoding))
        config.from_pyfile(tmp_path / "settings.py")
        assert config["CITY"] == "Zürich"

    def test_an_error_inside_is_not_silenced(self, config, tmp_path):
        (tmp_path / "settings.py").write_text("open('/no/such/file')\n")
        with pytest.raises(FileNotFoundError):
            config.from_pyfile("settings.py", silent=True)


@pytest.mark.parametrize("name", ["missing", ".", "file/below"])
class TestNoSuchFile:
    @pytest.fixture(autouse=True)
    def file(self, tmp_path):
        (tmp_path / "file").touch()

    def test_silent(self, config, name):
        assert config.from_pyfile(name, silent=True) is False
        assert config.from_file(name, load=json.load, silent=True) is False
        assert config == {"GIVEN": 1}

    def test_the_error_names_the_file(self, config, tmp_path, name):
        path = os.path.join(tmp_path, name)
        for load in (config.from_pyfile, lambda name: config.from_file(name, load=json.load)):
            with pytest.raises(OSError, match="Unable to load configuration file") as caught:
                load(name)
            assert caught.value.filename == path


class TestFile:
    def test_json_is_opened_as_text(self, config, tmp_path):
        (tmp_path / "settings.json").write_text('{"A": [1], "b": 2}')
        assert config.from_file("settings.json", load=json.load) is True
        assert config == {"GIVEN": 1, "A": [1]}

    def test_toml_is_opened_as_bytes(self, config, tmp_path):
        (tmp_path / "settings.toml").write_text("A = 1\n")
        assert config.from_file("settings.toml", load=tomllib.load, text=False) is True
        assert config["A"] == 1


class TestEnvVar:
    def test_names_a_file(self, config, tmp_path, environ):
        (tmp_path / "settings.py").write_text("A = 1\n")
        environ(APP_SETTINGS=str(tmp_path / "settings.py"))
        assert config.from_envvar("APP_SETTINGS") is True
        assert config["A"] == 1

    @pytest.mark.parametrize("variables", [{}, {"APP_SETTINGS": ""}])
    def test_unset_or_empty(self, config, environ, variables):
        environ(**variables)
        assert config.from_envvar("APP_SETTINGS", silent=True) is False
        with pytest.raises(RuntimeError, match="'APP_SETTINGS' is not set"):
            config.from_envvar("APP_SETTINGS")

    def test_names_a_missing_file(self, config, environ):
        environ(APP_SETTINGS="missing.py")
        assert config.from_envvar("APP_SETTINGS", silent=True) is False
        with pytest.raises(FileNotFoundError):
            config.from_envvar("APP_SETTINGS")


class TestPrefixedEnv:
    def test_values_are_json_or_else_text(self, config, environ):
        environ(FLASK_A="1", FLASK_B="true", FLASK_C="[1, 2]", FLASK_D="plain", FLASK_E="", X_F="1")
        assert config.from_prefixed_env() is True
        expected = {"GIVEN": 1, "A": 1, "B": True, "C": [1, 2], "D": "plain", "E": ""}
        assert config == expected

    def test_prefix_ends_in_an_underscore(self, config, environ):
        environ(NOT_ME="1", MY_A="1", MYSELF="1")
        config.from_prefixed_env("MY")
        assert config == {"GIVEN": 1, "A": 1}

    def test_any_loader(self, config, environ):
        environ(FLASK_A="1")
        config.from_prefixed_env(loads=lambda text: text * 2)
        assert config["A"] == "11"

    def test_two_underscores_lead_inside(self, config, environ):
        config["OLD"] = {"kept": True}
        environ(FLASK_NEW__deep__er="1", FLASK_OLD__added="2", FLASK_MAP='{"a": 1}')
        environ(FLASK_MAP__b="3")
        config.from_prefixed_env()
        assert config["NEW"] == {"deep": {"er": 1}}
        assert config["OLD"] == {"kept": True, "added": 2}
        assert config["MAP"] == {"a": 1, "b": 3}

    def test_nothing_can_be_inside_a_number(self, config, environ):
        environ(FLASK_GIVEN__KEY="1")
        with pytest.raises(TypeError, match=r"FLASK_GIVEN__KEY.*'GIVEN' is int"):
            config.from_prefixed_env()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"host": "h", "port": 1}),
        ({"lowercase": False}, {"HOST": "h", "PORT": 1}),
        ({"trim_namespace": False}, {"mail_host": "h", "mail_port": 1}),
        ({"lowercase": False, "trim_namespace": False}, {"MAIL_HOST": "h", "MAIL_PORT": 1}),
    ],
)
def test_namespace(config, options, expected):
    config.update(MAIL_HOST="h", MAIL_PORT=1, MAILBOX=2)
    assert config.get_namespace("MAIL_", **options) == expected


def test_repr(config):
    assert repr(config) == "<Config {'GIVEN': 1}>"


class TestAttribute:
    class Owner:
        plain = ConfigAttribute("PLAIN")
        seconds = ConfigAttribute("SECONDS", get_converter=int)

        def __init__(self):
            self.config = {"PLAIN": "p", "SECONDS": "5"}

    def test_reads_the_config(self):
        owner = self.Owner()
        assert (owner.plain, owner.seconds) == ("p", 5)

    def test_writes_the_config(self):
        owner = self.Owner()
        owner.seconds = "6"
        assert owner.config["SECONDS"] == "6"
        assert owner.seconds == 6

    def test_on_the_class_it_is_itself(self):
        assert self.Owner.plain is vars(self.Owner)["plain"]

    def test_missing_key(self):
        owner = self.Owner()
        owner.config.clear()
        with pytest.raises(KeyError, match="PLAIN"):
            _ = owner.plain


class TestApplication:
    def test_custom_class(self):
        class Settings(Config):
            pass

        class App(DualApp):
            config_class = Settings

        app = App(__name__)
        assert type(app.config) is Settings
        assert app.config.root_path == app.root_path

    def test_lifetime_in_seconds_or_as_a_delta(self):
        app = DualApp(__name__)
        assert app.permanent_session_lifetime == datetime.timedelta(days=31)
        app.config["PERMANENT_SESSION_LIFETIME"] = 42
        assert app.permanent_session_lifetime == datetime.timedelta(seconds=42)

    def test_relative_to_the_instance_folder(self, tmp_path):
        (tmp_path / "settings.py").write_text("A = 1\n")
        app = DualApp(__name__, instance_path=str(tmp_path), instance_relative_config=True)
        app.config.from_pyfile("settings.py")
        assert app.config["A"] == 1
