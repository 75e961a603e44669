"""What answering a request takes, worked out once for an application as it is set up.

Most of what the lifecycle asks has had its answer since the last route was added: which hooks stand
around a view, whether anybody listens to a signal, what the configuration says. A :class:`Plan`
holds these answers. Whatever changes the set-up drops it (:mod:`.watched`), and the next request
makes another. Benchmark: ``tests/benchmarks/inprocess.py``.
"""

from __future__ import annotations

import os
import sys
import typing as t
from dataclasses import dataclass

from .. import signals
from .late import LateRequest
from .lifecycle import opens_sessions_late
from .memo import Memo
from .returns import template_of_answers
from .rules import Map
from .scaffold import _split_blueprint_path
from .watched import Hearers, Watched

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ..app import DualApp

Lists = tuple[list[t.Any], ...]
Table = dict[t.Any, list[t.Any]]

#: The signals that each request sends.
_SENT = (
    signals.appcontext_pushed,
    signals.request_started,
    signals.request_finished,
    signals.request_tearing_down,
    signals.appcontext_tearing_down,
    signals.appcontext_popped,
)
#: What an application has besides that a plan is made of, apart from its methods and classes.
_MADE_OF = (
    "config",
    "view_functions",
    "url_value_preprocessors",
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
)
#: Attributes in whose place something else may be put.
ATTRIBUTES = frozenset({*_MADE_OF, "_got_first_request", "subdomain_matching", "url_map"})


class Plans:
    """Keeps the plan of one application until something that it was made of changes.

    Attributes:
        current: The plan; None if it has to be made.
    """

    __slots__ = ("__weakref__", "_state", "current")

    def __init__(self) -> None:
        self.current: Plan | None = None
        #: Another one after each change. Not a number: threads that count at once lose some.
        self._state = object()
        _all.add(self)

    def drop(self) -> None:
        """Forget the plan, something has changed."""
        self._state = object()
        self.current = None

    def make(self, app: DualApp) -> Plan:
        """Make the plan, and keep it if every change will be told."""
        watched = [getattr(app, name) for name in _MADE_OF] + [s.receivers for s in _SENT]
        state = self._state
        is_kept = all(_tells(dictionary) for dictionary in watched)
        if is_kept:
            for dictionary in watched:
                dictionary.hearers.add(self)
        plan = Plan(app)
        if is_kept and self._state is state:  # else another thread has changed something meanwhile
            self.current = plan
            if self._state is not state:
                self.current = None
        return plan


_all = Hearers()


def drop_all() -> None:
    """Forget all plans, something has changed that is of no application's own."""
    _all.tell()


if hasattr(os, "register_at_fork"):  # start-up hooks run again in each process
    os.register_at_fork(after_in_child=drop_all)


def _tells(dictionary: object) -> bool:
    """Tell whether a dictionary says when it changes, and has no values but those put into it."""
    return isinstance(dictionary, Watched) and (
        type(dictionary).__getitem__ is dict.__getitem__ and type(dictionary).get is dict.get
    )


class Plan:
    """The answers.

    Attributes:
        around: By endpoint, the view with the hooks around it.
        cancels_when_left: A view is cancelled when its client leaves (``CANCEL_ON_DISCONNECT``).
        ends_loudly: Something happens at the end of a request, besides ``teardown_appcontext``.
        has_before: Something comes before the view.
        head_is_enough: A request can be made of the head of an environ (:mod:`.late`).
        is_plain: Nothing stands around any view, and the first request is over.
        is_replaced: Public steps of the lifecycle are replaced.
        is_settled: All that comes before the first request of this process was done.
        keeps_loop: The event loop outlives a request (``WSGI_EVENT_LOOP``).
        needs_opening: Something happens before the request itself.
        path_decides: Path and method alone decide on the view, as long as no host matching is on.
        places: For the sides: what they have worked out, by endpoint.
        response_is_seen: Something looks at each response before it is sent.
        template: What answers with a text have in common; None if each has to be made.
        tells_start: Somebody listens to ``request_started``.
    """

    __slots__ = (
        "around",
        "cancels_when_left",
        "ends_loudly",
        "has_before",
        "head_is_enough",
        "is_plain",
        "is_replaced",
        "is_settled",
        "keeps_loop",
        "needs_opening",
        "path_decides",
        "places",
        "response_is_seen",
        "tells_start",
        "template",
    )

    def __init__(self, app: DualApp) -> None:
        config, is_replaced = app.config, bool(app._phases.replaced)
        self.is_replaced = is_replaced
        self.needs_opening = bool(
            signals.appcontext_pushed.receivers or not opens_sessions_late(app)
        )
        self.tells_start = bool(signals.request_started.receivers)
        self.has_before = bool(
            is_replaced or app.before_request_funcs or app.url_value_preprocessors
        )
        self.response_is_seen = bool(app.after_request_funcs or signals.request_finished.receivers)
        self.is_settled = app._got_first_request and not app.lifespan.is_due
        # Contexts and requests that are made in a way of their own may ask for more.
        self.head_is_enough = (
            not app._has_own_contexts and app.request_class.__init__ is LateRequest.__init__
        )
        self.is_plain = app._got_first_request and not (
            self.needs_opening or self.tells_start or self.has_before or self.response_is_seen
        )
        self.ends_loudly = bool(
            is_replaced
            or app.teardown_request_funcs
            or signals.request_tearing_down.receivers
            or signals.appcontext_tearing_down.receivers
            or signals.appcontext_popped.receivers
            or not hasattr(app.request_class, "may_have_files")
        )
        self.path_decides = not (
            not isinstance(app.url_map, Map)
            or app.subdomain_matching
            or config.get("TRUSTED_HOSTS") is not None
            or app._has_own_url_adapters
        )
        self.template = template_of_answers(app.response_class)
        self.keeps_loop = config.get("WSGI_EVENT_LOOP") == "worker"
        self.cancels_when_left = bool(config.get("CANCEL_ON_DISCONNECT"))
        self.around = Memo(_around(app), limit=sys.maxsize)
        self.places: dict[str | None, t.Any] = {}


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around an endpoint: lists of hooks as they are registered, outside first."""

    view: Callable[..., t.Any] | None
    preprocessors: Lists
    before: Lists
    after: Lists
    teardown: Lists


def _around(app: DualApp) -> Callable[[str | None], Around]:
    """Give the function that looks around an endpoint; it does not hold the application."""
    views = app.view_functions
    tables = (
        app.url_value_preprocessors,
        app.before_request_funcs,
        app.after_request_funcs,
        app.teardown_request_funcs,
    )

    def look(endpoint: str | None) -> Around:
        blueprint, dot, _ = (endpoint or "").rpartition(".")
        scopes = [None, *(reversed(_split_blueprint_path(blueprint)) if dot else ())]
        view = None if endpoint is None else views.get(endpoint)
        lists = [
            tuple(table[scope] for scope in scopes if scope in table)
            for table in t.cast("tuple[Table, ...]", tables)
        ]
        return Around(view, *lists)

    return look
