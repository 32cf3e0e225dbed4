"""Words for people: what is safe to print, how wide it is, durations, marks under a line."""
