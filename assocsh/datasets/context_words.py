"""The words in which presentation contexts are asked for, as ``--contexts`` and the API take them.

::

    list   = word { "," word }
    word   = set | class [ ":" syntax | ":[" syntax { "," syntax } "]" ]

Sets and keywords are taken in any case. Nothing is loaded for it but ``re``: the prompt asks while
a line is typed. What a set proposes is in ``association.proposals``.
"""

from __future__ import annotations

from collections.abc import Mapping

from assocsh.errors import UsageError
from assocsh.records import NamedTuple
from assocsh.text.patterns import pattern

AUTO = "auto"
"""The set that stands for what files need; without files it is verification alone."""

CONTEXT_SETS: Mapping[str, str] = {
    "default": "verification, query and retrieve, worklist, the usual storage classes",
    "qr": "Query/Retrieve: find, get and move, patient and study models",
    "storage": "the storage SOP classes",
    "worklist": "Modality Worklist",
    "verification": "C-ECHO alone",
    "commitment": "Storage Commitment",
    "mpps": "Modality Performed Procedure Step, to report it and to read it",
    "ups": "Unified Procedure Steps: push, pull, watch, event and query",
    "ian": "Instance Availability Notification",
    "print": "Print Management, grayscale and colour",
    AUTO: "verification, and what the files need that are named beside the peer",
    "all": "every SOP class that fits into 128 contexts",
}
"""The names of context sets, and what each is for."""

_WORD = pattern(r"([^,:\[\]]+)(?::(?:\[([^\[\]]*)\]|([^,:\[\]]+)))?")
_EXAMPLE = "CTImageStorage:[JPEG2000Lossless,ExplicitVRLittleEndian]"


class ContextWord(NamedTuple):
    """One word of a list: a set or a SOP class, and the transfer syntaxes that were named."""

    name: str
    syntaxes: tuple[str, ...] = ()

    @property
    def of_set(self) -> str:
        """The name of the set that it is; empty for a SOP class."""
        name = self.name.lower()
        return name if name in CONTEXT_SETS and not self.syntaxes else ""


def read_word(text: str) -> ContextWord:
    """One word. Raises UsageError when it is none."""
    found = _WORD.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text} is not a list of contexts", hint=f"qr,{_EXAMPLE}, for example")
    name, several, one = found.groups()
    named = several if several is not None else one
    syntaxes = tuple(each.strip() for each in (named or "").split(",") if each.strip())
    if named is not None and not syntaxes:
        raise UsageError(f"{text!r} names no transfer syntax", hint=f"write it as {_EXAMPLE}")
    return ContextWord(name.strip(), syntaxes)


def read_words(text: str) -> list[ContextWord]:
    """The words of a list; nothing between two commas is no word. Raises UsageError."""
    words, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if character == "," and not depth:
            words.append(text[start:index])
            start = index + 1
    words.append(text[start:])
    return [read_word(word) for word in words if word.strip()]
