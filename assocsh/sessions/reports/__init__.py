"""Reports of a run, each a text made from the outcomes of its scripts."""
