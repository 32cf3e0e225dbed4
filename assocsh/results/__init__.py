"""What a request brought: its record, the data sets that are kept, comparison, recent values."""
