"""How the core sends a signal: its receivers, like everything users write, may be sync or async."""

from __future__ import annotations

import typing as t

from .calls import Call, done

if t.TYPE_CHECKING:
    from blinker import Signal


async def emit(call: Call, signal: Signal, sender: object, /, **values: t.Any) -> None:
    """Call every receiver that the signal has for this sender, one after the other.

    Args:
        call: Calls a receiver, and waits for what it returns if need be.
        signal: What is sent; sent to nobody while it is muted.
        sender: The first argument of every receiver.
        values: The keyword arguments of every receiver.
    """
    if not signal.receivers or signal.is_muted:
        return
    for receiver in signal.receivers_for(sender):
        await done(call(receiver, (sender,), values))
