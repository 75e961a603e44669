"""The text for a terminal."""

from __future__ import annotations

from dualapp.lab import words
from dualapp.lab.advice import advise
from dualapp.lab.terminal import WIDTH, text_of

from .small_results import SYNC, UVICORN, asked, figures, results


def test_a_table_for_each_request_then_the_advice():
    found = [
        figures(SYNC, "GET /report", 5.5, at=1, memory=61),
        figures(SYNC, "GET /report", 5.6, at=16, p50=2.81, p99=2.95, memory=62),
        figures(UVICORN, "GET /report", 5.4, at=1),
        figures(UVICORN, "GET /report", 88, at=16, p50=0.18, p99=0.21, cpu=0.00125),
    ]
    plain = results(found, notes=["gunicorn gthread is left out."])
    text = text_of(results(found, notes=plain.notes, advice=advise(plain)))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "GET /report - Report of the year." in text
    assert "requests a second at 1 16 p50 p99 CPU memory" in lines
    assert "gunicorn sync 5.5 5.6 2.8 s 3 s 1 ms 62 MB" in lines
    assert "uvicorn 5.4 88 180 ms 210 ms 1.2 ms 50 MB" in lines
    assert "! gunicorn gthread is left out." in text
    assert text.endswith(f"Deploy uvicorn:\n\n  serve-by {UVICORN}\n")
    assert "servers on core 0, client on core 1" in text


def test_noise_and_errors_are_told():
    found = [
        figures(SYNC, "GET /report", 100, noise=0.2, errors={"status 500": 3}),
        figures(UVICORN, "GET /report", 100, noise=0.01),
    ]
    text = text_of(results(found))
    assert "! gunicorn sync, 16 at once: 3 times status 500" in text
    assert "rounds differ by up to 1.5 times (gunicorn sync at 16: 80 to 120)" in text
    assert "rounds differ" not in text_of(results(found[1:]))


def test_a_level_that_was_not_measured_is_left_open():
    found = [figures(SYNC, "GET /report", 100, at=1), figures(UVICORN, "GET /report", 100, at=4)]
    assert "100        -" in text_of(results(found))


def test_it_fits_the_width():
    name = "gunicorn gthread (request loop)"
    levels = [1, 4, 16, 64, 256]
    found = [figures(name, "GET /a", 123_456, at=level, p50=1.5, p99=12.5) for level in levels]
    long = "word " * 60
    plain = results(found, requests=[asked("GET /a", title=long)], notes=[long])
    for line in text_of(results(found, notes=[long], advice=advise(plain))).splitlines():
        assert len(line) <= WIDTH, line


def test_names_one_after_the_other():
    assert [words.listed(["a", "b", "c"][:count]) for count in (1, 2, 3)] == [
        "a",
        "a and b",
        "a, b and c",
    ]
