"""APIs: resources, schemas, documentation, GraphQL."""

from .kit import Kit, trial


@trial(
    "flask-restful",
    "resources have to be sync, as with Flask; views beside them need not",
    fails=("flask async", "wsgi async", "asgi async"),
)
def flask_restful(kit: Kit) -> None:
    """A resource that gives a dict and a status."""
    from flask_restful import Api, Resource

    class Note(Resource):
        @kit.view
        def get(self, number):
            return {"number": number}, 203

    Api(kit.app).add_resource(Note, "/<int:number>")
    answer = kit.client().get("/7")
    assert answer.status_code == 203
    assert answer.json == {"number": 7}


@trial(
    "flask-restx",
    "resources with `marshal_with` have to be sync, as with Flask; views beside them need not",
    fails=("flask async", "wsgi async", "asgi async"),
)
def flask_restx(kit: Kit) -> None:
    """A resource, a model for its answer, and the documentation."""
    from flask_restx import Api, Resource, fields

    api = Api(kit.app)
    note = api.model("Note", {"number": fields.Integer})

    @api.route("/<int:number>")
    class Note(Resource):
        @api.marshal_with(note)
        @kit.view
        def get(self, number):
            return {"number": number, "secret": "no"}

    client = kit.client()
    assert "/{number}" in client.get("/swagger.json").json["paths"]
    assert client.get("/7").json == {"number": 7}


@trial("flask-marshmallow")
def flask_marshmallow(kit: Kit) -> None:
    """A schema with a link."""
    from flask_marshmallow import Marshmallow

    ma = Marshmallow(kit.app)

    class NoteSchema(ma.Schema):
        number = ma.Integer()
        link = ma.URLFor("index", values={"number": "<number>"})

    @kit.app.get("/<int:number>")
    @kit.view
    def index(number):
        return NoteSchema().jsonify({"number": number})

    assert kit.client().get("/7").json == {"number": 7, "link": "/7"}


@trial("flask-smorest")
def flask_smorest(kit: Kit) -> None:
    """Checks what comes in, shapes what goes out."""
    import marshmallow as ma
    from flask_smorest import Api, Blueprint

    class Note(ma.Schema):
        text = ma.fields.String(required=True)

    kit.app.config.update(API_TITLE="Trial", API_VERSION="1", OPENAPI_VERSION="3.0.3")
    api, notes = Api(kit.app), Blueprint("notes", "notes")

    @notes.post("/")
    @notes.arguments(Note)
    @notes.response(201, Note)
    @kit.view
    def add(note):
        return {**note, "secret": "no"}

    api.register_blueprint(notes)
    client = kit.client()
    assert client.post("/", json={}).status_code == 422
    answer = client.post("/", json={"text": "milk"})
    assert answer.status_code == 201
    assert answer.json == {"text": "milk"}


@trial("apiflask")
def apiflask(kit: Kit) -> None:
    """Its own application class: input, output and the documentation."""
    from apiflask import APIFlask, Schema
    from apiflask.fields import String

    class Note(Schema):
        text = String(required=True)

    app = APIFlask(__name__)

    @app.post("/")
    @app.input(Note)
    @app.output(Note, status_code=201)
    @kit.view
    def add(json_data):
        return {**json_data, "secret": "no"}

    client = kit.client_of(app)
    assert client.post("/", json={}).status_code == 422
    answer = client.post("/", json={"text": "milk"})
    assert answer.status_code == 201
    assert answer.json == {"text": "milk"}
    assert "/" in client.get("/openapi.json").json["paths"]


@trial("flask-openapi3")
def flask_openapi3(kit: Kit) -> None:
    """Its own application class: a query that Pydantic checks, and the documentation."""
    from flask_openapi3 import Info, OpenAPI
    from pydantic import BaseModel

    class Query(BaseModel):
        number: int

    app = OpenAPI(__name__, info=Info(title="Trial", version="1"))

    if kit.colour == "async":

        @app.get("/")
        async def index(query: Query):
            return {"number": query.number}
    else:

        @app.get("/")
        def index(query: Query):
            return {"number": query.number}

    client = kit.client_of(app)
    assert client.get("/?number=x").status_code == 422
    assert client.get("/?number=7").json == {"number": 7}
    assert "/" in client.get("/openapi/openapi.json").json["paths"]


@trial("flask-pydantic")
def flask_pydantic(kit: Kit) -> None:
    """A body that Pydantic checks."""
    from flask_pydantic import validate
    from pydantic import BaseModel

    class Note(BaseModel):
        text: str

    if kit.colour == "async":

        @kit.app.post("/")
        @validate()
        async def add(body: Note):
            return body
    else:

        @kit.app.post("/")
        @validate()
        def add(body: Note):
            return body

    client = kit.client()
    assert client.post("/", json={}).status_code == 400
    assert client.post("/", json={"text": "milk"}).json == {"text": "milk"}


@trial("flasgger")
def flasgger(kit: Kit) -> None:
    """Documentation out of a docstring."""
    from flasgger import Swagger

    Swagger(kit.app)

    @kit.app.get("/notes")
    @kit.view
    def notes():
        """All notes.
        ---
        responses:
          200:
            description: They are a list.
        """
        return []

    client = kit.client()
    assert client.get("/notes").json == []
    assert "/notes" in client.get("/apispec_1.json").json["paths"]


@trial("flask-swagger-ui")
def flask_swagger_ui(kit: Kit) -> None:
    """The page that shows an API."""
    from flask_swagger_ui import get_swaggerui_blueprint

    kit.app.register_blueprint(get_swaggerui_blueprint("/docs", "/spec"), url_prefix="/docs")

    @kit.app.get("/spec")
    @kit.view
    def spec():
        return {"openapi": "3.0.3"}

    client = kit.client()
    assert "/spec" in client.get("/docs/").text
    assert client.get("/spec").json == {"openapi": "3.0.3"}


@trial("strawberry-graphql", "with `AsyncGraphQLView` resolvers may be async")
def strawberry_graphql(kit: Kit) -> None:
    """A query, by the view of the wanted colour."""
    import strawberry
    from strawberry.flask.views import AsyncGraphQLView, GraphQLView

    @strawberry.type
    class Query:
        @strawberry.field
        @kit.view
        def hello(self) -> str:
            return "world"

    view = AsyncGraphQLView if kit.colour == "async" else GraphQLView
    kit.app.add_url_rule(
        "/graphql", view_func=view.as_view("graphql", schema=strawberry.Schema(Query))
    )
    answer = kit.client().post("/graphql", json={"query": "{ hello }"})
    assert answer.json["data"] == {"hello": "world"}
