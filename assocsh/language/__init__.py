"""What can be typed: tokens, words, queries, and completion, help and hints made from them.

``tokens`` one tokenizer for everything · ``parse`` a text into calls of commands, each slot checked
· ``queries``, ``expectations``, ``evaluate`` the language of ``expect`` · ``complete``, ``hint``,
``help`` what is offered while typing. Nothing here performs a command or knows a session.
"""
