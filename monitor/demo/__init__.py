"""The offline demonstration: scripted feeds, a receiver and a mailbox on loopback, and what they must see.

The daemon that runs in it is the one of production; nothing here stands in for a part of it.
"""
