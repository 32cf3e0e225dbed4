"""The command line: one module for each way in. Nothing heavy is loaded before it is needed."""
