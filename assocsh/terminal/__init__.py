"""The prompt and what is around it; the only package that imports prompt_toolkit."""
