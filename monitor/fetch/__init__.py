"""From a feed's URL to its items: request, parse (in child processes), identity, cadence.

Nothing here stores anything; `monitor.pipeline.poll` joins the steps.
"""
