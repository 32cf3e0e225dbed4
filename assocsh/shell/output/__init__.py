"""What the shell says: results on one side, everything else on the other, in five formats."""
