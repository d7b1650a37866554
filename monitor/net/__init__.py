"""The way out to the network: the address guard, the guarded HTTP client, bounded bodies.

It knows nothing of feeds, webhooks or mail; those use it.
"""
