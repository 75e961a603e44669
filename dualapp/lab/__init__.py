"""``dualapp tradeoff``: one application under several servers, loaded, compared, explained.

====================  ============================================================================
:mod:`.results`       what a comparison finds: the data that all that is shown is made from
:mod:`.options`       what the user asked for: :mod:`.wanted` requests, and :mod:`.setups`
:mod:`.run`           all of it, in order, on a :mod:`.bench`
:mod:`.describe`      what the application holds; asked by :mod:`.describing`
:mod:`.candidates`    the setups of a run, each with its server, :mod:`.serving`
:mod:`.loading`       which asks them in :mod:`.turns`, by way of the :mod:`.client`
:mod:`.load`          that client's process; :mod:`.percentiles` corrects what it saw
:mod:`.takenapart`    where a request's time goes, found by :mod:`.served` with a :mod:`.stopwatch`
                      and a :mod:`.sampler` in it
:mod:`.ranking`       which setup serves best, and :mod:`.advice`, why
:mod:`.terminal`      the results as text, :mod:`.jsonfile` as JSON, :mod:`.page` as HTML with
                      :mod:`.charts`; :mod:`.words` writes the figures of all
:mod:`.processes`     starts processes and always ends them; :mod:`.usage` counts what they cost
:mod:`.machine`       cores and versions
:mod:`.app`           the packaged application, and :mod:`.delays`, which it waits for
:mod:`.responder`     what the client's own limit is measured with
====================  ============================================================================
"""
