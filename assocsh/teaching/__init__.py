"""Watching and explaining an association: wire views, exchanges, explanations."""
