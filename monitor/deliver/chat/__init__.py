"""Chats by Apprise: short texts to allowed services, through guarded connections."""
