"""The example ``deploy``: nginx, two gunicorn, two uvicorn, PostgreSQL, Redis; some of it ends."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from ..servers.launch import free_port
from . import deploy_service
from .deploy_client import CUT, HOST, Answer, Client, Load
from .deploy_launch import DEPLOY, unit_entries
from .deploy_replicas import Replica
from .deploy_service import Deployed
from .deploy_stores import need_services
from .patience import wait_until

pytestmark = [
    pytest.mark.servers,
    pytest.mark.services,
    pytest.mark.skipif(
        bool(deploy_service.MISSING),
        reason=f"not installed: {', '.join(deploy_service.MISSING)}; pip install 'dualapp[deploy]'",
    ),
]

ADA = {"name": "ada", "password": "engine-1843"}
SLOW = {"name": "slow", "password": "molasses"}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    need_services()
    with deploy_service.deployed(tmp_path_factory.mktemp("deploy")) as deployed:
        yield deployed


@pytest.fixture(scope="module")
def cookie(deployed: Deployed) -> str:
    """Sign Ada up and in through nginx."""
    return signed_up(deployed, ADA)


@pytest.fixture
def client(deployed: Deployed) -> Iterator[Client]:
    """A stranger, at nginx."""
    with deployed.nginx.client() as client:
        yield client


def signed_up(deployed: Deployed, who: dict[str, str]) -> str:
    with deployed.nginx.client() as client:
        assert client.call("POST", "/accounts", who).status == 201
        return client.call("POST", "/session", who).cookie


def answers_of_all(
    client: Client, path: str, method: str = "GET", value: object = None, **headers: str
) -> dict[str, Answer]:
    """Ask the same until each of the four replicas has answered."""
    answers: dict[str, Answer] = {}

    def ask() -> bool:
        answer = client.call(method, path, value, **headers)
        answers[answer.headers["X-Served-By"]] = answer
        return len(answers) == 4

    wait_until(ask, f"four replicas answer, not only {list(answers)}")
    return answers


# -- one site --------------------------------------------------------------------------------------


def test_all_replicas_answer_the_same(deployed, client, cookie):
    client.cookie = cookie
    assert client.call("PUT", f"/notes/{uuid.UUID(int=1)}", {"text": "Grüße"}).status == 200
    for path in ("/notes", f"/notes/{uuid.UUID(int=1)}", f"/notes/{uuid.UUID(int=2)}", "/whoami"):
        answers = answers_of_all(client, path)
        assert set(answers) == {replica.name for replica in deployed.replicas}
        assert len({(answer.status, answer.body) for answer in answers.values()}) == 1


def test_a_session_begun_on_one_replica_holds_on_all(deployed, cookie):
    for replica in deployed.replicas:
        with Client(replica.port) as client:
            client.cookie = client.call("POST", "/session", ADA).cookie
        for other in deployed.replicas:
            with Client(other.port, client.cookie) as client_of_other:
                assert client_of_other.call("GET", "/whoami").json["user"] is not None
        with Client(replica.port, client.cookie) as client:
            assert client.call("DELETE", "/session").status == 204
        for other in deployed.replicas:
            with Client(other.port, client.cookie) as client_of_other:
                assert client_of_other.call("GET", "/whoami").json["user"] is None
                assert client_of_other.call("GET", "/notes").status == 401


def test_signing_in_makes_a_new_session_in_a_guarded_cookie(client, cookie):
    client.cookie = "session=chosen-by-somebody-else"
    first = client.call("POST", "/session", ADA)
    client.cookie = first.cookie
    second = client.call("POST", "/session", ADA)
    assert len({"session=chosen-by-somebody-else", first.cookie, second.cookie}) == 3
    attributes = {part.strip() for part in second.headers["Set-Cookie"].split(";")}
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
    assert client.call("GET", "/whoami").json["user"] is None, "the first one has ended"


def test_a_session_ends_by_itself(deployed, client, cookie):
    import redis

    session = client.call("POST", "/session", ADA).cookie.removeprefix("session=")
    key = f"{deployed.settings['NOTES_REDIS_PREFIX']}session:{session}"
    with redis.Redis.from_url(deployed.settings["NOTES_REDIS_URL"]) as store:
        assert 0 < store.ttl(key) <= 12 * 60 * 60


def test_a_wrong_password_signs_nobody_in(client, cookie):
    for who in ({**ADA, "password": "wrong"}, {"name": "nobody", "password": "x"}):
        answer = client.call("POST", "/session", who)
        assert (answer.status, answer.headers["Set-Cookie"]) == (403, None)
    assert client.call("POST", "/session", ["ada"]).status == 400
    assert client.call("POST", "/accounts", ADA).status == 409


# -- what nginx does -------------------------------------------------------------------------------


def test_what_a_client_forges_is_not_believed(deployed):
    forged = {
        "Host": f"{HOST}:666",
        "Forwarded": "for=6.6.6.6;host=evil.example;proto=https",
        "X_Forwarded_For": "6.6.6.6",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Port": "666",
        "X_Forwarded_Prefix": "/evil",
        "X_Forwarded_Proto": "https",
    }
    url = f"http://{HOST}:{deployed.nginx.port}/"
    with Client(deployed.nginx.port, address="127.0.0.2") as client:
        for answer in answers_of_all(client, "/whoami", **forged).values():
            assert answer.json == {"user": None, "address": "127.0.0.2", "url": url}


def test_another_host_is_not_answered(client):
    assert client.call("GET", "/whoami", Host="evil.example").status == 421


def test_the_health_of_replicas_is_not_public(client):
    assert client.call("GET", "/health/ready").status == 404


def test_a_request_keeps_its_id_from_nginx_to_gunicorns_log(deployed, client):
    for name, answer in answers_of_all(client, "/whoami", X_Request_ID="forged").items():
        request_id = answer.headers["X-Request-ID"]
        deployed.nginx.wait_to_note(request_id)
        if name.startswith("gunicorn"):
            [replica] = [replica for replica in deployed.replicas if replica.name == name]
            replica.wait_to_note(request_id)
            assert "forged" not in replica.text


def test_nginx_refuses_a_large_upload(deployed, client, cookie):
    client.cookie = cookie
    asked = deployed.nginx.log.count("PUT")
    note = f"/notes/{uuid.uuid4()}"
    assert client.call("PUT", note, {"text": "x" * 1_000_000}).status == 200
    assert client.call("PUT", note, {"text": "x" * 1_100_000}).status == 413
    deployed.nginx.wait_to_note("PUT", times=asked + 2)
    *_, refused = (line for line in deployed.nginx.log.splitlines() if "PUT" in line)
    assert " 413 " in refused
    assert "by - (-)" in refused, "no replica was asked"


def test_a_stream_arrives_piece_by_piece_from_each_replica(deployed, client, cookie):
    """The next piece is made only after the one before has arrived."""
    client.cookie = cookie
    listened: Counter[str] = Counter()
    while len(listened) < 4:
        with deployed.nginx.client(cookie) as listener:
            listener.send("GET", "/live")
            stream = listener.connection.getresponse()
            assert stream.readline() == b": listening\n"
            for text in ("one", "two"):
                assert stream.readline() == b"\n"
                told = client.call("POST", "/notes", {"text": text})
                assert json.loads(stream.readline().removeprefix(b"data: ")) == told.json
            listened[stream.headers["X-Served-By"]] += 1


# -- when a replica ends ---------------------------------------------------------------------------


def test_readiness_ends_before_the_replica_does(deployed):
    for replica in deployed.replicas:
        assert (replica.health("ready"), replica.health("live")) == (200, 200)
        replica.drain_file.touch()
        try:
            assert (replica.health("ready"), replica.health("live")) == (503, 200)
        finally:
            replica.drain_file.unlink()
        assert replica.health("ready") == 200


def test_the_containers_health_check_tells_life_from_death(deployed):
    [check] = re.findall(r"^    CMD (\[.*\])$", (DEPLOY / "Containerfile").read_text(), re.M)
    python, *arguments = json.loads(check)
    assert python == "python"
    for port, well in ((deployed.replicas[1].port, True), (free_port(), False)):
        command = [argument.replace(":8000/", f":{port}/") for argument in arguments]
        done = subprocess.run([sys.executable, *command], stderr=subprocess.DEVNULL, check=False)
        assert (done.returncode == 0) is well


@pytest.fixture(scope="module")
def slow_cookie(deployed: Deployed) -> str:
    return signed_up(deployed, SLOW)


class Held:
    """Requests that wait for a lock in PostgreSQL, at least one of each method in each replica.

    To be made while there is no other load: nginx then sends each to the next replica.

    Attributes:
        posts: The answers to come to those that must not be repeated.
        puts: The answers to come to those that may.
    """

    def __init__(self, deployed: Deployed, cookie: str, pool: ThreadPoolExecutor) -> None:
        self._deployed = deployed
        self._cookie = cookie
        self.posts: list[Future[Answer]] = []
        self.puts: list[Future[Answer]] = []
        while min(len(self.waiting_posts()), len(self.waiting_puts())) < 4:
            self.posts.append(pool.submit(self._ask, "POST", "/notes"))
            self.puts.append(pool.submit(self._ask, "PUT", f"/notes/{uuid.uuid4()}"))
            wait_until(self._all_wait, self._told)

    def _all_wait(self) -> bool:
        assert [a.result() for a in self.posts + self.puts if a.done()] == []
        posts, puts = self.waiting_posts(), self.waiting_puts()
        return posts.total() == len(self.posts) and puts.total() == len(self.puts)

    def _told(self) -> str:
        return (
            f"{len(self.posts)} requests of each kind wait in the replicas, not only"
            f" POST {self.waiting_posts()} PUT {self.waiting_puts()}; nginx knows of"
            f" {self._deployed.nginx.log.splitlines()[-5:]}"
        )

    def _ask(self, method: str, path: str) -> Answer:
        with self._deployed.nginx.client(self._cookie) as client:
            return client.call(method, path, {"text": f"held {method}"})

    def waiting_posts(self) -> Counter[str]:
        """Give how many wait in each replica that has any."""
        return self._waiting("INSERT INTO notes%") - self.waiting_puts()

    def waiting_puts(self) -> Counter[str]:
        """Give how many wait in each replica that has any."""
        return self._waiting("INSERT INTO notes%ON CONFLICT%")

    def _waiting(self, statement: str) -> Counter[str]:
        rows = self._deployed.ask(
            "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND query LIKE %s",
            statement,
        )
        return Counter(name for (name,) in rows)


@contextlib.contextmanager
def held(deployed: Deployed, cookie: str) -> Iterator[Held]:
    """Hold requests of the slow user; let them go on afterwards."""
    import psycopg

    with deployed.nginx.client(cookie) as client:
        # In each of its two lists, nginx leaves a replica alone for a while that was gone.
        answers_of_all(client, "/notes")
        answers_of_all(client, "/notes", "POST", {"text": "all are back"})
    with ThreadPoolExecutor(64) as pool, psycopg.connect(deployed.database_url) as lock:
        lock.execute("SELECT FROM accounts WHERE name = 'slow' FOR UPDATE")
        yield Held(deployed, cookie, pool)
        # The transaction ends, and with it the lock; then the answers come.


def statuses(answers: list[Future[Answer]]) -> list[int]:
    return [answer.result().status for answer in answers]


def load_on(deployed: Deployed, cookie: str) -> Load:
    with deployed.nginx.client(cookie) as client:
        return Load(deployed.nginx.port, cookie, client.call("GET", "/whoami").json["user"])


def wait_for_traffic(deployed: Deployed, replica: Replica) -> None:
    """Wait until nginx has passed some more requests to a replica, and got answers."""
    line = f"by 127.0.0.1:{replica.port} (20"
    deployed.nginx.wait_to_note(line, times=deployed.nginx.log.count(line) + 10)


def check_what_is_stored(deployed: Deployed, load: Load) -> None:
    """Compare what clients were told with what PostgreSQL has."""
    texts = Counter(text for (text,) in deployed.ask("SELECT text FROM notes"))
    assert [text for text in load.added if texts[text] != 1] == [], "told stored, so stored once"
    assert [text for text in load.doubtful if texts[text] > 1] == [], "nothing is stored twice"
    for note, text in load.written.items():
        assert deployed.ask("SELECT text FROM notes WHERE id = %s", note) == [(text,)]


def test_a_restart_loses_no_request(deployed, cookie, slow_cookie):
    """SIGTERM, under load, to one gunicorn and one uvicorn that systemd would start again."""
    gunicorn, _, uvicorn, _ = deployed.replicas
    signs = {gunicorn.name: "Handling signal: term", uvicorn.name: "Shutting down"}
    with contextlib.ExitStack() as stack:
        with held(deployed, slow_cookie) as requests:
            load = stack.enter_context(load_on(deployed, cookie))
            for replica in (gunicorn, uvicorn):
                wait_for_traffic(deployed, replica)
                replica.terminate()
                replica.wait_to_note(signs[replica.name])
        assert set(statuses(requests.posts)) == {201}
        assert set(statuses(requests.puts)) == {200}
        for replica, code in ((gunicorn, 0), (uvicorn, -signal.SIGTERM)):
            assert replica.wait() == code, replica.text
            replica.start()
        for replica in (gunicorn, uvicorn):
            replica.wait_until_ready()
            wait_for_traffic(deployed, replica)
    assert (load.failures, load.cut) == ([], [])
    assert min(load.counts[method] for method in ("GET", "PUT", "POST")) > 20
    check_what_is_stored(deployed, load)


def test_containers_that_end_lose_no_request_that_may_be_repeated(deployed, cookie):
    """SIGTERM, under load, where nobody keeps the socket open: nginx asks the others."""
    ending = (deployed.replicas[1], deployed.replicas[3])
    with load_on(deployed, cookie) as load:
        for replica in ending:
            wait_for_traffic(deployed, replica)
            replica.terminate()
        for replica in ending:
            replica.wait()
        for replica in (deployed.replicas[0], deployed.replicas[2]):
            wait_for_traffic(deployed, replica)
        for replica in ending:
            replica.start()
        for replica in ending:
            replica.wait_until_ready()
            wait_for_traffic(deployed, replica)
    assert (load.failed("GET", "PUT"), load.cut) == ([], [])
    assert {problem for _, problem in load.failures} <= {"502"}
    check_what_is_stored(deployed, load)


def test_a_reload_of_gunicorn_loses_no_request(deployed, cookie):
    """New workers start before the old ones end, on the signal that the unit names."""
    gunicorn = deployed.replicas[0]
    assert ("ExecReload", "/bin/kill -HUP $MAINPID") in unit_entries("gunicorn")
    workers = gunicorn.text.count("Booting worker")
    ended = gunicorn.text.count("Worker exiting")
    with load_on(deployed, cookie) as load:
        wait_for_traffic(deployed, gunicorn)
        gunicorn.process.send_signal(signal.SIGHUP)
        gunicorn.wait_to_note("Booting worker", times=workers + 2)
        gunicorn.wait_to_note("Worker exiting", times=ended + 2)
        wait_for_traffic(deployed, gunicorn)
    assert (load.failures, load.cut) == ([], [])
    check_what_is_stored(deployed, load)


@pytest.mark.parametrize("which", [1, 3], ids=["gunicorn", "uvicorn"])
def test_a_crash_loses_no_request_that_may_be_repeated(deployed, cookie, slow_cookie, which):
    """SIGKILL, under load. Of the others each client is told, and nothing is stored twice."""
    victim = deployed.replicas[which]
    with contextlib.ExitStack() as stack:
        with held(deployed, slow_cookie) as requests:
            load = stack.enter_context(load_on(deployed, cookie))
            wait_for_traffic(deployed, victim)
            lost, moved = (
                waiting[victim.name]
                for waiting in (requests.waiting_posts(), requests.waiting_puts())
            )
            victim.kill()
            # PostgreSQL does not notice yet that those of the victim are gone.
            wait_until(
                lambda: requests.waiting_puts().total() == len(requests.puts) + moved,
                "each PUT of the victim waits in another replica",
            )
        assert Counter(statuses(requests.posts)) == {201: len(requests.posts) - lost, 502: lost}
        assert set(statuses(requests.puts)) == {200}
        for replica in deployed.replicas:
            if replica is not victim:
                wait_for_traffic(deployed, replica)
        victim.start()
        victim.wait_until_ready()
        wait_for_traffic(deployed, victim)
    assert load.failed("GET", "PUT") == []
    assert {problem for _, problem in load.failures} <= {"502", CUT}
    assert len(load.doubtful) == len(load.failures)
    check_what_is_stored(deployed, load)
