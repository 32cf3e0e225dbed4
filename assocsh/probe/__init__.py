"""What a peer can do, measured on associations of its own: ``probe`` at the prompt and outside.

A section is one module of ``sections``: it says of itself what it asks and what that costs.
"""
