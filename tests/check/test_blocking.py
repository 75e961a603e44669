"""DA1xx: what holds up the event loop is found where it is, and nothing else is."""

from __future__ import annotations

import importlib
import textwrap

import pytest

from dualapp.check.run import check

HEAD = """
import asyncio
import builtins
import functools
import io
import os
import queue
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import sleep as nap

from asgiref.sync import async_to_sync

from dualapp import DualApp, nonblocking
from dualapp.views import MethodView, View

app = DualApp(__name__)
pool = ThreadPoolExecutor(1)
jobs = queue.Queue()


async def something():
    return 1


def sleep(seconds):
    return seconds
"""

VIEW = """

@app.get("/")
async def view(value=None):
"""


def _in_view(body: str, before: str = "") -> str:
    return HEAD + textwrap.dedent(before) + VIEW + textwrap.indent(textwrap.dedent(body), "    ")


BLOCKING = [
    "time.sleep(1)  #! DA101",
    "nap(1)  #! DA101",
    "import time as clock\nclock.sleep(1)  #! DA101",
    "from time import sleep as doze\ndoze(1)  #! DA101",
    "doze = time.sleep\ndoze(1)  #! DA101",
    "[nap(each) for each in range(3)]  #! DA101",
    "async with asyncio.Lock():\n    nap(1)  #! DA101",
    "if (seconds := nap(1)):  #! DA101\n    pass",
    "input('?')  #! DA101",
    "subprocess.run(['true'])  #! DA101",
    "subprocess.Popen(['true']).wait()  #! DA101",
    "os.system('true')  #! DA101",
    "urllib.request.urlopen('http://127.0.0.1')  #! DA101",
    "socket.create_connection(('127.0.0.1', 1))  #! DA101",
    "with socket.socket() as s:\n    s.recv(1)  #! DA101",
    "with sqlite3.connect('x') as c:  #! DA101\n    c.execute('x').fetchall()  #! DA101",
    "jobs.get()  #! DA101",
    "threading.Event().wait()  #! DA101",
    "pool.submit(len, '').result()  #! DA101",
    "open('x')  #! DA103",
    "io.open('x')  #! DA103",
    "builtins.open('x')  #! DA103",
    "Path('x').read_text()  #! DA103",
    "path = Path('x')\npath.write_bytes(b'')  #! DA103",
    "asyncio.run(something())  #! DA102",
    "async_to_sync(something)()  #! DA102",
    "asyncio.new_event_loop().run_until_complete(something())  #! DA102",
    "value.loop.run_until_complete(something())  #! DA102",
    # libraries that need not be installed to be known
    "import requests\nrequests.get('x')  #! DA101",
    "import requests\ns = requests.Session()\ns.post('x')  #! DA101",
    "from requests import get as fetch\nfetch('x')  #! DA101",
    "import psycopg2\npsycopg2.connect('x').cursor().execute('x')  #! DA101",
    "import pymysql\npymysql.connect()  #! DA101",
    "import MySQLdb\nMySQLdb.connect()  #! DA101",
    "import boto3\nboto3.client('s3').list_buckets()  #! DA101",
    "import redis\nredis.Redis().get('x')  #! DA101",
    "import smtplib\nwith smtplib.SMTP('x') as s:  #! DA101\n    s.sendmail('', '', '')  #! DA101",
]


@pytest.mark.parametrize("body", BLOCKING)
def test_a_blocking_call_is_found(found_as_marked, body):
    found_as_marked(_in_view(body))


HARMLESS = [
    "await asyncio.sleep(1)",
    "sleep(1)",
    "time.sleep",
    "time.sleep(0)",
    "await asyncio.to_thread(time.sleep, 1)",
    "await asyncio.to_thread(lambda: time.sleep(1))",
    "await asyncio.get_running_loop().run_in_executor(None, time.sleep, 1)",
    "await asyncio.get_running_loop().run_in_executor(pool, functools.partial(nap, 1))",
    "def work():\n    nap(1)\nawait asyncio.to_thread(work)",
    "import anyio\nawait anyio.to_thread.run_sync(time.sleep, 1)",
    "import anyio\nasync with await anyio.open_file('x') as f:\n    await f.read()",
    "import httpx\nasync with httpx.AsyncClient() as c:\n    await c.get('x')",
    "import aiohttp\nasync with aiohttp.ClientSession() as s:\n    await s.get('x')",
    "import psycopg\nawait psycopg.AsyncConnection.connect('x')",
    "import redis.asyncio\nawait redis.asyncio.Redis().get('x')",
    "import requests\nrequests.Session()",
    "jobs.get_nowait()",
    "jobs.get(block=False)",
    "jobs.get(False)",
    "value.sleep(1)",
    "value.session.execute('x')",
    "time = value\ntime.sleep(1)",
    "for nap in value:\n    nap(1)",
    "open = value\nopen('x')",
    "asyncio.create_task(something())",
    "app.async_to_sync(something)",
    "[time := value]\ntime.sleep(1)",
    "try:\n    pass\nexcept ValueError as nap:\n    nap(1)",
    "match value:\n    case [nap, *_]:\n        nap(1)",
]


@pytest.mark.parametrize("body", HARMLESS)
def test_what_does_not_block_is_not_found(found_as_marked, body):
    found_as_marked(_in_view(body))


FUNCTIONS = [
    # called by the view, one function and two functions away
    ("def helper():\n    nap(1)  #! DA101", "helper()"),
    ("def deep():\n    nap(1)  #! DA101\ndef helper():\n    deep()", "helper()"),
    ("async def helper():\n    nap(1)  #! DA101", "await asyncio.gather(helper())"),
    ("@functools.cache\ndef helper():\n    nap(1)  #! DA101", "helper()"),
    ("@contextmanager\ndef helper():\n    nap(1)  #! DA101\n    yield", "with helper():\n    pass"),
    ("def helper(seconds):\n    nap(1)  #! DA101\nh = functools.partial(helper, 1)", "h()"),
    ("def helper():\n    nap(1)  #! DA101\n    yield", "for each in helper():\n    pass"),
    ("class Tool:\n    def __init__(self):\n        nap(1)  #! DA101", "Tool()"),
    ("class Tool:\n    def __call__(self):\n        nap(1)  #! DA101\ntool = Tool()", "tool()"),
    (
        "class Tool:\n    def a(self):\n        self.b()\n"
        "    def b(self):\n        nap(1)  #! DA101",
        "Tool().a()",
    ),
    (
        "class Tool:\n    def __init__(self):\n        self.jobs = queue.Queue()\n"
        "    def next(self):\n        return self.jobs.get()  #! DA101\ntool = Tool()",
        "tool.next()",
    ),
    ("def c():\n    nap(1)\ndef b():\n    c()\ndef a():\n    b()", "a()"),  # too far away
    (
        "class Tool:\n    @staticmethod\n    def a(time):\n        time.sleep(1)\n"
        "    @classmethod\n    def b(cls):\n        cls.c()\n"
        "    @staticmethod\n    def c():\n        nap(1)  #! DA101",
        "Tool.a(value)\nTool.b()",
    ),
    # round and round
    ("def a():\n    b()\ndef b():\n    nap(1)  #! DA101\n    a()", "a()"),
    # not called, but handed on
    ("def helper():\n    nap(1)", "await asyncio.to_thread(helper)"),
    (
        "def in_thread(f):\n    @functools.wraps(f)\n    async def call():\n"
        "        return await asyncio.to_thread(f)\n    return call\n"
        "@in_thread\ndef helper():\n    nap(1)",
        "await helper()",
    ),
    (
        "from asgiref.sync import sync_to_async\n@sync_to_async\ndef helper():\n    nap(1)",
        "helper()",
    ),
    (
        "class Later:\n    def __init__(self, f):\n        functools.update_wrapper(self, f)\n"
        "    async def __call__(self):\n        return await asyncio.to_thread(self.__wrapped__)\n"
        "@Later\ndef helper():\n    nap(1)",
        "await helper()",
    ),
    (
        "class Now:\n    def __init__(self, f):\n        self.f = f\n"
        "    def __call__(self):\n        return self.f()\n"
        "@Now\ndef helper():\n    nap(1)  #! DA101",
        "helper()",
    ),
    # the view's own inner functions
    ("", "def inner():\n    nap(1)  #! DA101\ninner()"),
    ("", "async def inner():\n    nap(1)  #! DA101\nawait asyncio.gather(inner())"),
]


@pytest.mark.parametrize(("before", "body"), FUNCTIONS)
def test_the_users_own_functions_are_followed(found_as_marked, before, body):
    found_as_marked(_in_view(body, before))


def test_the_way_there_is_told(found_as_marked):
    before = "def fetch():\n    nap(1)  #! DA101\n\ndef load():\n    fetch()\n"
    [finding] = found_as_marked(_in_view("load()", before))
    assert finding.what == "'nap(…)' sleeps in 'fetch', called by 'load', called by async 'view'"
    assert [step.function for step in finding.chain] == ["view", "load", "fetch"]
    assert "await asyncio.sleep(…)" in finding.advice


def test_a_call_is_told_of_once_however_many_views_lead_there(found_as_marked):
    found_as_marked(
        HEAD
        + """
def helper():
    nap(1)  #! DA101

@app.get("/a")
async def a():
    helper()

@app.get("/b")
async def b():
    helper()
"""
    )


ELSEWHERE = """
@app.before_request
async def before():
    nap(1)  #! DA101

@app.errorhandler(404)
async def missing(error):
    nap(1)  #! DA101

@app.context_processor
async def names():
    nap(1)  #! DA101

@app.get("/a")
@nonblocking
def marked():
    nap(1)  #! DA104
    open("x")  #! DA103

@app.get("/b")
def plain():
    nap(1)

class Methods(MethodView):
    async def get(self):
        self.help()

    async def post(self):
        return ""

    def help(self):
        nap(1)  #! DA101

app.add_url_rule("/c", view_func=Methods.as_view("methods"))

class One(View):
    async def dispatch_request(self):
        nap(1)  #! DA101

app.add_url_rule("/d", view_func=One.as_view("one"))

class Callable:
    async def __call__(self):
        nap(1)  #! DA101

app.add_url_rule("/e", "callable", Callable())
app.add_url_rule("/f", "partial", functools.partial(something))

def needs(role):
    def decorate(view):
        @functools.wraps(view)
        async def wrapper(*args):
            nap(1)  #! DA101
            return view(*args)
        return wrapper
    return decorate

@app.get("/g")
@needs("admin")
def behind_an_async_decorator():
    nap(1)  #! DA101
"""


def test_all_that_the_loop_runs_is_read(found_as_marked):
    found_as_marked(HEAD + ELSEWHERE, of="DA1")


def test_what_is_imported_inside_a_function_is_followed(load, tmp_path):
    package = tmp_path / "checked_package"
    package.mkdir()
    (package / "tools.py").write_text("import time\ndef wait():\n    time.sleep(1)\n")
    (package / "__init__.py").write_text(
        f"{HEAD}\nfrom . import tools{VIEW}    from .tools import wait\n    wait()\n"
    )
    app = importlib.import_module("checked_package").app
    [finding] = check(app).findings
    assert finding.place.file == str(package / "tools.py")


SYNC_STREAM = """
@app.get("/")
async def view():
    def rows():
        nap(1)  # in a worker thread
        yield "x"
    return rows(), 200

@app.get("/async")
async def other():
    async def rows():
        nap(1)  #! DA101
        yield "x"
    return rows()
"""


def test_a_sync_generator_that_is_returned_runs_in_threads(found_as_marked):
    found_as_marked(HEAD + SYNC_STREAM, of="DA1")


SQLALCHEMY = """
from sqlalchemy import create_engine, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

engine = create_engine("sqlite://")
make = sessionmaker(engine)
sessions = scoped_session(make)
apart = create_async_engine("sqlite+aiosqlite://")


@app.get("/")
async def view():
    with Session(engine) as session:
        session.execute(select(1))  #! DA101
        session.query(1).filter().order_by().all()  #! DA101
        session.query(1).filter()
    with make() as session:
        pass
    sessions.commit()  #! DA101
    sessions().scalars(select(1))  #! DA101
    with engine.connect() as connection:  #! DA101
        connection.execute(select(1))  #! DA101
    async with AsyncSession(apart) as own:
        await own.execute(select(1))
        await own.run_sync(lambda inner: inner.execute(select(1)))
"""


def test_sync_and_async_sqlalchemy_are_told_apart(found_as_marked):
    pytest.importorskip("aiosqlite")
    pytest.importorskip("sqlalchemy")
    found_as_marked(HEAD + SQLALCHEMY, of="DA1")


def test_redis_and_pymongo_objects_are_known(found_as_marked):
    pytest.importorskip("redis")
    pytest.importorskip("pymongo")
    found_as_marked(
        HEAD
        + """
import pymongo
import redis
import redis.asyncio

cache, own = redis.Redis(), redis.asyncio.Redis()
mongo = pymongo.MongoClient(connect=False)


@app.get("/")
async def view():
    cache.get("x")  #! DA101
    batch = cache.pipeline()
    batch.set("x", 1)
    batch.execute()  #! DA101
    await own.get("x")
    mongo.db.users.find_one({})  #! DA101
    mongo["db"]["users"].insert_one({})  #! DA101
""",
        of="DA1",
    )
