"""The shell at a terminal (prompt_toolkit): prompt, toolbar, keys, printing above the prompt."""
