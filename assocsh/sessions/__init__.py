"""Session scripts: recording, running, expectations, reports."""
