"""Text before matching: the gate that every feed value passes, and the folding that makes words comparable.

Pure: no I/O, no clock. What a query means is decided in `monitor.match`, not here.
"""
