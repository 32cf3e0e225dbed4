"""What a word of the standard means, in a line or a few: an attribute, a UID, a status."""

from __future__ import annotations

from assocsh.errors import UsageError
from assocsh.text.cells import cell

_CATEGORIES = {
    "Success": "it was done",
    "Warning": "it was done, not quite as asked",
    "Failure": "it was not done",
    "Cancel": "it was stopped by a C-CANCEL",
    "Pending": "more responses follow",
}


def attribute_line(step: str) -> str:
    """``PatientID   (0010,0020)   VR LO   VM 1   Patient ID``, or what is wrong with ``step``."""
    from assocsh.datasets.dictionary import find_tag

    try:
        tag = find_tag(step)
    except UsageError as error:
        return cell(f"{error.message}: {error.hint}", None)
    return f"{tag.label}   {tag.number}   VR {tag.vr}   VM {tag.vm}   {tag.name}"


def uid_line(word: str) -> str:
    """A SOP class or transfer syntax, given as keyword (in any case) or UID: what it is.

    ``CTImageStorage   1.2.840.10008.5.1.4.1.1.2   CT Image Storage   SOP class of Storage``. Empty
    for any other word.
    """
    from assocsh.datasets.dictionary import is_storage, sop_classes, transfer_syntaxes

    wanted = word.lower()
    for table, what in ((sop_classes(), "SOP class"), (transfer_syntaxes(), "transfer syntax")):
        for entry in table:
            if wanted in (entry.keyword.lower(), entry.uid):
                kind = f"{what} of Storage" if is_storage(entry.uid) else what
                return f"{entry.keyword}   {entry.uid}   {entry.name}   {kind}"
    return ""


def status_lines(status: int) -> list[str]:
    """A status with its category, and the standard's words for it by service (PS3.7 C, PS3.4)."""
    from assocsh.dimse.status import category, meanings

    kind = category(status)
    lines = [f"0x{status:04X} {kind}: {_CATEGORIES[kind]}"]
    found = meanings(status)
    if len(found) == 1:
        (words,) = found
        return lines if words == kind else [f"{lines[0]}   {words}"]
    lines += [f"  {', '.join(services)}: {words}" for words, services in found.items()]
    return lines if found else [f"{lines[0]}   the standard has no words for it"]
