"""One session: its state, its jobs, opening, serving what arrives, settings and configuration."""
