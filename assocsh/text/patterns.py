"""Patterns that are compiled when something is looked for with them, not when a module is loaded.

A regular expression takes 0.1 to 0.7 ms to compile. An echo loads sixty and looks for something
with a third of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, AnyStr

__all__ = ["pattern"]

if TYPE_CHECKING:
    from re import compile as pattern
else:

    def pattern(text: AnyStr, flags: int | re.RegexFlag = 0) -> _Pattern:
        """As ``re.compile``, later. A mistake in ``text`` raises ``re.error`` at the first use."""
        return _Pattern(text, flags)


class _Pattern:
    """Stands for a compiled pattern: each of its methods is taken from that when first asked for.

    It is no ``re.Pattern``: the functions of ``re`` do not take it.
    """

    def __init__(self, text: Any, flags: int) -> None:
        self.pattern = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(self.pattern, self._flags), name)  # re keeps what it compiled
        setattr(self, name, value)  # from now on the method itself is here
        return value

    def __repr__(self) -> str:
        return repr(re.compile(self.pattern, self._flags))
