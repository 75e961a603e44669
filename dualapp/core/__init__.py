"""One core: what happens to a request, written once for both sides.

Nothing in this folder knows a server, a socket, an event loop or a thread, and nothing in it
imports :mod:`dualapp.sides` or :mod:`dualapp.app`; ``tests/test_structure.py`` holds that. What the
application's author wrote is called through :func:`dualapp.core.calls.call_in_place` or its
counterpart on the event loop, never directly: who waits, and where, is the side's decision.
"""
