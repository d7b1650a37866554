"""Webhooks: the payload of every event, its signature, and one POST with a judged answer."""
