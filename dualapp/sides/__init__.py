"""Two sides: the only code that knows servers, event loops and threads.

======================  ==========================================================================
:mod:`.entry`           how servers look at one object that is a WSGI and an ASGI callable
:mod:`.wsgi`            one request as PEP 3333 has it
:mod:`.asgi`            one connection as the ASGI 3 specification has it
:mod:`.environ`         scope to environ, once per request
:mod:`.inbox`           what the client sends on ASGI: its body, then its leaving
:mod:`.body`            that body as a file: received on the loop, spooled, counted
:mod:`.client`          what is sent to the client on ASGI, and whether it is still there
:mod:`.disconnect`      ending what nobody waits for any more
:mod:`.placement`       whether a request on ASGI runs on the loop or in a worker thread
:mod:`.uwsgi`           a chunked body under uWSGI, which hands it over in its own way
:mod:`.stream`          a response that is made as it is sent, on either side
:mod:`.pump`            iterating an async body for a WSGI server
:mod:`.wrapped`         ``app.wsgi_app`` wrappers, honoured on ASGI
:mod:`.lifespan`        start-up and shutdown hooks
:mod:`.exits`           calling a function when the process ends
:mod:`.drivers`         stepping the core's coroutines: in place, or on a loop
:mod:`.blocking`        sync functions over work that may meet async callables
:mod:`.bridges`         how sync code waits for coroutines, as far as that needs no event loop
:mod:`.loops`           where it waits: in a loop of its own, or by the server's
:mod:`.foreign`         explaining the use of an object in a loop that is not its own
:mod:`.greenlets`       real threads for loops under gevent
:mod:`.threads`         the worker threads that run sync code on ASGI
:mod:`.replies`         how a thread tells the loop that something is done
:mod:`.colour`          sync or async: the only place that decides
======================  ==========================================================================
"""
