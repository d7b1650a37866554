"""Email: what a message looks like, from its headers to both of its renderings."""
