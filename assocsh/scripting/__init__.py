"""Files of commands: loaded, run, recorded, logged, redacted, reported."""
