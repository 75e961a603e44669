"""The recommendation follows from the numbers: other numbers, other advice."""

from __future__ import annotations

import pytest

from dualapp.lab.advice import advise
from dualapp.lab.ranking import best_rate, ranked

from .small_results import GTHREAD, SYNC, UVICORN, asked, figures, results, setup

WAITS = {"server and network": 0.002, "dualapp": 0.001, "view, waiting": 0.18}
COMPUTES = {"dualapp": 0.001, "view, computing": 0.02, "view, waiting": 0.001}
REPORT = "GET /report"


def three(sync, gthread, uvicorn, **more):
    """Make figures of one request under three setups."""
    rates = {SYNC: sync, GTHREAD: gthread, UVICORN: uvicorn}
    return [figures(name, REPORT, rate, **more) for name, rate in rates.items()]


def text_of(found):
    return " ".join(advise(found).sentences)


# -- the rule --------------------------------------------------------------------------------------


def test_the_highest_score_wins():
    assert advise(results(three(10, 51, 40))).setup == GTHREAD
    assert advise(results(three(10, 40, 51))).setup == UVICORN
    advice = advise(results(three(60, 40, 51)))
    assert (advice.setup, advice.command) == (SYNC, f"serve-by {SYNC}")


def test_scores_are_geometric_means_over_requests():
    requests = [asked(), asked("GET /")]
    found = [
        figures(SYNC, REPORT, 10),
        figures(UVICORN, REPORT, 100),
        figures(SYNC, "GET /", 100),
        figures(UVICORN, "GET /", 90),
    ]
    first, second = ranked(results(found, requests=requests))
    assert (first.setup, second.setup) == (UVICORN, SYNC)
    assert first.score.median == pytest.approx(0.9**0.5)
    assert second.score.median == pytest.approx(0.1**0.5)


def test_a_setup_that_could_not_answer_one_request_falls_behind():
    requests = [asked(), asked("GET /")]
    found = [
        figures(UVICORN, REPORT, 10),
        figures(UVICORN, "GET /", 10),
        figures(SYNC, "GET /", 20),
    ]
    assert advise(results(found, requests=requests)).setup == UVICORN


def test_a_tie_goes_to_the_smaller_memory_and_is_called_one():
    found = [
        figures(GTHREAD, REPORT, 100, noise=0.05, memory=60),
        figures(UVICORN, REPORT, 95, noise=0.05, memory=45),
    ]
    advice = advise(results(found))
    assert advice.setup == UVICORN
    assert advice.sentences[0] == (
        "Over the one request, gunicorn gthread and uvicorn are alike within the spread of the"
        " rounds; uvicorn takes the least memory of them, 45 MB (the most: 60 MB), and is"
        " recommended for that."
    )
    apart = [
        figures(GTHREAD, REPORT, 100, noise=0.01, memory=60),
        figures(UVICORN, REPORT, 90, noise=0.01, memory=45),
    ]
    assert advise(results(apart)).setup == GTHREAD
    assert "alike" not in text_of(results(apart))


def test_a_rate_counts_only_where_the_request_is_served_well():
    quick = figures(SYNC, REPORT, 50, at=1, p50=0.05)
    slow = figures(SYNC, REPORT, 500, at=16, p99=0.6)
    failing = figures(SYNC, REPORT, 900, at=64, errors={"status 500": 11})
    good = figures(SYNC, REPORT, 400, at=4, p99=0.5, errors={"status 500": 10})
    assert best_rate(results([quick, slow, failing, good]), SYNC, REPORT) is good
    assert best_rate(results([quick, slow, failing]), SYNC, REPORT) is quick
    assert best_rate(results([slow, failing]), SYNC, "GET /") is None


def test_a_request_that_nobody_serves_well_lowers_no_score():
    bad = {"status 500": 500}
    requests = [asked(), asked("GET /bad")]
    found = [
        *(figures(name, REPORT, rate) for name, rate in ((SYNC, 50), (UVICORN, 100))),
        *(figures(name, "GET /bad", 70, errors=bad) for name in (SYNC, UVICORN)),
    ]
    first, second = ranked(results(found, requests=requests))
    assert (first.score.median, second.score.median) == (pytest.approx(1), pytest.approx(0.5))
    assert text_of(results(found, requests=requests)).startswith(
        "Over the 1 of 2 requests that some setup serves well, uvicorn serves best: 100% of"
    )


def test_without_an_answer_in_most_rounds_there_is_no_rate():
    silent = figures(SYNC, REPORT, 0)
    assert best_rate(results([silent]), SYNC, REPORT) is None
    text = text_of(results([silent, figures(UVICORN, REPORT, 0, memory=40)]))
    assert text.startswith("No setup serves any request well, so none is better than the others;")
    assert "uvicorn is named as it takes the least memory" in text


def test_half_a_second_is_no_reason_to_call_it_slow():
    alone = figures(SYNC, REPORT, 1000, at=1, p50=0.001)
    busy = figures(SYNC, REPORT, 4000, at=64, p99=0.49)
    assert best_rate(results([alone, busy]), SYNC, REPORT) is busy


# -- the words -------------------------------------------------------------------------------------


def test_a_sync_view_that_waits():
    found = results(three(5.5, 88, 110), parts=WAITS, waits_at="shop.reports, line 41")
    assert (
        "GET /report waits 180 ms in a sync view (at shop.reports, line 41): uvicorn serves up to"
        " 110 a second, 20 times what gunicorn sync does (5.5 a second); on uvicorn each one holds"
        " a thread, of 40."
    ) in text_of(found)
    other = results(three(5.5, 28, 20), parts=WAITS)
    assert (
        "GET /report waits 180 ms in a sync view: gunicorn gthread with 16 threads serves up to 28"
        " a second, 5.1 times what gunicorn sync does"
    ) in text_of(other)


def test_an_async_view_that_waits_holds_no_thread():
    found = results(three(5, 80, 900), requests=[asked(colour="async")], parts=WAITS)
    assert "waits 180 ms in an async view: uvicorn serves up to 900" in text_of(found)
    assert "holds a thread" not in text_of(found)


def test_a_view_that_computes():
    text = text_of(results(three(40, 45, 44, noise=0.2), parts=COMPUTES))
    assert "GET /report computes 20 ms in a sync view: all setups serve it alike" in text
    assert "waits" not in text
    assert "holds a thread" not in text


def test_setups_that_do_not_serve_a_request_well_are_not_called_alike():
    found = three(40, 45, 44, noise=0.2)
    found[0] = figures(SYNC, REPORT, 40, errors={"status 500": 400})
    assert (
        "GET /report: gunicorn gthread and uvicorn serve it alike within the spread, up to 45 a"
        " second; at no concurrency is it served well by gunicorn sync."
    ) in text_of(results(found))


def test_what_was_not_taken_apart_is_not_explained():
    text = text_of(results(three(10, 20, 40)))
    assert "GET /report: uvicorn serves up to 40 a second, 4 times what gunicorn sync does" in text


def test_a_request_that_nobody_serves_well():
    found = [figures(SYNC, REPORT, 5, errors={"status 500": 900})]
    assert "no setup serves it well" in text_of(results(found))


def test_one_setup_is_not_called_the_best():
    text = text_of(results([figures(SYNC, REPORT, 5)]))
    assert "Only gunicorn sync was measured, so there is nothing to compare it with." in text
    assert "times what" not in text


def test_the_two_kinds_of_event_loop_are_compared():
    names = [f"gunicorn sync ({loop} loop)" for loop in ("request", "worker")]
    setups = [setup(name, loop=name.split()[2][1:]) for name in names]
    found = [figures(names[0], REPORT, 100), figures(names[1], REPORT, 130)]
    requests = [asked(colour="async")]
    sentence = (
        'WSGI_EVENT_LOOP="worker" instead of "request" under gunicorn sync serves GET /report 1.3'
        " times as often."
    )
    assert sentence in text_of(results(found, setups=setups, requests=requests))
    assert "WSGI_EVENT_LOOP" not in text_of(results(found, setups=setups)), "no loop: sync view"
    alike = [figures(name, REPORT, 100, noise=0.1) for name in names]
    assert "WSGI_EVENT_LOOP" not in text_of(results(alike, setups=setups, requests=requests))


def test_a_client_that_may_be_the_bottleneck_is_told():
    assert "load client can make 290 requests" in text_of(results(three(1, 2, 100), client=290))
    assert "load client" not in text_of(results(three(1, 2, 100), client=300))


def test_without_figures_there_is_no_advice():
    assert advise(results([], setups=[setup(SYNC, failure="It ended.")])) is None
