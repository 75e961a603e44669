"""Accounts: who is asking, and what they may do."""

from __future__ import annotations

from .kit import Kit, trial


@trial(
    "flask-login", "`@login_required` loads `current_user` in a worker thread, before an async view"
)
def flask_login(kit: Kit) -> None:
    """A guarded view, before and after the log-in."""
    from flask_login import LoginManager, UserMixin, current_user, login_required, login_user

    class User(UserMixin):
        id = "ada"

    LoginManager(kit.app).user_loader(lambda key: User())

    @kit.app.post("/log-in")
    @kit.view
    def log_in():
        login_user(User())
        return "", 204

    @kit.app.get("/")
    @login_required
    @kit.view
    def index():
        return current_user.id

    client = kit.client()
    assert client.get("/").status_code == 401
    assert client.post("/log-in").status_code == 204
    assert client.get("/").text == "ada"


@trial("flask-httpauth")
def flask_httpauth(kit: Kit) -> None:
    """Basic authentication."""
    from flask_httpauth import HTTPBasicAuth

    auth = HTTPBasicAuth()

    @auth.verify_password
    def verify(name, password):
        return name if password == "engine" else None

    @kit.app.get("/")
    @auth.login_required
    @kit.view
    def index():
        return auth.current_user()

    client = kit.client()
    assert client.get("/", auth=("ada", "loom")).status_code == 401
    assert client.get("/", auth=("ada", "engine")).text == "ada"


@trial("flask-jwt-extended")
def flask_jwt_extended(kit: Kit) -> None:
    """A view that asks for a token."""
    from flask_jwt_extended import JWTManager, create_access_token, get_jwt_identity, jwt_required

    kit.app.config["JWT_SECRET_KEY"] = "a key that is long enough for this algorithm"
    JWTManager(kit.app)

    @kit.app.get("/")
    @jwt_required()
    @kit.view
    def index():
        return {"user": get_jwt_identity()}

    with kit.app.app_context():
        token = create_access_token("ada")
    client = kit.client()
    assert client.get("/").status_code == 401
    answer = client.get("/", headers={"Authorization": f"Bearer {token}"})
    assert answer.json == {"user": "ada"}


@trial("flask-bcrypt", "hashing takes long on purpose: in an async view use `asyncio.to_thread`")
def flask_bcrypt(kit: Kit) -> None:
    """Hashes a password and checks it."""
    from flask_bcrypt import Bcrypt

    bcrypt = Bcrypt(kit.app)

    @kit.app.get("/<password>")
    @kit.view
    def check(password):
        stored = bcrypt.generate_password_hash("engine", rounds=4)
        return {"right": bcrypt.check_password_hash(stored, password)}

    client = kit.client()
    assert client.get("/engine").json == {"right": True}
    assert client.get("/loom").json == {"right": False}


@trial("flask-principal", fails=("flask async",))
def flask_principal(kit: Kit) -> None:
    """A permission that only one identity has, kept in the session."""
    from flask_principal import (
        Identity,
        Permission,
        Principal,
        RoleNeed,
        identity_changed,
        identity_loaded,
    )

    Principal(kit.app)
    admins = Permission(RoleNeed("admin"))

    @identity_loaded.connect_via(kit.app)
    def give_role(sender, identity):
        if identity.id == "ada":
            identity.provides.add(RoleNeed("admin"))

    @kit.app.post("/<name>")
    @kit.view
    def become(name):
        identity_changed.send(kit.app, identity=Identity(name))
        return "", 204

    @kit.app.get("/")
    @admins.require(403)
    @kit.view
    def index():
        return "secret"

    client = kit.client()
    client.post("/bob")
    assert client.get("/").status_code == 403
    client.post("/ada")
    assert client.get("/").text == "secret"


@trial("flask-security-too", "its own views are sync; see Flask-SQLAlchemy for `db.session`")
def flask_security_too(kit: Kit) -> None:
    """Logs in by JSON, with users in a database, and asks for a role."""
    from flask_security import Security, SQLAlchemyUserDatastore, hash_password, roles_required
    from flask_security.models import fsqla_v3
    from flask_sqlalchemy import SQLAlchemy
    from sqlalchemy.pool import StaticPool

    kit.app.config.update(
        SECURITY_PASSWORD_SALT="146585145368132386173505678016728509634",
        SECURITY_PASSWORD_HASH="plaintext",
        SECURITY_PASSWORD_SCHEMES=["plaintext"],
        SQLALCHEMY_DATABASE_URI="sqlite://",
        SQLALCHEMY_ENGINE_OPTIONS={
            "poolclass": StaticPool,
            "connect_args": {"check_same_thread": False},
        },
        WTF_CSRF_ENABLED=False,
    )
    db = SQLAlchemy(kit.app)
    fsqla_v3.FsModels.set_db_info(db)

    class Role(db.Model, fsqla_v3.FsRoleMixin):
        pass

    class User(db.Model, fsqla_v3.FsUserMixin):
        pass

    store = SQLAlchemyUserDatastore(db, User, Role)
    kit.app.security = Security(kit.app, store)
    with kit.app.app_context():
        db.create_all()
        admin = store.create_role(name="admin")
        password = hash_password("engine-1843")
        store.create_user(email="ada@example.com", password=password, roles=[admin])
        store.commit()

    @kit.app.get("/")
    @roles_required("admin")
    @kit.view
    def index():
        return "for admins"

    client = kit.client()
    assert client.get("/", headers={"Accept": "application/json"}).status_code in {401, 403}
    account = {"email": "ada@example.com", "password": "engine-1843"}
    assert client.post("/login", json=account).status_code == 200
    assert client.get("/").text == "for admins"


@trial("flask-dance")
def flask_dance(kit: Kit) -> None:
    """Sends the browser to the provider that it is to log in with."""
    from flask_dance.contrib.github import github, make_github_blueprint

    blueprint = make_github_blueprint(client_id="our id", client_secret="our secret")
    kit.app.register_blueprint(blueprint, url_prefix="/log-in")

    @kit.app.get("/")
    @kit.view
    def index():
        return {"authorized": github.authorized}

    client = kit.client()
    assert client.get("/").json == {"authorized": False}
    away = client.get("/log-in/github")
    assert away.status_code == 302
    assert away.location.startswith("https://github.com/login/oauth/authorize?")


@trial("authlib", "its client waits without `await`: call it in sync views")
def authlib(kit: Kit) -> None:
    """Sends the browser to the provider, and keeps the state in the session."""
    from authlib.integrations.flask_client import OAuth
    from flask import session

    oauth = OAuth(kit.app)
    oauth.register(
        "provider",
        client_id="our id",
        client_secret="our secret",
        authorize_url="https://provider.example/authorize",
    )

    @kit.app.get("/")
    @kit.view
    def index():
        return oauth.provider.authorize_redirect("https://blog.example/back")

    @kit.app.get("/state")
    @kit.view
    def state():
        return {"kept": any(key.startswith("_state_provider") for key in session)}

    client = kit.client()
    away = client.get("/")
    assert away.location.startswith("https://provider.example/authorize?")
    assert client.get("/state").json == {"kept": True}
