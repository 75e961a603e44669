"""The HTML page: well-formed, complete without a network, escaped, with a text for every chart."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import dualapp.lab
from dualapp.lab.page import render
from dualapp.lab.results import Client, Results

from .made_up import crowded, empty, failed, lossy, results, single_point, steady, with_name

PAGES = {
    "usual": results(),
    "30 requests": results(30),
    "crowded": crowded(),
    "one point": single_point(),
    "nothing": empty(),
    "all failed": failed(),
    "lossy": lossy(),
}
VOID = {"meta", "br", "hr", "img", "input", "link"}
HOSTILE = "</title></svg><script>alert(1)</script>\"' onload=x & {{ 7 * 7 }}"


class Element:
    """An element of the page."""

    def __init__(self, tag: str, attributes: dict[str, str | None], parent: Element | None) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.children: list[Element] = []
        self.own_text = ""

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name) or ""

    def all(self, *tags: str) -> list[Element]:
        """Give the elements of these tags in it, in order."""
        found = [self] if self.tag in tags else []
        return found + [element for child in self.children for element in child.all(*tags)]

    @property
    def text(self) -> str:
        return " ".join([self.own_text, *(child.text for child in self.children)]).strip()


class Reader(HTMLParser):
    """Reads a page, and refuses one whose elements do not nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.root = self.at = Element("", {}, None)
        self.ids: list[str] = []
        self.feed(page)
        self.close()
        assert self.at is self.root, f"<{self.at.tag}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice: {attrs}"
        element = Element(tag, dict(attrs), self.at)
        self.at.children.append(element)
        self.ids += [element["id"]] if element["id"] else []
        if tag not in VOID:
            self.at = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}>"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.own_text += data


@pytest.fixture(params=PAGES)
def made(request: pytest.FixtureRequest) -> Results:
    """Results of several kinds."""
    return PAGES[request.param]


def read(made: Results) -> Element:
    return Reader(render(made)).root


def section(page: Element, name: str) -> Element:
    return next(element for element in page.all("section") if element["id"] == name)


# -- every page --------------------------------------------------------------------------------


def test_elements_nest_and_what_is_referred_to_is_there(made: Results) -> None:
    reader = Reader(render(made))
    assert len(reader.ids) == len(set(reader.ids))
    elements = reader.root.all("a", "use", "svg")
    named = [element["href"].removeprefix("#") for element in elements if element["href"]]
    named += [name for element in elements for name in element["aria-labelledby"].split()]
    assert named
    assert set(named) <= set(reader.ids)


def test_a_page_needs_nothing_but_itself(made: Results) -> None:
    page = render(made)
    elements = Reader(page).root
    assert elements.all("script", "link", "iframe", "img", "object", "embed") == []
    tags = elements.all("a", "use", "svg", "path", "form", "video", "audio")
    assert all(element["href"].startswith("#") for element in tags if element["href"])
    assert not re.search(r"@import|url\(|https?://|\ssrc=", page)


def test_every_chart_has_a_name_a_description_and_its_numbers(made: Results) -> None:
    page = read(made)
    figures = page.all("figure")
    charts = [svg for svg in page.all("svg") if svg["role"] == "img"]
    assert len(charts) == len(figures) == 1 + 2 * len(made.requests) + _taken_apart(made)
    for figure in figures:
        (chart,) = [svg for svg in figure.all("svg") if svg["role"] == "img"]
        name, description = chart.all("title", "desc")
        assert chart["aria-labelledby"] == f"{name['id']} {description['id']}"
        assert name.text
        assert description.text
        assert figure.all("figcaption")[0].text
        (details,) = figure.all("details")
        assert details.all("summary")[0].text
        (table,) = details.all("table")
        widths = {len(row.all("th", "td")) for row in table.all("tr")}
        assert len(widths) == 1


def _taken_apart(made: Results) -> int:
    return len({apart.request for apart in made.apart})


def test_sections_are_in_the_order_in_which_they_are_read(made: Results) -> None:
    assert [element["id"] for element in read(made).all("section")] == [
        "recommendation",
        "overview",
        "requests",
        "memory",
        "apart",
        "failures",
        "how",
    ]


def test_no_figure_shows_as_what_python_calls_it(made: Results) -> None:
    page = re.sub(r"<style>.*?</style>", "", render(made), flags=re.S)
    assert not re.search(r"\b(nan|inf|None|Undefined)\b", page)


# -- what it says ------------------------------------------------------------------------------


def test_the_beginning_says_what_was_measured_where_and_how() -> None:
    text = read(results()).all("header")[0].text
    for said in (
        "shop:app",
        "4 March 2026, 15:26 UTC",
        "in 7 min",
        "AMD EPYC 7B13, 2 cores, 25 GB",
        "CPython 3.11.7",
        "2 workers, 16 threads",
        "1, 4, 16, 64, 256 at once, from core 1",
        "3 rounds in turns, 2 s each",
        "uvicorn 0.41.0",
    ):
        assert said in text


def test_the_recommendation_has_the_exact_command() -> None:
    made = results()
    assert made.advice is not None
    part = section(read(made), "recommendation")
    assert [code.text for code in part.all("code")] == [made.advice.command]
    for sentence in made.advice.sentences:
        assert sentence in part.text


def test_the_overview_has_the_highest_rate_of_each_setup_and_marks_the_best() -> None:
    made = results()
    (table,) = section(read(made), "overview").all("table")
    _, *rows = table.all("tr")
    assert [row.all("th")[0].text for row in rows] == [asked.name for asked in made.requests]
    for row, asked in zip(rows, made.requests, strict=True):
        of_request = [f for f in made.figures if f.request == asked.name]
        best = max(of_request, key=lambda f: f.per_second.median)
        marked = [cell for cell in row.all("td") if "★" in cell.text]
        place = [setup.name for setup in made.setups].index(best.setup)
        assert marked == [row.all("td")[place]]
        assert f"{best.concurrency} at once" in marked[0].text


def test_a_rate_that_cost_errors_is_not_the_highest() -> None:
    """The overview shows the best that was reached without losing a request."""
    made = single_point()
    (clean,) = made.figures
    faster = replace(clean, concurrency=64, per_second=steady(999.0), errors={"timed out": 5})
    (table,) = section(read(replace(made, figures=[clean, faster])), "overview").all("table")
    (cell,) = table.all("td")
    assert cell.text.split()[:2] == ["90/s", "★"]
    (table,) = section(read(replace(made, figures=[faster])), "overview").all("table")
    (cell,) = table.all("td")
    assert "★" not in cell.text
    assert "5 errors" in cell.text


def test_the_numbers_below_a_chart_are_those_that_were_measured() -> None:
    made = results()
    throughput = section(read(made), "requests").all("figure")[0]
    _, *rows = throughput.all("table")[0].all("tr")
    of_first = [f for f in made.figures if f.request == made.requests[0].name]
    assert len(rows) == len(of_first)
    uvicorn = [row.text.split() for row in rows if row.text.startswith("uvicorn")]
    assert [words[1] for words in uvicorn] == ["1", "4", "16", "64", "256"]
    assert uvicorn[-1][2] == "5,618/s"


def test_a_request_that_lost_some_is_told_of() -> None:
    page = read(lossy())
    marked = [cell.text for cell in section(page, "overview").all("td") if "★" in cell.text]
    assert len(marked) == len(lossy().requests)
    assert not [text for text in marked if "error" in text]
    assert "37 errors" in section(page, "overview").text
    failures = section(page, "failures").text
    assert "connection reset" in failures
    assert "status 500" in failures


def test_a_setup_that_could_not_be_measured_says_why() -> None:
    made = failed()
    text = section(read(made), "failures").text
    for setup in made.setups:
        assert setup.failure is not None
        assert setup.failure in text
    assert "There is none" in section(read(made), "recommendation").text


def test_nothing_went_wrong_is_said_too() -> None:
    assert "There were none: every setup was measured" in section(read(results()), "failures").text


@pytest.mark.parametrize(("fastest", "is_limit"), [(10_000.0, False), (20_000.0, True)])
def test_it_is_said_whether_the_client_was_the_limit(fastest: float, is_limit: bool) -> None:
    client = Client(name="wrk 4.2.0", per_second=41_500.0, fastest=fastest)
    text = section(read(replace(results(), client=client)), "how").text
    assert "wrk 4.2.0" in text
    assert "41,500/s" in text
    assert ("may have been the limit" in text) is is_limit


def test_the_spread_between_rounds_is_told_and_a_wide_one_pointed_out() -> None:
    steady = section(read(results()), "how").text
    assert "no more than 6% between rounds" in steady
    assert "measure again" not in steady
    figures = [
        replace(f, per_second=replace(f.per_second, low=f.per_second.median / 2))
        for f in results().figures
    ]
    assert "measure again" in section(read(replace(results(), figures=figures)), "how").text


def test_many_requests_are_folded_in_the_contents_and_all_reachable() -> None:
    (contents,) = read(results(30)).all("nav")
    (details,) = contents.all("details")
    assert "open" not in details.attributes
    assert len(details.all("a")) == 30
    assert "open" in read(results()).all("nav")[0].all("details")[0].attributes


# -- what comes from the application -----------------------------------------------------------


def test_names_of_the_application_are_text_wherever_they_are_shown() -> None:
    page = render(with_name(HOSTILE))
    elements = Reader(page).root
    assert elements.all("script") == []
    assert not [e for e in elements.all("svg", "title", "a", "td", "th", "code") if e["onload"]]
    assert page.count("<title>") == 1
    assert "{{ 7 * 7 }}" in page
    assert HOSTILE in elements.all("h1")[0].text
    assert HOSTILE in section(elements, "overview").text
    assert HOSTILE in section(elements, "failures").text
    assert HOSTILE in section(elements, "how").text


# -- colours -----------------------------------------------------------------------------------

CSS = (Path(dualapp.lab.__file__).parent / "templates" / "page.css").read_text("utf-8")
SCHEMES = dict(zip(("light", "dark"), re.findall(r":root \{(.*?)\}", CSS, re.S), strict=True))


def _colours(scheme: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#\w{6});", SCHEMES[scheme]))


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_read_stands_out_from_what_it_is_on(scheme: str) -> None:
    colours = _colours(scheme)
    written = [n for n in colours if re.fullmatch(r"ink|quiet|link|warn|s\d|p\d", n)]
    assert len(written) == 4 + 8 + 7
    too_weak = [
        (name, ground)
        for name in written
        for ground in ("paper", "raised")
        if _contrast(colours[name], colours[ground]) < 4.5
    ]
    assert too_weak == []


def test_what_was_left_out_is_said():
    page = render(replace(results(), notes=["GET /broken is left out. It failed: status 500."]))
    assert "<p>GET /broken is left out. It failed: status 500.</p>" in page
