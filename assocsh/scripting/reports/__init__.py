"""Reports of runs, a file each."""
