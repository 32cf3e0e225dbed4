"""The requests of a conversation over time: how long each was queued, sent, and under way.

``layout`` places everything once; ``svg`` and ``page`` draw it.
"""
