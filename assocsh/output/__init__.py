"""How results are shown: where they are written, tables, JSON Lines, CSV, summary lines, hints."""
