"""Which presentation contexts files need so that they go out as they are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from assocsh.association.proposals import UNCOMPRESSED, ContextSpec

if TYPE_CHECKING:
    from assocsh.datasets.instance import Instance


def context_of(instance: Instance) -> ContextSpec:
    """The context that an instance needs: its SOP class in its transfer syntax.

    What is not compressed can be sent in either of the usual syntaxes: they are proposed behind its
    own, and a peer that does not take that may take one of them.
    """
    from assocsh.datasets.dictionary import UNCOMPRESSED as NOT_COMPRESSED

    syntax = instance.transfer_syntax
    plain = UNCOMPRESSED if syntax in NOT_COMPRESSED else ()
    return ContextSpec(instance.sop_class, tuple(dict.fromkeys((syntax, *plain))))


def contexts_for(files: Iterable[str | os.PathLike[str]]) -> list[ContextSpec]:
    """What to give to `connect(contexts=...)` so that these files can be stored as they are.

    One context for each SOP class and transfer syntax among them, in the order in which they first
    occur; an association has room for 128 (PS3.8 9.3.2.2). Reads the head of each file, and blocks
    while it does. Raises `UnusableFile` for the first that cannot be read or is not DICOM.
    """
    from assocsh.datasets.part10 import open_instance

    return list(dict.fromkeys(context_of(open_instance(file)) for file in files))
