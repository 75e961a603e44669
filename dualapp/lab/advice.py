"""The recommendation, in plain words; every sentence follows from the figures of the run."""

from __future__ import annotations

from collections.abc import Iterator

from .ranking import best_rate, overlap, ranked, served_well, ties
from .results import Advice, Asked, Figures, Results, Setup
from .words import duration, listed, number, percent, size

#: The share of a request's time that says what kind of request it is.
_MOSTLY = 0.5
#: Seconds below which nobody calls it waiting, or computing.
_A_WHILE = 0.001
#: How many setups that are alike are named.
_NAMES = 3


def advise(results: Results) -> Advice | None:
    """Recommend a setup; None if nothing was measured."""
    if not results.figures:
        return None
    order = ranked(results)
    chosen = next(setup for setup in results.setups if setup.name == order[0].setup)
    sentences = [
        *_overall(results),
        *(
            _about(results, request)
            for request in results.requests
            if _was_measured(results, request)
        ),
        *_about_loops(results),
        *_about_client(results),
    ]
    return Advice(sentences=sentences, setup=chosen.name, command=chosen.command)


def _was_measured(results: Results, request: Asked) -> bool:
    return any(figures.request == request.name for figures in results.figures)


# -- all requests together -------------------------------------------------------------------------


def _overall(results: Results) -> Iterator[str]:
    order = ranked(results)
    first, *others = order
    if not others:
        yield f"Only {first.setup} was measured, so there is nothing to compare it with."
        return
    well = served_well(results)
    if not well:
        yield (
            f"No setup serves any request well, so none is better than the others; {first.setup}"
            " is named as it takes the least memory."
        )
        return
    measured = {figures.request for figures in results.figures}
    over = "all requests" if len(measured) > 1 else "the one request"
    if len(well) < len(measured):
        over = f"the {len(well)} of {len(measured)} requests that some setup serves well"
    tied = ties(order)
    if len(tied) > 1:
        most = max(tied, key=lambda each: each.memory)
        names = listed([each.setup for each in tied])
        yield (
            f"Over {over}, {names} are alike within the spread of the rounds; {first.setup} takes"
            f" the least memory of them, {size(first.memory)} (the most:"
            f" {size(most.memory)}), and is recommended for that."
        )
        return
    second = others[0]
    yield (
        f"Over {over}, {first.setup} serves best: {percent(first.score.median)} of the highest rate"
        f" that any setup reached, {second.setup} {percent(second.score.median)}; it takes"
        f" {size(first.memory)} of memory, {second.setup} {size(second.memory)}."
    )


# -- one request -----------------------------------------------------------------------------------


def _about(results: Results, request: Asked) -> str:
    found = [
        figures
        for setup in results.setups
        if (figures := best_rate(results, setup.name, request.name)) is not None
    ]
    kind = _kind(results, request)
    if not found:
        return f"{kind}: no setup serves it well at any concurrency that was measured."
    found.sort(key=lambda figures: -figures.per_second.median)
    best, slowest = found[0], found[-1]
    poorly = _those_that_do_not(results, request)
    if len(found) > 1 and overlap(best.per_second, slowest.per_second):
        who = listed([each.setup for each in found]) if poorly else "all setups"
        text = (
            f"{kind}: {who} serve it alike within the spread, up to"
            f" {number(best.per_second.median)} a second"
        )
    elif len(found) > 1:
        text = f"{kind}: {_leaders(results, found)}, {_ratio(best, slowest)}"
    else:
        text = f"{kind}: {_leaders(results, found)}"
    if poorly:
        text = f"{text}; at no concurrency is it served well by {listed(poorly)}"
    return f"{text}{_threads_on_asgi(results, request)}."


def _those_that_do_not(results: Results, request: Asked) -> list[str]:
    """Name the setups that were measured, but do not serve a request well."""
    measured = {figures.setup for figures in results.figures if figures.request == request.name}
    return [
        setup.name
        for setup in results.setups
        if setup.name in measured and best_rate(results, setup.name, request.name) is None
    ]


def _kind(results: Results, request: Asked) -> str:
    """Say what a request spends its time with, as far as that was found out."""
    apart = [each.parts for each in results.apart if each.request == request.name]
    if not apart:
        return request.name
    parts = min(apart, key=lambda each: sum(each.values()))
    whole = sum(parts.values())
    for part, verb in (("view, waiting", "waits"), ("view, computing", "computes")):
        value = parts.get(part, 0.0)
        if value >= _MOSTLY * whole and value >= _A_WHILE:
            view = "an async view" if request.colour == "async" else "a sync view"
            place = _place(results, request) if verb == "waits" else ""
            return f"{request.name} {verb} {duration(value)} in {view}{place}"
    return f"{request.name} takes {duration(whole)} when nobody else asks"


def _place(results: Results, request: Asked) -> str:
    """Say at which line a view waits, if that was seen."""
    seen = (each.waits_at for each in results.apart if each.request == request.name)
    place = next(filter(None, seen), None)
    return f" (at {place})" if place else ""


def _leaders(results: Results, found: list[Figures]) -> str:
    """Name who serves most; those behind it that cannot be told apart from it, too."""
    best = found[0]
    alike = [each for each in found if overlap(each.per_second, best.per_second)]
    named = [_with_threads(results, each.setup) for each in alike[:_NAMES]]
    if len(alike) > _NAMES:
        named.append(f"{len(alike) - _NAMES} more")
    serves = "serves" if len(alike) == 1 else ", alike within the spread, serve"
    space = " " if len(alike) == 1 else ""
    return f"{listed(named)}{space}{serves} up to {number(best.per_second.median)} a second"


def _with_threads(results: Results, name: str) -> str:
    setup = next(each for each in results.setups if each.name == name)
    return f"{name} with {setup.threads} threads" if _has_threads(setup) else name


def _has_threads(setup: Setup) -> bool:
    return setup.side == "wsgi" and setup.threads > 1


def _ratio(best: Figures, slowest: Figures) -> str:
    factor = best.per_second.median / slowest.per_second.median
    return (
        f"{number(factor)} times what {slowest.setup} does"
        f" ({number(slowest.per_second.median)} a second)"
    )


def _threads_on_asgi(results: Results, request: Asked) -> str:
    """Say what a sync view that waits costs on ASGI, if one does and such servers were compared."""
    asgi = [each for each in results.setups if each.side == "asgi" and each.failure is None]
    if request.colour == "async" or not asgi or " waits " not in _kind(results, request):
        return ""
    return (
        f"; on {listed([each.name for each in asgi])} each one holds a thread, of {asgi[0].threads}"
    )


# -- what else there is to say ---------------------------------------------------------------------


def _about_loops(results: Results) -> Iterator[str]:
    """Compare WSGI_EVENT_LOOP "worker" with "request", where both were measured."""
    by_name = {setup.name: setup for setup in results.setups}
    for setup in results.setups:
        if setup.event_loop != "worker":
            continue
        other = by_name.get(setup.name.replace("(worker", "(request"))
        if other is None:
            continue
        gains = [
            gain
            for request in results.requests
            if request.colour == "async" and (gain := _gain(results, other, setup, request))
        ]
        if gains:
            yield (
                f'WSGI_EVENT_LOOP="worker" instead of "request" under {_server_of(setup)} serves'
                f" {listed(gains)}."
            )


def _server_of(setup: Setup) -> str:
    return setup.name.partition(" (")[0]


def _gain(results: Results, before: Setup, after: Setup, request: Asked) -> str | None:
    """Say how much more of an async request one setup serves, if it can be told."""
    old, new = (best_rate(results, each.name, request.name) for each in (before, after))
    if old is None or new is None or overlap(old.per_second, new.per_second):
        return None
    return f"{request.name} {number(new.per_second.median / old.per_second.median)} times as often"


def _about_client(results: Results) -> Iterator[str]:
    client = results.client
    if client.is_bottleneck:
        yield (
            "Read the highest rates with care: the load client can make"
            f" {number(client.per_second)} requests a second here, less than 3 times the"
            f" {number(client.fastest)} that the fastest setup answered, so that may be the"
            " client's limit."
        )
