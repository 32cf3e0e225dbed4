"""What a word of the standard means, in a line or a few: an attribute, a UID, a status."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from assocsh.errors import UsageError
from assocsh.language.place import nearest
from assocsh.language.table import COMMANDS
from assocsh.records import dataclass
from assocsh.text.cells import cell, folded, wrapped
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from assocsh.datasets.dictionary import UidEntry

_OF_MACHINE = pattern(r"(?:Sta|Evt)[0-9]{1,2}|(?:AE|DT|AR|AA)[-_][0-9]{1,2}", re.IGNORECASE)

COLUMNS = 80
"""Text is read best in lines of this length, however wide the terminal is."""

INDENT = "  "

_STATUS = pattern(r"0[xX]([0-9A-Fa-f]{1,4})|([0-9A-Fa-f]{4})[hH]?")
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


@dataclass(frozen=True, slots=True)
class Meaning:
    """What ``explain`` says about a word: safe to print, the text in paragraphs of any length.

    ``uid`` is that of a SOP class or transfer syntax, ``related`` what to ask for next.
    """

    title: str
    section: str
    text: tuple[str, ...]
    related: tuple[str, ...] = ()
    uid: str = ""


def meaning_of(words: str) -> Meaning:
    """A term of the glossary, a status, a UID or its keyword, an attribute, or a command.

    Raises UsageError for what is none of them, with the nearest of what there is.
    """
    from assocsh.text.glossary import terms

    found = (
        term_meaning(words)
        or _meaning_of_status(words)
        or _meaning_of_state(words)
        or _meaning_of_uid(words)
        or _meaning_of_attribute(words)
    )
    if found is not None:
        return found
    if (spec := COMMANDS.get(words.lower())) is not None:
        return Meaning(
            f"{spec.name} (a command)",
            spec.section,
            (f"{spec.summary}.", f"`help {spec.name}` has the rest."),
        )
    from assocsh.datasets.dictionary import nearest as nearest_keywords

    names = [name for each in terms() for name in each.names]
    hint = nearest(words, names) or "; ".join(nearest_keywords(words))
    raise UsageError(
        f"{cell(words)} is no word that can be explained",
        hint=hint or "a term (association, window), a status (0xA700), a UID or a keyword",
    )


def term_meaning(words: str) -> Meaning | None:
    """The entry of the glossary for a word or words, None without one."""
    from assocsh.text.glossary import find_term

    if (term := find_term(words)) is None:
        return None
    also = ", ".join(term.names[1:])
    title = f"{term.name} ({also})" if also else term.name
    return Meaning(title, term.section, (" ".join(term.lines),), term.related)


def meaning_lines(meaning: Meaning, width: int | None = None) -> list[str]:
    """A meaning as lines of at most ``width`` columns, and never more than ``COLUMNS``."""
    room = min(width or COLUMNS, COLUMNS) - len(INDENT)
    text = list(meaning.text)
    title, section = meaning.title, f"[{meaning.section}]" if meaning.section else ""
    if section and len(title) + 3 + len(section) <= room:
        title += f"   {section}"
    elif section:
        text.insert(0, section)
    if meaning.related:
        text.append(f"See also: {', '.join(meaning.related)}")
    lines = [INDENT + line for paragraph in text for line in folded(paragraph, room)]
    return wrapped(title, room) + lines


def _meaning_of_status(words: str) -> Meaning | None:
    found = _STATUS.fullmatch(words)
    if found is None:
        return None
    from assocsh.dimse.status import category

    status = int(found[1] or found[2], 16)
    first, *others = status_lines(status)
    title, _, rest = first.partition(": ")
    kind, _, words_for_it = rest.partition("   ")
    text = (f"{kind[0].upper()}{kind[1:]}.", *([f"{words_for_it}."] if words_for_it else others))
    return Meaning(title, "PS3.7 C", text, ("status", category(status)))


def _meaning_of_state(words: str) -> Meaning | None:
    """A state, event or action of the upper layer: ``Sta7``, ``Evt12``, ``AR-8`` (PS3.8 9.2)."""
    if _OF_MACHINE.fullmatch(words) is None:
        return None
    from assocsh.upperlayer.states import TRANSITIONS, Action, Evt, State

    wanted = words.lower().replace("_", "-")
    found = next((each for each in (*State, *Evt, *Action) if str(each).lower() == wanted), None)
    if found is None:
        return None
    rows: dict[str, list[str]] = {}
    for (event, state), (action, following) in TRANSITIONS.items():
        after = following if isinstance(following, tuple) else (following,)
        then = f"then {' or '.join(map(str, after))}"
        if found is action:
            rows.setdefault(then, []).append(f"{event} in {state}")
        elif found in (event, state):
            where = str(state if found is event else event)
            rows.setdefault(f"{action}, {action.meaning}; {then}", []).append(where)
    text = [f"{found.meaning[0].upper()}{found.meaning[1:]}."]
    at = "In" if isinstance(found, Evt) else "On"
    for does, places in rows.items():
        more = f" and {len(places) - 9} more" if len(places) > 9 else ""
        text.append(f"{at} {', '.join(places[:9])}{more}: {does}.")
    return Meaning(str(found), "PS3.8 9.2", tuple(text), ("state", "upper layer"))


def _meaning_of_uid(words: str) -> Meaning | None:
    from assocsh.datasets.dictionary import is_storage, sop_classes, uid_name

    entry = _uid_entry(words)
    if entry is None:
        name = uid_name(words)
        return None if name == words else Meaning(words, "PS3.6 A", (f"{name}.",), ("UID",))
    title = f"{entry.keyword}   {entry.uid}"
    if entry not in sop_classes():
        text = f"{entry.name}: a transfer syntax. {_syntax_words(entry.uid)}"
        return Meaning(title, "PS3.5 10, A", (text,), ("transfer syntax",), entry.uid)
    if is_storage(entry.uid):
        text = f"{entry.name}: a SOP class of the Storage service; C-STORE sends its instances."
        return Meaning(title, "PS3.4 B.5", (text,), ("C-STORE", "SOP class"), entry.uid)
    return Meaning(title, "PS3.6 A", (f"{entry.name}: a SOP class.",), ("SOP class",), entry.uid)


def _uid_entry(words: str) -> UidEntry | None:
    """The SOP class or transfer syntax of this keyword, name or UID, or of all that begin so."""
    from assocsh.datasets.dictionary import sop_classes, transfer_syntaxes

    wanted = words.lower()
    begun = []
    for entry in (*sop_classes(), *transfer_syntaxes()):
        if wanted in (entry.keyword.lower(), entry.name.lower(), entry.uid):
            return entry
        if len(wanted) > 3 and entry.keyword.lower().startswith(wanted):
            begun.append(entry)
    return begun[0] if len(begun) == 1 else None


def _syntax_words(uid: str) -> str:
    from pydicom.uid import UID

    syntax = UID(uid)
    if syntax.is_private or not syntax.is_transfer_syntax:
        return ""
    form = "Implicit VR" if syntax.is_implicit_VR else "Explicit VR"
    order = "little endian" if syntax.is_little_endian else "big endian"
    pixels = (
        "pixel data compressed, in fragments" if syntax.is_encapsulated else "pixels as they are"
    )
    deflated = ", the whole data set deflated" if syntax.is_deflated else ""
    return f"{form}, {order}{deflated}, {pixels}."


def _meaning_of_attribute(words: str) -> Meaning | None:
    from assocsh.datasets.dictionary import find_tag
    from assocsh.language.enumerated import VALUES, VR_FORMS

    try:
        tag = find_tag(words.replace(" ", ""))
    except UsageError:
        return None
    text = [f"{tag.name}: an attribute, VR {tag.vr}, VM {tag.vm}."]
    if form := VR_FORMS.get(tag.vr):
        text.append(f"A value: {form}.")
    if values := VALUES.get(tag.keyword):
        shown = [f"{value} ({what})" if what else value for value, what in values.items()][:8]
        more = f" and {len(values) - 8} more" if len(values) > 8 else ""
        text.append(f"Usual values: {', '.join(shown)}{more}.")
    title = f"{tag.label}   {tag.number}"
    return Meaning(title, "PS3.6 6, PS3.5 6.2", tuple(text), ("tag", "VR"))
