"""Start-up and shutdown hooks: once in each serving process, on either side.

An ASGI server tells when to run them (ASGI lifespan specification 2.0). Where nobody tells, on
WSGI and under ASGI servers without that protocol, they run before the first request, so after a
fork, and at the exit of the process.
"""

from __future__ import annotations

import functools
import os
import threading
import typing as t
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context

from ..core.calls import Call, call_in_place, done
from ..core.plan import drop_all
from .bridges import OwnLoop
from .drivers import call_on_loop, drive, on_loop
from .exits import at_exit

if t.TYPE_CHECKING:
    import asyncio

    from ..app import DualApp

Hook = Callable[[], t.Any]


class Lifespan:
    """The hooks of one application, and the state that they leave for requests.

    Attributes:
        on_startup: Called in order when serving starts.
        on_shutdown: Called in reverse order when it stops.
        state: What requests see as ``request.state``, each in a shallow copy.
    """

    def __init__(self) -> None:
        self.on_startup: list[Hook] = []
        self.on_shutdown: list[Hook] = []
        self.state: dict[str, t.Any] = {}
        self._generators: list[ServingGenerator] = []
        self._context = Context()
        self._started_in: int | None = None
        self._starting: asyncio.Task[None] | None = None
        self._loop: OwnLoop | None = None

    @property
    def is_due(self) -> bool:
        """Whether hooks are still to be run in this process before a request is answered."""
        return bool(self.on_startup or self.on_shutdown) and self._started_in != os.getpid()

    def while_serving(self, function: Callable[[], t.Any]) -> None:
        """Split a generator function, sync or async, into a hook for each of its ends."""
        generator = ServingGenerator(function, self.state)
        self._generators.append(generator)
        self.on_startup.append(generator.start)
        self.on_shutdown.append(generator.stop)

    async def _start(self, call: Call) -> None:
        """Run the start-up hooks; where one fails, generators that have started are stopped."""
        try:
            await run_hooks(self.on_startup, call)
        except BaseException:
            await run_hooks([g.stop for g in reversed(self._generators)], call, go_on=True)
            raise
        self._started_in = os.getpid()
        drop_all()

    async def _stop(self, call: Call) -> None:
        await run_hooks(self.on_shutdown[::-1], call, go_on=True)

    async def _on_server_loop(self, work: t.Coroutine[t.Any, t.Any, None]) -> None:
        """Run hooks as a part of the running task; sync ones in threads.

        Not in those of the worker pool, whose size is for requests.
        """
        await on_loop(work, self._context, _hop)

    # -- where nobody tells --------------------------------------------------------------------

    def start_in_this_process(self, keep_loop: bool) -> None:
        """Run the start-up hooks from a WSGI worker, unless another thread has done so.

        Args:
            keep_loop: The worker threads keep their loops (``WSGI_EVENT_LOOP = "worker"``): then
                what is made here for a loop stays usable in this thread.
        """
        # Made in the process that serves: before a fork gevent has not yet put its locks in place.
        with self.__dict__.setdefault("_lock", threading.Lock()):
            if not self.is_due:
                return
            self._context = copy_context()
            loop = OwnLoop(keep_loop)
            try:
                self._drive(self._start(call_in_place), loop)
            except BaseException:
                loop.close()
                raise
            self._loop = None if keep_loop else loop  # generators go on in the loop they began in
            at_exit(self._stop_at_exit, keep_loop)

    async def start_on_this_loop(self) -> None:
        """Run the start-up hooks on an ASGI server that has no lifespan protocol.

        Requests that come meanwhile wait for it; one that comes after a failure tries again.
        """
        import asyncio  # which the WSGI side may have no use for

        starting = self._starting
        if starting is None or starting.done():
            self._context = copy_context()
            starting = asyncio.ensure_future(self._start_and_stop_at_exit())
            self._starting = starting
        await asyncio.shield(starting)

    async def _start_and_stop_at_exit(self) -> None:
        await self._on_server_loop(self._start(call_on_loop))
        at_exit(self._stop_at_exit, False)

    def _stop_at_exit(self, keep_loop: bool) -> None:
        if self._started_in != os.getpid():
            return
        self._started_in = None
        drop_all()
        loop = self._loop or OwnLoop(keep_loop)
        try:
            self._drive(self._stop(call_in_place), loop)
        finally:
            loop.close()

    def _drive(self, work: t.Coroutine[t.Any, t.Any, None], loop: OwnLoop) -> None:
        context = self._context
        drive(work, context.run, lambda awaitable: loop.block(awaitable, context))

    # -- where the server tells ----------------------------------------------------------------

    async def serve(self, app: DualApp, scope: t.Any, receive: t.Any, send: t.Any) -> None:
        """Speak the lifespan protocol until the server shuts down."""
        from .wrapped import warn_of_wrapper

        self._context = copy_context()
        while True:
            event = (await receive())["type"]
            if event == "lifespan.startup":
                warn_of_wrapper(app)
                if not await self._told("startup", self._start(call_on_loop), app, send, scope):
                    return
            elif event == "lifespan.shutdown":
                await self._told("shutdown", self._stop(call_on_loop), app, send, scope)
                return
            else:
                raise ValueError(f"Unknown lifespan event {event!r} from the server.")

    async def _told(
        self,
        what: str,
        work: t.Coroutine[t.Any, t.Any, None],
        app: DualApp,
        send: t.Any,
        scope: t.Any,
    ) -> bool:
        """Do what the server told, and answer how it went."""
        try:
            await self._on_server_loop(work)
        except Exception as error:
            app.logger.exception("A hook failed at %s", what)
            await send(
                {"type": f"lifespan.{what}.failed", "message": f"{type(error).__name__}: {error}"}
            )
            return False
        if scope.get("state") is not None:
            scope["state"].update(self.state)
        await send({"type": f"lifespan.{what}.complete"})
        return True


class ServingGenerator:
    """A ``while_serving`` generator function as two hooks, one for each side of its ``yield``.

    Args:
        function: Makes the generator, sync or async.
        state: Gets what a mapping that is yielded holds.
    """

    def __init__(self, function: Callable[[], t.Any], state: dict[str, t.Any]) -> None:
        self._function = function
        self._state = state
        self._running: t.Any = None

    def start(self) -> t.Any:
        """Run up to the ``yield``; gives an awaitable for an async generator."""
        self._running = self._function()
        if hasattr(self._running, "__anext__"):
            return self._start_async()
        return self._keep(next(self._running, _END))

    def stop(self) -> t.Any:
        """Run what comes after it; nothing if it has not started."""
        running, self._running = self._running, None
        if hasattr(running, "__anext__"):
            return self._stop_async(running)
        return None if running is None else self._check_end(next(running, _END))

    async def _start_async(self) -> None:
        self._keep(await anext(self._running, _END))

    async def _stop_async(self, running: t.Any) -> None:
        self._check_end(await anext(running, _END))

    def _keep(self, given: t.Any) -> None:
        if given is _END:
            raise RuntimeError(
                f"The while_serving function {self._function!r} did not yield. It must yield once:"
                " what is before the yield starts up, what is after it shuts down."
            )
        if isinstance(given, Mapping):
            self._state.update(given)

    def _check_end(self, given: t.Any) -> None:
        if given is not _END:
            raise RuntimeError(
                f"The while_serving function {self._function!r} yielded twice. It must yield once:"
                " what is before the yield starts up, what is after it shuts down."
            )


_END: t.Any = object()


async def run_hooks(hooks: list[Hook], call: Call, go_on: bool = False) -> None:
    """Call hooks one after the other.

    Args:
        hooks: What to call.
        call: How to call it.
        go_on: Call the others too after one that raised, and raise that at the end.
    """
    errors: list[Exception] = []
    for hook in hooks:
        try:
            await done(call(hook))
        except Exception as error:
            if not go_on:
                raise
            errors.append(error)
    if errors:
        raise errors[0] if len(errors) == 1 else ExceptionGroup("Hooks failed.", errors)


async def _hop(
    context: Context, function: Hook, args: tuple[t.Any, ...], kwargs: dict[str, t.Any]
) -> t.Any:
    from .threads import in_executor

    return await in_executor(functools.partial(context.run, function, *args, **kwargs))
