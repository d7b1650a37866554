"""A pytest plugin (`-p tests.on_httpx2`): whatever imports httpx gets its successor httpx2 instead.

It must be loaded before anything imports httpx, and so belongs on the command line, not in a conftest.
"""

import sys

import httpx2

if "httpx" in sys.modules:
    raise RuntimeError("httpx was imported before it could be replaced: load this plugin first")
sys.modules["httpx"] = httpx2
