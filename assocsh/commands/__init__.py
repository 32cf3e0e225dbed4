"""The commands, found by being here."""
