"""Names of files that are made from what was typed or came from outside."""

from __future__ import annotations

import hashlib

from assocsh.text.patterns import pattern

_NOT_ALLOWED = pattern(r"[^A-Za-z0-9._-]")
_LONGEST = 100


def allowed_stem(text: str) -> str:
    """A file's name without its suffix: letters, digits, ``.``, ``_`` and ``-`` pass.

    Others become ``_``. Where that, or the length, takes something away, a digest of the text is
    added, so that two texts have two names.
    """
    stem = _NOT_ALLOWED.sub("_", text).lstrip(".-")[:_LONGEST]
    if stem == text:
        return stem
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{stem}-{digest}".lstrip("-")
