"""``dualapp check``: what an application will do on either side, and what will go wrong there.

The application is read, its views are never called.

===================  =======================================================================
:mod:`.run`          the application → a report
:mod:`.codes`        what may be found: code, severity, why it matters, what to do
:mod:`.findings`     what was found, and which of it is asked for
:mod:`.application`  what is registered: views and hooks
:mod:`.layers`       a callable → the functions that it is made of
:mod:`.sources`      a function → its syntax tree and its place
:mod:`.values`       an expression → what it stands for, as far as that is certain
:mod:`.walk`         the calls that a function makes, and those that the user's own functions make
:mod:`.known`        which calls block, which objects belong to an event loop
:mod:`.blocking`     DA1xx: code that holds up the event loop
:mod:`.placement`    DA2xx: hops, loops and threads that could be spared
:mod:`.kept`         DA3xx: objects that outlive their event loop
:mod:`.streams`      DA4xx: responses and requests that come in pieces
:mod:`.setup`        DA5xx: middleware and configuration
:mod:`.sidelines`    what a view does on either side, in a line for each
:mod:`.report`       the report as text
:mod:`.as_json`      the report as JSON
===================  =======================================================================
"""
