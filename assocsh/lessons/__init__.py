"""The course: lessons, each one file, played on a normal session."""
