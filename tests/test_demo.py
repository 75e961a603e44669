"""``dualapp demo``: run for real once; what its text says when the numbers are other ones."""

from __future__ import annotations

import io
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import dualapp
from dualapp.cli import cli
from dualapp.demo import probes, servers
from dualapp.demo.client import Reply
from dualapp.demo.measured import Measured, Pair, Served
from dualapp.demo.probes import Kind
from dualapp.demo.progress import Progress
from dualapp.demo.reasons import advice, reasons, seconds
from dualapp.demo.report import end, part

# Tests may run on an installed dualapp, which has no examples beside it.
PACKAGE = Path(dualapp.__file__).parent
CHECKOUT = Path(__file__).parents[1]
PROBES = {probe.kind: probe for probe in probes.PROBES}
FLOWER = {"sepal_length": 6.1, "sepal_width": 2.9, "petal_length": 4.7, "petal_width": 1.4}


# -- the application -------------------------------------------------------------------------------


@pytest.fixture
def demo_client(side, monkeypatch):
    from dualapp.demo import app

    monkeypatch.setattr(app, "WAIT", 0.01)
    monkeypatch.setattr(app, "PAUSE", 0.001)
    return app.app.test_client(side=side)


@pytest.mark.parametrize("path", ["/sync", "/async"])
def test_views_that_wait(demo_client, path, side):
    response = demo_client.get(path)
    assert response.json == {"waited": 0.01}
    assert response.headers["X-Ran-In"] in {"main thread", "worker thread"}


def test_a_sync_view_leaves_the_event_loop_alone(demo_client, side):
    expected = "worker thread" if side == "asgi" else "main thread"
    assert demo_client.get("/sync").headers["X-Ran-In"] == expected


def test_the_model_answers(demo_client):
    response = demo_client.post("/predict", json=FLOWER)
    assert response.json["species"] == "versicolor"
    assert sum(response.json["chances"].values()) == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize("body", [{}, [], "rose", {**FLOWER, "petal_width": "wide"}])
def test_the_model_refuses_what_is_no_flower(demo_client, body):
    assert demo_client.post("/predict", json=body).status_code == 400


def test_the_stream(demo_client):
    assert demo_client.get("/stream").text == "one word after the other "


def test_the_index_names_what_there_is(demo_client):
    assert "/predict" in demo_client.get("/").text


@pytest.mark.parametrize("name", ["iris.py", "model.json"])
def test_the_model_is_that_of_the_example(name):
    packaged = (PACKAGE / "demo" / name).read_bytes()
    assert packaged == (CHECKOUT / "examples" / "predict" / name).read_bytes()


# -- the real thing --------------------------------------------------------------------------------


@pytest.fixture
def start():
    """Start ``dualapp demo`` as a process of its own."""
    started = []

    def start(*options):
        process = subprocess.Popen(
            [sys.executable, "-m", "dualapp", "demo", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=CHECKOUT,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.wait(20)
        process.stdout.close()


def lines_until(process, what):
    """Read lines up to one that has some text; give them, and the longest silence in seconds."""
    lines, silence, before = [], 0.0, time.monotonic()
    for line in process.stdout:
        now = time.monotonic()
        silence, before = max(silence, now - before), now
        lines.append(line)
        if what in line:
            return lines, silence
    raise AssertionError(f"{what!r} is not in\n{''.join(lines)}")


def ports_in(text):
    return sorted({int(port) for port in re.findall(r"http://127\.0\.0\.1:(\d+)", text)})


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.servers
def test_the_whole_demo_then_ctrl_c(start):
    process = start("--serve", "--requests=8")
    lines, silence = lines_until(process, "# uvicorn")
    text = "".join(lines)

    assert silence < 8, "a bare silence looks like a hang"
    for request in ("GET /sync", "GET /async", "POST /predict", "GET /stream"):
        assert f"\n{request}: " in text
        assert f"for {request.split()[1]}, 8 at once ..." in text
    assert text.count("Both answered 200 ") == 4
    assert text.count('Both answered 200 {"waited": 0.1}.') == 2
    assert '"species": "versicolor"' in text
    assert "Both answered 200 one word after the other." in text
    assert len(re.findall(r"^  gunicorn \(WSGI\) +\d.* m?s +\d", text, re.M)) == 4
    assert len(re.findall(r"^  uvicorn \(ASGI\) +\d.* m?s +\d", text, re.M)) == 4
    assert "In short" in text

    ports = ports_in(text)
    assert len(ports) == 2
    assert not any(map(is_free, ports)), "--serve leaves both running"
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert all(map(is_free, ports))


@pytest.mark.servers
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_both_servers_end_when_the_demo_is_broken_off(start, how):
    process = start("--requests=40", "--workers=1")
    lines, _ = lines_until(process, "gunicorn for /sync, 40 at once")
    ports = ports_in("".join(lines))
    assert len(ports) == 2
    process.send_signal(how)
    assert process.wait(20) == 1
    assert all(map(is_free, ports))
    assert "Aborted!" in process.stdout.read()


@pytest.mark.servers
def test_a_server_that_does_not_start_is_quoted(monkeypatch):
    monkeypatch.setattr(servers, "APP", "dualapp.demo.app:nobody")
    result = CliRunner().invoke(cli, ["demo"])
    assert result.exit_code == 1
    assert "ended by itself with exit code" in result.output
    assert "nobody" in result.output


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"gunicorn"}, "gunicorn is not installed"),
        ({"uvicorn"}, "uvicorn is not installed"),
        ({"gunicorn", "uvicorn"}, "gunicorn and uvicorn are not installed"),
    ],
)
def test_a_missing_server_is_one_clear_line(monkeypatch, missing, said):
    def is_installed(name):
        return None if name in missing else "found"

    monkeypatch.setattr(
        servers.importlib.util, "find_spec", lambda name: name not in missing or None
    )
    result = CliRunner().invoke(cli, ["demo"])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {said}")
    assert result.output.count("\n") == 1
    assert "pip install 'dualapp[servers]'" in result.output


def test_the_settings_of_this_shell_do_not_reach_the_servers(monkeypatch):
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--workers=9")
    monkeypatch.setenv("WEB_CONCURRENCY", "9")
    monkeypatch.setenv("LANGUAGE_OF_CHOICE", "C")
    environment = servers._environment()
    assert not {"GUNICORN_CMD_ARGS", "WEB_CONCURRENCY"} & set(environment)
    assert environment["LANGUAGE_OF_CHOICE"] == "C"


# -- the text follows from the numbers -------------------------------------------------------------


def measured(name, kind, alone, at_once, *, processes=1, number=32, ran_in="", body=b"same"):
    """Make a measurement: seconds for one alone, and for all at once."""
    side = {"gunicorn": "WSGI", "uvicorn": "ASGI"}[name]
    one = Reply(200, body, ran_in, 0, alone / 2, alone)
    many = [Reply(200, body, ran_in, 0, at_once / 2, at_once)] * number
    return Measured(Served(name, side, processes), PROBES[kind], [one], many)


def pair_of(kind, wsgi, asgi, *, workers=2, ran_in="worker thread"):
    return Pair(
        measured("gunicorn", kind, *wsgi, processes=workers),
        measured("uvicorn", kind, *asgi, ran_in=ran_in),
    )


def text_of(pair):
    return " ".join(reasons(pair))


def test_arithmetic():
    pair = pair_of(Kind.AWAITS, (0.1, 1.6), (0.1, 0.2))
    assert pair.wsgi.under_way == pytest.approx(2)
    assert pair.asgi.under_way == pytest.approx(16)
    assert pair.asgi.per_second == pytest.approx(160)
    assert pair.faster is pair.asgi
    assert pair.slower is pair.wsgi
    assert pair.ratio == pytest.approx(8)
    assert pair.same_answer


def test_what_is_expected_is_explained():
    text = text_of(pair_of(Kind.BLOCKS, (0.1, 1.6), (0.1, 0.2)))
    assert "32 at once: uvicorn was done 8.0 times as fast as gunicorn." in text
    assert "gunicorn had about 2.0 under way at a time with its 2 sync workers: each does" in text
    assert "uvicorn had about 16 with 1 process: a sync view runs in a worker thread" in text

    text = text_of(pair_of(Kind.AWAITS, (0.1, 3.2), (0.1, 0.2), workers=1))
    assert "about 1.0 under way at a time with its 1 sync worker:" in text
    assert "at each await the event loop goes on" in text


def test_what_is_not_as_expected_is_not_explained_away():
    text = text_of(pair_of(Kind.BLOCKS, (0.4, 1.6), (0.1, 3.2)))
    assert "gunicorn was done 2.0 times as fast as uvicorn" in text
    assert "more than its 2 sync workers can have" in text
    assert "the waits hardly overlapped" in text
    assert "each does one request" not in text
    assert "worker thread" not in text

    assert "fewer than its 2 sync workers" in text_of(pair_of(Kind.AWAITS, (0.1, 4), (0.1, 0.2)))
    text = text_of(pair_of(Kind.BLOCKS, (0.1, 1.6), (0.1, 0.2), ran_in="main thread"))
    assert "it ran the view in its main thread, and yet the waits overlapped" in text


def test_both_alike():
    text = text_of(pair_of(Kind.COMPUTES, (0.002, 0.040), (0.002, 0.045)))
    assert "32 at once: both needed about as long." in text
    assert "times as fast" not in text
    assert "process" not in text.replace("processor", "")


def test_computing_is_about_processes():
    more = text_of(pair_of(Kind.COMPUTES, (0.002, 0.040), (0.002, 0.080)))
    assert "gunicorn has 2 processes to compute in, uvicorn has 1." in more
    fewer = text_of(pair_of(Kind.COMPUTES, (0.002, 0.080), (0.002, 0.040)))
    assert "uvicorn was faster although it has 1 process and gunicorn has 2" in fewer
    equal = text_of(pair_of(Kind.COMPUTES, (0.002, 0.080), (0.002, 0.040), workers=1))
    assert "to compute in" not in equal
    assert "although" not in equal


def test_the_hop_to_a_thread_is_told_when_it_shows():
    slower = (0.002, 0.040), (0.003, 0.040)
    assert "Alone it took 1.0 ms longer under uvicorn" in text_of(pair_of(Kind.COMPUTES, *slower))
    assert "longer under" not in text_of(pair_of(Kind.COMPUTES, *slower, ran_in="main thread"))
    assert "longer under" not in text_of(pair_of(Kind.COMPUTES, *reversed(slower)))


def test_a_stream_tells_who_waited_longest():
    text = text_of(pair_of(Kind.STREAMS, (0.15, 2.4), (0.15, 0.2)))
    assert "got the first word after 1.20 s under gunicorn and 100 ms under uvicorn." in text


def test_advice():
    waits = pair_of(Kind.AWAITS, (0.1, 1.6), (0.1, 0.2))
    streams = pair_of(Kind.STREAMS, (0.15, 2.4), (0.15, 0.2))
    computes = pair_of(Kind.COMPUTES, (0.002, 0.040), (0.002, 0.041))
    told = " ".join(advice([waits, computes, streams]))
    assert "Where requests wait (/async, /stream), uvicorn was done 8 to 12 times as fast." in told
    assert "For /predict it made no great difference" in told

    slow = pair_of(Kind.AWAITS, (0.1, 1.6), (0.1, 2.8))
    assert "did not show the difference" in " ".join(advice([slow]))
    assert list(advice([pair_of(Kind.COMPUTES, (0.002, 0.080), (0.002, 0.040))])) == []


@pytest.mark.parametrize(
    ("value", "text"), [(0.0012, "1.2 ms"), (0.0123, "12 ms"), (0.5, "500 ms"), (1.234, "1.23 s")]
)
def test_times_are_written_with_the_digits_that_count(value, text):
    assert seconds(value) == text


def test_answers_that_differ_are_shown(monkeypatch):
    pair = Pair(
        measured("gunicorn", Kind.AWAITS, 0.1, 1.6, processes=2, body=b"ham"),
        measured("uvicorn", Kind.AWAITS, 0.1, 0.2, body=b"eggs"),
    )
    written = part(pair)
    assert "The answers differ, and they should not" in written
    assert "gunicorn answered 200 ham." in written
    assert "uvicorn answered 200 eggs." in written


def test_the_report_fits_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    pair = pair_of(Kind.AWAITS, (0.1, 1.6), (0.1, 0.2))
    for line in (part(pair) + end([pair])).splitlines():
        assert len(line) <= 60 + len("\x1b[1m\x1b[0m")


# -- progress --------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes when told."""
    now = [100.0]
    monkeypatch.setattr("dualapp.demo.progress.time.monotonic", lambda: now[0])

    def pass_seconds(number):
        now[0] += number

    return pass_seconds


def test_progress_in_a_log_is_a_line_a_second(clock):
    output = io.StringIO()
    progress = Progress(output)
    progress.begin("Asking")
    for number in range(10):
        clock(0.25)
        progress.go_on(f"{number} answered")
    progress.clear()
    first, *more = output.getvalue().splitlines()
    assert first == "Asking ..."
    assert more == ["Asking ... 3 answered, 1.0 s", "Asking ... 7 answered, 2.0 s"]


def test_progress_on_a_terminal_is_one_line_that_goes_away(clock):
    output = Terminal()
    progress = Progress(output)
    progress.begin("Asking")
    clock(0.2)
    progress.go_on()
    progress.clear()
    assert output.getvalue().split("\r\x1b[K") == ["", "Asking ...", "Asking ... 0.2 s", ""]
