"""A conversation as a picture: who said what to whom, in order, with what was under way meanwhile.

``layout`` places everything once; ``text``, ``svg``, ``page`` and ``mermaid`` draw it.
"""
