"""Captures of a network: read as conversations, and written from an association."""
