"""What the application tells about itself while it works: blinker signals.

Connect a receiver with ``signal.connect(receiver, app)``; the first argument it gets is the
application that sends. Each signal names below the keyword arguments that come with it. A receiver
may be ``async def`` on either side.
"""

from __future__ import annotations

from blinker import NamedSignal, Namespace

from .core.watched import Watched

# A namespace of this package's own: extensions make theirs, so that equal names never meet.
_signals = Namespace()


def _signal(name: str) -> NamedSignal:
    signal = _signals.signal(name)
    signal.receivers = Watched()  # so that a request need not ask whether there are any
    return signal


#: A template is about to be rendered. Sends ``template`` and its ``context``, which may be changed.
before_render_template = _signal("before-render-template")

#: A template was rendered. Sends ``template`` and ``context``.
template_rendered = _signal("template-rendered")

#: The request's context is there, nothing has been called yet. Sends nothing more.
request_started = _signal("request-started")

#: The response is complete and goes out next. Sends ``response``.
request_finished = _signal("request-finished")

#: An exception that no error handler took, before it becomes a 500. Sends ``exception``.
got_request_exception = _signal("got-request-exception")

#: The request's context goes away, whatever happened. Sends ``exc``: the exception, or None.
request_tearing_down = _signal("request-tearing-down")

#: An application context became the current one. Sends nothing more.
appcontext_pushed = _signal("appcontext-pushed")

#: An application context goes away, whatever happened. Sends ``exc``: the exception, or None.
appcontext_tearing_down = _signal("appcontext-tearing-down")

#: An application context is no longer the current one. Sends nothing more.
appcontext_popped = _signal("appcontext-popped")

#: ``flash()`` was called. Sends ``message`` and ``category``.
message_flashed = _signal("message-flashed")
