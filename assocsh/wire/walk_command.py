"""A command set, element by element (PS3.7 6.3.1, Annex E): from bytes, or as already decoded."""

from __future__ import annotations

from assocsh.dimse.commandset import NO_DATA_SET, CommandSet, Value, field_label
from assocsh.dimse.elements import COMMAND_DATA_SET_TYPE, COMMAND_FIELD, ELEMENTS, PRIORITY, STATUS
from assocsh.text.visible import visible
from assocsh.wire.fields import FieldList
from assocsh.wire.meanings import PRIORITIES, status_text, uid_with_name


def element_name(number: int) -> str:
    """``"(0000,0100) CommandField"``."""
    element = ELEMENTS.get(number)
    return f"(0000,{number:04x}) {element.keyword if element else 'unknown element'}"


def element_value(number: int, value: Value, service: str = "") -> str:
    """A value in words: a status with its meaning, a UID with its name, text made visible."""
    if isinstance(value, tuple):
        tags = (f"({tag >> 16 & 0xFFFF:04x},{tag & 0xFFFF:04x})" for tag in value)
        return visible(" ".join(tags))
    if isinstance(value, str):
        element = ELEMENTS.get(number)
        if element and element.vr == "UI":
            return visible(uid_with_name(value))
        return f'"{visible(value)}"' if element else visible(value)
    if number == STATUS:
        return status_text(value, service)
    if number == COMMAND_FIELD:
        return f"0x{value:04X} {field_label(value)}"
    if number == PRIORITY:
        return f"{value} {PRIORITIES.get(value, 'undefined')}"
    if number == COMMAND_DATA_SET_TYPE:
        follows = "no data set follows" if value == NO_DATA_SET else "a data set follows"
        return f"0x{value:04X} {follows}"
    return str(value)


def service_of(field: int) -> str:
    """``C-FIND`` for the Command Field of a C-FIND-RQ or -RSP."""
    return field_label(field).removesuffix("-RQ").removesuffix("-RSP")


def command_lines(command: CommandSet) -> list[str]:
    """A decoded command set, one line for each element: tag, keyword, value."""
    service = service_of(command.field)
    return [
        f"{element_name(number)}: {element_value(number, value, service)}"
        for number, _, _, value in command.items()
    ]


def walk_command(found: FieldList, offset: int, end: int, level: int) -> None:
    """The elements of a command set in ``[offset, end)``; lengths that lie end the walk."""
    service = ""
    while offset < end and not found.full:
        if end - offset < 8:
            found.broken(offset, end, "too few bytes for an element", level)
            return
        group = found.number(offset, 2, "little")
        number = found.number(offset + 2, 2, "little")
        length = found.number(offset + 4, 4, "little")
        if offset + 8 + length > end:
            reason = (
                f"({group:04x},{number:04x}) says {length:,} bytes, {end - offset - 8} are left"
            )
            found.broken(offset, end, reason, level)
            return
        if group == 0:
            if number == COMMAND_FIELD:
                service = service_of(found.number(offset + 8, min(length, 2), "little"))
            value = _read(found, number, offset + 8, length, service)
            name = element_name(number)
        else:
            name, value = f"({group:04x},{number:04x}) not of group 0000", ""
        found.add(offset, 8 + length, name, value, level=level)
        offset += 8 + length


def _read(found: FieldList, number: int, offset: int, length: int, service: str) -> str:
    element = ELEMENTS.get(number)
    vr = element.vr if element else "UN"
    if vr in ("US", "UL"):
        return element_value(number, found.number(offset, min(length, 4), "little"), service)
    if vr == "AT":
        places = range(offset, offset + (length & ~3), 4)
        tags = (
            found.number(at, 2, "little") << 16 | found.number(at + 2, 2, "little") for at in places
        )
        return element_value(number, tuple(tags))
    if vr == "UN":
        return ""
    text = found.data[offset : offset + length].decode("latin-1").strip(" \0")
    return element_value(number, text)
