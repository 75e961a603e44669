"""What is known of others' code: which calls block, what they give, what belongs to a loop.

An owner is a module or a class by its full name; ``.*`` behind it means all below it too. One thing
often has several names, that of where it is documented and that of where it is defined. Members are
separated by spaces, ``*`` stands for all that are not listed in :data:`HARMLESS`.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable

from .codes import BLOCKS, NESTED_LOOP, READS_FILE, Code

#: A name in two parts: ``("time", "sleep")``, ``("requests.sessions.Session", "get")``.
Name = tuple[str, str]


class Known(t.NamedTuple):
    """Calls that should not be made in async code.

    Attributes:
        owners: What they belong to.
        members: Their names there.
        does: What such a call does.
        instead: What async code does in its place; "" if nothing is better than a thread.
        code: What it is reported as.
    """

    owners: str
    members: str
    does: str
    instead: str = ""
    code: Code = BLOCKS


_NETWORK = "waits for the network"
_DATABASE = "waits for the database"
_PROCESS = "waits for another process"
_THREAD = "waits for another thread"
_FILE = "waits for the disk"
_RUNS_LOOP = "starts an event loop"
_HTTP_VERBS = "delete get head options patch post put request"
_CURSOR = "callproc copy copy_expert copy_from copy_to execute executemany executescript fetchall"
_CURSOR += " fetchmany fetchone nextset"
_CONNECTION = (
    "backup begin commit connect cursor_execute execute executemany executescript rollback"
)
_SESSION = """
    bulk_insert_mappings bulk_save_objects bulk_update_mappings commit connection delete execute
    flush get get_one merge refresh rollback scalar scalars
"""
_QUERY = """
    all count delete first first_or_404 get get_or_404 one one_or_404 one_or_none paginate scalar
    update
"""
_COLLECTION = """
    aggregate bulk_write count_documents create_index delete_many delete_one distinct drop
    estimated_document_count find_one find_one_and_delete find_one_and_replace find_one_and_update
    insert_many insert_one replace_one update_many update_one
"""
_SYNC_SQLALCHEMY = "'AsyncSession' or 'AsyncEngine' of sqlalchemy.ext.asyncio"

KNOWN = (
    Known("time", "sleep", "sleeps", "'await asyncio.sleep(…)'"),
    Known("builtins", "input", "waits for the keyboard"),
    # the network
    Known("requests.*", _HTTP_VERBS + " send", _NETWORK, "'httpx.AsyncClient' or aiohttp"),
    Known("httpx httpx._api", _HTTP_VERBS + " stream", _NETWORK, "'httpx.AsyncClient'"),
    Known(
        "httpx.Client httpx._client.Client",
        _HTTP_VERBS + " send stream",
        _NETWORK,
        "'httpx.AsyncClient'",
    ),
    Known("urllib3.*", "request urlopen", _NETWORK, "'httpx.AsyncClient' or aiohttp"),
    Known(
        "urllib.request",
        "urlopen urlretrieve",
        _NETWORK,
        "'httpx.AsyncClient' or aiohttp",
    ),
    Known(
        "http.client.HTTPConnection",
        "connect getresponse request",
        _NETWORK,
        "'httpx.AsyncClient' or aiohttp",
    ),
    Known(
        "socket _socket",
        "create_connection getaddrinfo gethostbyaddr gethostbyname getnameinfo",
        _NETWORK,
        "'asyncio.open_connection', 'loop.getaddrinfo'",
    ),
    Known(
        "socket.socket _socket.socket",
        "accept connect recv recv_into recvfrom recvmsg send sendall sendfile sendto",
        _NETWORK,
        "'asyncio.open_connection', 'loop.sock_recv'",
    ),
    Known(
        "smtplib.*",
        "SMTP SMTP_SSL connect login quit send_message sendmail starttls",
        _NETWORK,
        "aiosmtplib",
    ),
    Known("ftplib.FTP imaplib.IMAP4 poplib.POP3", "*", _NETWORK),
    Known("botocore.client.BaseClient", "*", _NETWORK, "aioboto3"),
    # databases
    Known("sqlite3 _sqlite3", "connect", "opens a database", "aiosqlite"),
    Known("sqlite3.Connection", _CONNECTION, _DATABASE, "aiosqlite"),
    Known("sqlite3.Cursor", _CURSOR, _DATABASE, "aiosqlite"),
    Known("psycopg2", "connect", _DATABASE, "asyncpg or psycopg 3"),
    Known("psycopg2.extensions.connection", _CONNECTION, _DATABASE, "asyncpg or psycopg 3"),
    Known("psycopg2.extensions.cursor", _CURSOR, _DATABASE, "asyncpg or psycopg 3"),
    Known("psycopg", "connect", _DATABASE, "'psycopg.AsyncConnection'"),
    Known(
        "psycopg.Connection psycopg.connection.Connection",
        _CONNECTION,
        _DATABASE,
        "'psycopg.AsyncConnection'",
    ),
    Known("psycopg.Cursor psycopg.cursor.Cursor", _CURSOR, _DATABASE, "'psycopg.AsyncConnection'"),
    Known(
        "psycopg_pool.ConnectionPool psycopg_pool.pool.ConnectionPool",
        "close connection getconn open wait",
        _DATABASE,
        "'psycopg_pool.AsyncConnectionPool'",
    ),
    Known("pymysql pymysql.*", "connect Connect", _DATABASE, "asyncmy or aiomysql"),
    Known("pymysql.connections.Connection", _CONNECTION, _DATABASE, "asyncmy or aiomysql"),
    Known("pymysql.cursors.Cursor", _CURSOR, _DATABASE, "asyncmy or aiomysql"),
    Known("MySQLdb mysql.connector", "connect Connect", _DATABASE, "asyncmy or aiomysql"),
    Known(
        """
        sqlalchemy.orm.Session sqlalchemy.orm.scoping.scoped_session
        sqlalchemy.orm.session.Session
        """,
        _SESSION,
        _DATABASE,
        _SYNC_SQLALCHEMY,
    ),
    Known("sqlalchemy.orm.query.Query", _QUERY, _DATABASE, _SYNC_SQLALCHEMY),
    Known("sqlalchemy.engine.base.Engine", "begin connect", _DATABASE, _SYNC_SQLALCHEMY),
    Known(
        "sqlalchemy.engine.base.Connection",
        "commit exec_driver_sql execute rollback scalar scalars",
        _DATABASE,
        _SYNC_SQLALCHEMY,
    ),
    Known(
        "flask_sqlalchemy.extension.SQLAlchemy",
        "create_all drop_all first_or_404 get_or_404 one_or_404 paginate reflect",
        _DATABASE,
        _SYNC_SQLALCHEMY,
    ),
    Known("redis.client.Pipeline", "execute", _DATABASE, "'redis.asyncio'"),
    Known("redis.Redis redis.client.Redis", "*", _DATABASE, "'redis.asyncio'"),
    Known(
        "pymongo.synchronous.collection.Collection pymongo.collection.Collection",
        _COLLECTION,
        _DATABASE,
        "'pymongo.AsyncMongoClient'",
    ),
    # processes and threads
    Known(
        "subprocess",
        "call check_call check_output getoutput getstatusoutput run",
        _PROCESS,
        "'await asyncio.create_subprocess_exec(…)'",
    ),
    Known(
        "subprocess.Popen",
        "communicate wait",
        _PROCESS,
        "'await asyncio.create_subprocess_exec(…)'",
    ),
    Known("os posix nt", "popen system wait waitpid", _PROCESS, "'asyncio.create_subprocess_exec'"),
    Known("queue.Queue queue.SimpleQueue _queue.SimpleQueue", "get put join", _THREAD),
    Known("threading.Event threading.Condition threading.Barrier", "wait wait_for", _THREAD),
    Known("threading.Thread", "join", _THREAD),
    Known(
        "concurrent.futures._base.Future",
        "exception result",
        _THREAD,
        "'await asyncio.wrap_future(…)'",
    ),
    # files
    Known("builtins io _io", "open", _FILE, code=READS_FILE),
    Known(
        "pathlib.Path pathlib._local.Path",
        "open read_bytes read_text write_bytes write_text",
        _FILE,
        code=READS_FILE,
    ),
    Known(
        "shutil",
        "copy copy2 copyfile copyfileobj copytree make_archive move rmtree unpack_archive",
        _FILE,
        code=READS_FILE,
    ),
    # loops
    Known("asyncio asyncio.runners", "run", _RUNS_LOOP, code=NESTED_LOOP),
    Known("asyncio.runners.Runner", "run", _RUNS_LOOP, code=NESTED_LOOP),
    Known("anyio anyio._core._eventloop", "run", _RUNS_LOOP, code=NESTED_LOOP),
    Known("asgiref.sync.AsyncToSync", "__call__", _RUNS_LOOP, code=NESTED_LOOP),
)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Members of an owner with ``*`` that wait for nothing.
HARMLESS = _names(
    """
    can_paginate close exceptions from_url generate_presigned_post generate_presigned_url
    get_paginator get_waiter lock meta pipeline pubsub register_script set_response_callback
    """
)

#: Methods that run an event loop, whoever's they are: no other library has these names.
LOOP_METHODS = frozenset({"run_forever", "run_until_complete"})

#: What a call gives, or a property is: the class of it.
RESULTS: dict[Name, str] = {
    ("asgiref.sync", "async_to_sync"): "asgiref.sync.AsyncToSync",
    ("boto3", "client"): "botocore.client.BaseClient",
    ("concurrent.futures.thread.ThreadPoolExecutor", "submit"): "concurrent.futures._base.Future",
    ("flask_sqlalchemy.extension.SQLAlchemy", "engine"): "sqlalchemy.engine.base.Engine",
    ("psycopg", "connect"): "psycopg.Connection",
    ("psycopg.Connection", "connect"): "psycopg.Connection",
    ("psycopg.Connection", "cursor"): "psycopg.Cursor",
    ("psycopg2", "connect"): "psycopg2.extensions.connection",
    ("psycopg2.extensions.connection", "cursor"): "psycopg2.extensions.cursor",
    ("pymysql", "connect"): "pymysql.connections.Connection",
    ("pymysql.connections.Connection", "cursor"): "pymysql.cursors.Cursor",
    ("redis", "from_url"): "redis.client.Redis",
    ("redis.client", "from_url"): "redis.client.Redis",
    ("redis.client.Redis", "from_url"): "redis.client.Redis",
    ("redis.client.Redis", "pipeline"): "redis.client.Pipeline",
    ("redis.utils", "from_url"): "redis.client.Redis",
    ("requests", "session"): "requests.sessions.Session",
    ("requests.sessions", "session"): "requests.sessions.Session",
    ("sqlalchemy", "create_engine"): "sqlalchemy.engine.base.Engine",
    ("sqlalchemy.engine.base.Engine", "begin"): "sqlalchemy.engine.base.Connection",
    ("sqlalchemy.engine.base.Engine", "connect"): "sqlalchemy.engine.base.Connection",
    ("sqlalchemy.engine.create", "create_engine"): "sqlalchemy.engine.base.Engine",
    ("sqlalchemy.orm.scoping.scoped_session", "__call__"): "sqlalchemy.orm.session.Session",
    ("sqlalchemy.orm.scoping.scoped_session", "query"): "sqlalchemy.orm.query.Query",
    ("sqlalchemy.orm.session.Session", "query"): "sqlalchemy.orm.query.Query",
    ("sqlalchemy.orm.session.sessionmaker", "__call__"): "sqlalchemy.orm.session.Session",
    ("sqlalchemy.orm.session.sessionmaker", "begin"): "sqlalchemy.orm.session.Session",
    ("sqlite3", "connect"): "sqlite3.Connection",
    ("_sqlite3", "connect"): "sqlite3.Connection",
    ("sqlite3.Connection", "cursor"): "sqlite3.Cursor",
    ("sqlite3.Connection", "execute"): "sqlite3.Cursor",
}

#: Classes whose other methods give an object of the same class.
CHAINED = frozenset({"sqlalchemy.orm.query.Query"})

#: Objects that stand for one of another class: ``Model.query``.
STANDS_FOR = {"flask_sqlalchemy.model._QueryProperty": "sqlalchemy.orm.query.Query"}

#: What ``client.name`` and ``client["name"]`` are.
ITEMS = {
    "pymongo.synchronous.mongo_client.MongoClient": "pymongo.synchronous.database.Database",
    "pymongo.synchronous.database.Database": "pymongo.synchronous.collection.Collection",
    "pymongo.mongo_client.MongoClient": "pymongo.database.Database",
    "pymongo.database.Database": "pymongo.collection.Collection",
}

#: Classes of objects that belong to the event loop in which they are first used.
LOOP_BOUND = _names(
    """
    aiohttp.client.ClientSession
    aiokafka.producer.producer.AIOKafkaProducer
    aiomysql.pool.Pool
    aiosqlite.core.Connection
    anthropic.AsyncAnthropic
    anthropic._client.AsyncAnthropic
    asyncpg.connection.Connection
    asyncpg.pool.Pool
    elasticsearch.AsyncElasticsearch
    elasticsearch._async.client.AsyncElasticsearch
    grpc.aio._channel.Channel
    httpx.AsyncClient
    httpx._client.AsyncClient
    motor.motor_asyncio.AsyncIOMotorClient
    openai.AsyncOpenAI
    openai._client.AsyncOpenAI
    psycopg.AsyncConnection
    psycopg.connection_async.AsyncConnection
    psycopg_pool.AsyncConnectionPool
    psycopg_pool.pool_async.AsyncConnectionPool
    pymongo.asynchronous.mongo_client.AsyncMongoClient
    redis.asyncio.client.Redis
    redis.asyncio.cluster.RedisCluster
    sqlalchemy.ext.asyncio.engine.AsyncEngine
    """
)


def find_known(names: Iterable[Name]) -> Known | None:
    """Look a call up.

    Args:
        names: Its names, those by the most derived class first: the first owner that is known
            decides, so that a class may have fewer of them than its base.
    """
    for owner, member in names:
        rows = _rows_of(owner)
        for row in rows:
            is_any = row.members == "*" and member not in HARMLESS and member[0] != "_"
            if is_any or member in row.members.split():
                return row
        if rows:
            return None
    return None


@functools.cache
def _rows_of(owner: str) -> list[Known]:
    return [row for row in KNOWN if _owns(row, owner)]


def _owns(row: Known, owner: str) -> bool:
    return any(
        owner == pattern.removesuffix(".*")
        or (pattern.endswith(".*") and owner.startswith(pattern[:-1]))
        for pattern in row.owners.split()
    )
