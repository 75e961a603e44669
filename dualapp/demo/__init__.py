"""``dualapp demo``: one application under two servers, asked the same, measured, explained.

================  =======================================================
:mod:`.app`       the application that both serve
:mod:`.iris`      the model in it; made by ``examples/predict``
:mod:`.probes`    what it is asked
:mod:`.servers`   starts the two, and always ends them
:mod:`.client`    asks, alone and many at once, with a clock
:mod:`.measured`  what came back, and what follows from the times
:mod:`.report`    tables
:mod:`.reasons`   why the two differ, told from the measurements
:mod:`.progress`  says meanwhile what is being done
:mod:`.run`       all of it, in order
================  =======================================================
"""
