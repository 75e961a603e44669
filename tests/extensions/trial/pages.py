"""Pages: forms, templates, mail, languages, and tools in the browser."""

from __future__ import annotations

import re

from .kit import Kit, trial


@trial("flask-wtf")
def flask_wtf(kit: Kit) -> None:
    """A form with its token, and one without."""
    from flask import render_template_string
    from flask_wtf import CSRFProtect, FlaskForm
    from wtforms import StringField
    from wtforms.validators import DataRequired

    CSRFProtect(kit.app)

    class NameForm(FlaskForm):
        name = StringField(validators=[DataRequired()])

    @kit.app.route("/", methods=["GET", "POST"])
    @kit.view
    def index():
        form = NameForm()
        if form.validate_on_submit():
            return f"Hello, {form.name.data}!"
        return render_template_string("{{ form.csrf_token }} {{ form.name }}", form=form)

    client = kit.client()
    [token] = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', client.get("/").text)
    assert client.post("/", data={"name": "Ada"}).status_code == 400
    assert client.post("/", data={"name": "Ada", "csrf_token": token}).text == "Hello, Ada!"


@trial("flask-seasurf")
def flask_seasurf(kit: Kit) -> None:
    """Refuses a form without the cookie's token."""
    from flask import render_template_string
    from flask_seasurf import SeaSurf

    kit.app.config["TESTING"] = False  # in testing mode it checks nothing
    SeaSurf(kit.app)

    @kit.app.route("/", methods=["GET", "POST"])
    @kit.view
    def index():
        return render_template_string("{{ csrf_token() }}")

    client = kit.client()
    token = client.get("/").text
    assert client.post("/").status_code == 403
    assert client.post("/", data={"_csrf_token": token}).status_code == 200


@trial("flask-mail", "sends without `await`: in an async view use `asyncio.to_thread`")
def flask_mail(kit: Kit) -> None:
    """Records what would be sent."""
    from flask_mail import Mail, Message

    mail = Mail(kit.app)

    @kit.app.post("/")
    @kit.view
    def send():
        mail.send(Message("Hello", recipients=["ada@example.com"], sender="us@example.com"))
        return "", 202

    with mail.record_messages() as outbox:
        assert kit.client().post("/").status_code == 202
    assert [message.subject for message in outbox] == ["Hello"]


@trial("flask-mailman", "sends without `await`: in an async view use `asyncio.to_thread`")
def flask_mailman(kit: Kit) -> None:
    """Sends to an outbox in memory."""
    from flask_mailman import EmailMessage, Mail

    kit.app.config["MAIL_BACKEND"] = "locmem"
    mail = Mail(kit.app)

    @kit.app.post("/")
    @kit.view
    def send():
        EmailMessage("Hello", "Text", "us@example.com", ["ada@example.com"]).send()
        return "", 202

    assert kit.client().post("/").status_code == 202
    assert [message.subject for message in mail.state.outbox] == ["Hello"]


@trial("flask-babel")
def flask_babel(kit: Kit) -> None:
    """A number in the reader's language."""
    from flask import request
    from flask_babel import Babel, format_decimal

    Babel(kit.app, locale_selector=lambda: request.args.get("language", "en"))

    @kit.app.get("/")
    @kit.view
    def index():
        return format_decimal(1234.5)

    client = kit.client()
    assert [client.get(f"/?language={name}").text for name in ("en", "de")] == [
        "1,234.5",
        "1.234,5",
    ]


@trial("flask-admin", "its views are sync")
def flask_admin(kit: Kit) -> None:
    """The front page, and a view of one's own in it."""
    from flask_admin import Admin, BaseView, expose
    from flask_babel import Babel

    Babel(kit.app)  # Flask-Admin asks for it where it is installed

    class Numbers(BaseView):
        @expose("/")
        def index(self):
            return self.render("admin/index.html")

    Admin(kit.app, name="trial").add_view(Numbers(name="Numbers", endpoint="numbers"))

    @kit.app.get("/")
    @kit.view
    def index():
        return "beside it"

    client = kit.client()
    assert client.get("/").text == "beside it"
    page = client.get("/admin/")
    assert page.status_code == 200
    assert "Numbers" in page.text
    assert client.get("/admin/numbers/").status_code == 200


@trial("flask-debugtoolbar", fails=("flask async",))
def flask_debugtoolbar(kit: Kit) -> None:
    """The toolbar is put into a page."""
    from flask_debugtoolbar import DebugToolbarExtension

    kit.app.debug = True
    DebugToolbarExtension(kit.app)

    @kit.app.get("/")
    @kit.view
    def index():
        return "<html><body>A page.</body></html>"

    page = kit.client().get("/").text
    assert "A page." in page
    assert 'id="flDebug"' in page


@trial("flask-assets")
def flask_assets(kit: Kit) -> None:
    """The URL of a bundle, in a page."""
    from flask import render_template_string
    from flask_assets import Bundle, Environment

    kit.app.config["ASSETS_DEBUG"] = True
    Environment(kit.app).register("all", Bundle("style.css"))

    @kit.app.get("/")
    @kit.view
    def index():
        return render_template_string('{% assets "all" %}{{ ASSET_URL }}{% endassets %}')

    assert kit.client().get("/").text.startswith("/static/style.css")


@trial("bootstrap-flask")
def bootstrap_flask(kit: Kit) -> None:
    """The links that a page needs, and the files that they lead to."""
    from flask import render_template_string
    from flask_bootstrap import Bootstrap5

    kit.app.config["BOOTSTRAP_SERVE_LOCAL"] = True
    Bootstrap5(kit.app)

    @kit.app.get("/")
    @kit.view
    def index():
        return render_template_string("{{ bootstrap.load_css() }}")

    client = kit.client()
    [path] = re.findall(r'href="([^"]+)"', client.get("/").text)
    assert client.get(path).status_code == 200


@trial("flask-moment")
def flask_moment(kit: Kit) -> None:
    """A time, written for the script in the page."""
    from datetime import UTC, datetime

    from flask import render_template_string
    from flask_moment import Moment

    Moment(kit.app)

    @kit.app.get("/")
    @kit.view
    def index():
        when = datetime(2026, 3, 2, tzinfo=UTC)
        return render_template_string("{{ moment(when).format('L') }}", when=when)

    assert "2026-03-02" in kit.client().get("/").text


@trial("flask-htmx")
def flask_htmx(kit: Kit) -> None:
    """Knows a request that htmx made."""
    from flask_htmx import HTMX

    htmx = HTMX(kit.app)

    @kit.app.get("/")
    @kit.view
    def index():
        return "a part" if htmx else "a page"

    client = kit.client()
    assert client.get("/").text == "a page"
    assert client.get("/", headers={"HX-Request": "true"}).text == "a part"


@trial("dash", "callbacks may be async")
def dash(kit: Kit) -> None:
    """The page, its layout, and a callback."""
    from dash import Dash, Input, Output, dcc, html

    page = Dash(__name__, server=kit.app, url_base_pathname="/dash/")
    page.layout = html.Div([dcc.Input(id="name"), html.P(id="greeting")])

    @page.callback(Output("greeting", "children"), Input("name", "value"))
    @kit.view
    def greet(name):
        return f"Hello, {name}!"

    @kit.app.get("/")
    @kit.view
    def index():
        return "beside it"

    client = kit.client()
    assert client.get("/").text == "beside it"
    assert client.get("/dash/").status_code == 200
    assert client.get("/dash/_dash-layout").json["type"] == "Div"
    done = client.post(
        "/dash/_dash-update-component",
        json={
            "output": "greeting.children",
            "outputs": {"id": "greeting", "property": "children"},
            "inputs": [{"id": "name", "property": "value", "value": "Ada"}],
            "changedPropIds": ["name.value"],
        },
    )
    assert done.json["response"]["greeting"]["children"] == "Hello, Ada!"
