"""The HTTP face: health and read-only JSON on loopback, the writing API on the state folder's Unix socket."""

from monitor.web.site import create_site

__all__ = ["create_site"]
