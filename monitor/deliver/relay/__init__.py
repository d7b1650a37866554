"""The mail relay: connections that are kept, the conversation on them, and how fast it may go."""
