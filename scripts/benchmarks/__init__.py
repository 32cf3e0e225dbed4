"""Rows of measurements: assocsh and each installed peer, alternating, on the same work."""
