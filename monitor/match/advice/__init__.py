"""Advice on topics: what the language allows and yet is probably not meant."""
