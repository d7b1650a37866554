"""What people do, one function each: (app, input) -> result. Commands and pages only translate to these.

A function that changes something takes the actor and writes its audit row in the same transaction.
"""
