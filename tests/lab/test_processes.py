"""Processes end with the run, with all that they started; what they use is counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from dualapp.lab.processes import Processes
from dualapp.lab.serving import environment_for, free_port, last_word
from dualapp.lab.usage import ProcessTree

#: Starts a child that sleeps, says so, and ignores a polite end.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("ready", flush=True)
time.sleep(600)
"""
#: Computes for as long as it has CPU time to spend, then says so and waits.
BUSY = """
import sys, time
while time.process_time() < 0.2:
    pass
print("ready", flush=True)
sys.stdin.read()
"""


def start(processes, code, environment, folder):
    process = processes.start(
        [sys.executable, "-c", code],
        cores=[],
        environment=environment,
        folder=folder,
        log=folder / "log",
        talks=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_all_of_it_ends_after_an_error(marked, tmp_path, monkeypatch):
    monkeypatch.setattr("dualapp.lab.processes.GRACE", 0.2)

    def fail():
        with Processes() as processes:
            start(processes, STUBBORN, marked.environment, tmp_path)
            assert marked.started() == 2
            raise ValueError("an error")

    with pytest.raises(ValueError, match="an error"):
        fail()
    assert marked.left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_and_handlers_are_put_back(marked, tmp_path, number, request):
    if signal.getsignal(number) is signal.SIG_IGN:  # these tests are run by nohup
        signal.signal(number, signal.SIG_DFL)
        request.addfinalizer(lambda: signal.signal(number, signal.SIG_IGN))
    before = signal.getsignal(number)

    def wait():
        with Processes() as processes:
            start(processes, BUSY, marked.environment, tmp_path)
            os.kill(os.getpid(), number)
            time.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        wait()
    assert signal.getsignal(number) is before
    assert marked.left() == []


def test_a_signal_while_a_process_starts_does_not_lose_it(marked, tmp_path, monkeypatch):
    real = subprocess.Popen

    def popen(*args, **kwargs):
        process = real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGTERM)  # nobody knows of the process yet
        return process

    monkeypatch.setattr("dualapp.lab.processes.subprocess.Popen", popen)

    def start_one():
        with Processes() as processes:
            start(processes, BUSY, marked.environment, tmp_path)

    with pytest.raises(KeyboardInterrupt):
        start_one()
    assert marked.left() == []


def test_what_a_tree_of_processes_uses(tmp_path):
    with Processes() as processes:
        process = start(processes, BUSY, environment_for(), tmp_path)
        tree = ProcessTree(process.pid)
        usage = tree.usage()
        assert 0.2 <= usage.cpu < 30
        assert usage.memory > 1_000_000
        processes.end(process)
        assert tree.usage().memory == 0


#: Starts a child that computes for a while, and waits for it when a line comes.
PARENT = """
import subprocess, sys
code = "import time\\nwhile time.process_time() < 0.3: pass\\nprint(flush=True)\\ninput()"
child = subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1)
child.stdout.readline()
print("ready", flush=True)
sys.stdin.readline()
child.communicate(b"end")
print("ended", flush=True)
sys.stdin.read()
"""


def test_what_a_process_used_that_has_ended_stays_in_the_sum(tmp_path):
    with Processes() as processes:
        process = start(processes, PARENT, environment_for(), tmp_path)
        tree = ProcessTree(process.pid)
        before = tree.usage()
        assert (tree.size, before.cpu >= 0.3) == (2, True)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ended\n"
        assert tree.usage().cpu >= before.cpu - 0.02, "the kernel tells that in ticks"
        assert tree.size == 1


def test_variables_of_servers_and_debug_mode_do_not_reach_a_server(monkeypatch):
    for name in ("GUNICORN_CMD_ARGS", "WEB_CONCURRENCY", "FLASK_DEBUG", "DUALAPP_RUN_PORT"):
        monkeypatch.setenv(name, "9")
    monkeypatch.setenv("DUALAPP_AS_FLASK", "1")
    monkeypatch.setenv("DATABASE_URL", "x")
    environment = environment_for("/somewhere", MORE="1")
    assert not {"GUNICORN_CMD_ARGS", "WEB_CONCURRENCY", "FLASK_DEBUG", "DUALAPP_RUN_PORT"} & set(
        environment
    )
    assert {"DUALAPP_AS_FLASK", "DATABASE_URL", "MORE"} <= set(environment)
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == "/somewhere"


@pytest.mark.parametrize(
    ("log", "line"),
    [
        ("", "it wrote nothing"),
        ("one\ntwo\n\n", "two"),
        (
            "Traceback\n  File\nModuleNotFoundError: No module\n[INFO] bye\n",
            "ModuleNotFoundError: No module",
        ),
        (
            'ERROR:    Error loading ASGI app. Attribute "x" not found\nbye',
            'ERROR:    Error loading ASGI app. Attribute "x" not found',
        ),
    ],
)
def test_the_line_that_says_best_what_went_wrong(log, line):
    assert last_word(log) == line


def test_a_free_port():
    assert 1024 <= free_port() < 65536
