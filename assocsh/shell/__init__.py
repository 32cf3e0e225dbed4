"""The shell: one grammar, one session, for the prompt, ``-c``, stdin and scripts."""
