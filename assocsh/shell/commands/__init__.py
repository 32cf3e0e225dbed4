"""The commands: each module registers the handlers of a few. See ``registry`` for the table."""
