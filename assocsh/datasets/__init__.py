"""Data sets: identifiers, Part 10 files, receiving instances. pydicom is loaded when needed."""
