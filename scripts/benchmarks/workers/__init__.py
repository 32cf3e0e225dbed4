"""Programs of their own: one piece of work each, measured from the inside."""
