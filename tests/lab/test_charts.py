"""Where things go in a chart: scales, ticks, labels that do not touch."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dualapp.lab.charts import Key, Table, bars, over_concurrency
from dualapp.lab.charts_axes import doubling, for_figures, from_zero, kept_apart, over_decades
from dualapp.lab.results import Spread
from dualapp.lab.words import NOTHING, duration, number, rate, size

from .made_up import steady

NO_TABLE = Table([], [])
figures = st.floats(min_value=1e-9, max_value=1e12)


def key(index: int = 0) -> Key:
    return Key.numbered(index, f"setup {index}", is_asgi=False)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (rate(1234.4), "1,234/s"),
        (rate(0.254), "0.25/s"),
        (rate(0), "0/s"),
        (rate(2_345_678), "2.3 M/s"),
        (rate(float("nan")), NOTHING),
        (duration(0.012), "12 ms"),
        (duration(0.00085), "850 µs"),
        (duration(1.26), "1.3 s"),
        (duration(0), "0 s"),
        (duration(0.9996), "1 s"),
        (duration(float("inf")), NOTHING),
        (size(48_300_000), "48 MB"),
        (size(1_250_000_000), "1.2 GB"),
        (size(12), "12 bytes"),
        (number(9.96), "10"),
        (number(1e30), "1e+30"),
    ],
)
def test_figures_are_written_short_and_with_a_unit(written: str, expected: str) -> None:
    assert written == expected


@given(st.lists(figures, min_size=1, max_size=12), st.booleans())
@example([1.000000001], True)  # next to nothing above a round figure, and below the next one
def test_all_figures_are_on_the_scale_and_ticks_tell_them_apart(
    drawn: list[float], is_log: bool
) -> None:
    scale = for_figures(drawn, repr, is_log)
    places = [scale.place(figure) for figure in sorted(drawn)]
    assert all(0 <= place <= 1 for place in places)
    assert places == sorted(places)
    ticks = [tick.at for tick in scale.ticks]
    assert 1 <= len(ticks) <= 8
    assert ticks == sorted(set(ticks))
    assert len({tick.text for tick in scale.ticks}) == len(ticks)


def test_a_linear_scale_begins_at_zero_and_has_round_ticks() -> None:
    assert [tick.text for tick in from_zero(5618, rate).ticks] == [
        "0/s",
        "2,000/s",
        "4,000/s",
        "6,000/s",
    ]


def test_a_scale_without_figures_has_ticks_all_the_same() -> None:
    assert [tick.at for tick in from_zero(0, rate).ticks][-1] == 1


def test_latencies_of_several_decades_get_one_tick_for_each() -> None:
    assert [tick.text for tick in over_decades(0.0011, 0.3, duration).ticks] == [
        "1 ms",
        "10 ms",
        "100 ms",
    ]


def test_a_doubling_is_as_long_anywhere() -> None:
    scale = doubling([1, 4, 16, 64, 256])
    assert [tick.at for tick in scale.ticks] == [0, 0.25, 0.5, 0.75, 1]
    assert [tick.text for tick in scale.ticks] == ["1", "4", "16", "64", "256"]


def test_ticks_that_would_touch_are_left_out() -> None:
    scale = doubling(list(range(1, 65)))
    places = [tick.at for tick in scale.ticks]
    assert all(b - a >= 1 / 8 for a, b in itertools.pairwise(places))


def test_a_single_concurrency_is_in_the_middle() -> None:
    assert doubling([8]).place(8) == 0.5


@given(st.lists(st.floats(0, 220), max_size=30))
def test_names_keep_their_distance_and_their_order(wanted: list[float]) -> None:
    room = max(220, 16 * len(wanted))
    places = kept_apart(wanted, 16, 0, room)
    assert len(places) == len(wanted)
    assert all(-0.01 <= place <= room + 0.01 for place in places)
    for one, wish in zip(places, wanted, strict=True):
        others = [p for p, w in zip(places, wanted, strict=True) if w > wish]
        assert all(other > one for other in others)
    apart = sorted(places)
    assert all(b - a >= 15.99 for a, b in itertools.pairwise(apart))


def test_names_that_do_not_touch_stay_at_their_lines() -> None:
    assert kept_apart([200, 10, 100], 16, 0, 220) == [200, 10, 100]


def test_a_line_is_left_out_where_nothing_was_answered() -> None:
    nan = Spread(median=float("nan"), low=float("nan"), high=float("nan"))
    chart = over_concurrency(
        "Latency", "", [(key(0), {1: nan}), (key(1), {1: nan, 4: steady(0.1)})], duration, NO_TABLE
    )
    assert [line.key.name for line in chart.lines] == ["setup 1"]
    assert len(chart.lines[0].points) == 1
    assert chart.summary == "1 line. setup 1: 100 ms at 4."


def test_more_lines_than_fit_make_a_chart_higher() -> None:
    chart = over_concurrency(
        "Rate", "", [(key(n), {1: steady(1)}) for n in range(30)], rate, NO_TABLE
    )
    heights = sorted(line.name_at for line in chart.lines)
    assert heights[-1] <= chart.height
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 16


def test_a_summary_tells_where_each_line_begins_and_ends() -> None:
    chart = over_concurrency(
        "Rate", "", [(key(), {1: steady(100), 4: steady(390), 16: steady(1200)})], rate, NO_TABLE
    )
    assert chart.summary == "1 line. setup 0: 100/s at 1, 1,200/s at 16."


def test_parts_of_a_bar_follow_each_other_and_the_longest_bar_is_full() -> None:
    chart = bars(
        "Cost",
        "",
        [(key(0), {"server": 1.0, "view": 3.0}, "4 s"), (key(1), {"server": 1.0}, "1 s")],
        {"server": "p0", "hops": "p1", "view": "p2"},
        NO_TABLE,
        numbered=True,
    )
    long, short = chart.bars
    assert [(part.begin, part.length, part.number) for part in long.parts] == [
        (0, 25, "1"),
        (25, 75, "3"),
    ]
    assert (long.end, short.end) == (100, 25)
    assert chart.legend == [("p0", "1", "server"), ("p2", "3", "view")]


def test_setups_past_the_looks_that_there_are_can_still_be_told_apart() -> None:
    looks = {(k.letter, k.look, k.is_hollow) for k in map(key, range(16))}
    assert len({look[1:] for look in looks}) == 16
    assert [key(n).letter for n in (0, 25, 26, 27)] == ["A", "Z", "AA", "AB"]


def test_there_is_room_for_the_whole_spread_between_rounds() -> None:
    wide = Spread(median=90.0, low=10.0, high=205.0)
    (line,) = over_concurrency("Rate", "", [(key(), {1: wide})], rate, NO_TABLE).lines
    (point,) = line.points
    assert 0 < point.high < point.y < point.low < 220
