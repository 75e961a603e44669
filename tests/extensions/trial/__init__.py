"""Flask extensions, tried: a small application for each, on both sides, views sync and async.

    python -m tests.extensions.trial                    all of them; prints the table
    python -m tests.extensions.trial flask-limiter      one of them
    python -m tests.extensions.trial --write            puts the table into docs/extensions.md

It makes a virtual environment with the exact releases in ``requirements.txt`` and dualapp, in which
the name ``flask`` leads to dualapp. Every case runs in a process of its own, since many extensions
change what all applications of a process share. Some need Redis on 127.0.0.1:6379.
"""
