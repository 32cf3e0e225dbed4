"""The language of the shell: grammar, completion, hints, highlighting, help."""
