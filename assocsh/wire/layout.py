"""Fields as lines of text: the detail view (names and values) and the hex view (bytes beside)."""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.wire.fields import Field, FieldList, Kind

INDENT = "        "
"""Where the lines below a PDU start: under its name."""

DETAIL_LINES = 400
"""Lines of one PDU in the detail view."""

HEX_LINES = 600
"""Lines of one PDU in the hex view."""

ROW = 16
"""Bytes of one row of the hex view."""

HEAD_ROWS, TAIL_BYTES = 4, 16
"""Of a long run of bytes the first rows and the last bytes are shown."""


def detail_lines(found: FieldList) -> list[str]:
    """Names and values, indented by their place in the PDU; no heads, no reserved bytes."""
    lines: list[str] = []
    for field in found.fields:
        if field.kind in (Kind.HEAD, Kind.RESERVED, Kind.RAW) and not field.secret:
            continue
        if len(lines) == DETAIL_LINES:
            lines.append(f"{INDENT}… and more: {len(found.fields)} fields in all")
            break
        lines.append(INDENT + "  " * field.level + _detail(field))
    return lines


def _detail(field: Field) -> str:
    if field.kind is Kind.TITLE:
        return field.name
    if field.kind is Kind.BROKEN:
        return f"!! {field.name}"
    return f"{field.name}: {field.value or ('not shown' if field.secret else '')}".rstrip(": ")


def hex_lines(found: FieldList) -> list[str]:
    """``offset  bytes  field = value``; every byte that is shown belongs to a named field."""
    lines: list[str] = []
    for field in found.fields:
        rows = _rows(found.data, field)
        if len(lines) >= HEX_LINES:
            lines.append(f"{INDENT}… and more: {len(found.data):,} bytes in all")
            return lines
        lines.extend(f"{INDENT}{row}" for row in rows)
    last = found.fields[-1] if found.fields else None
    if last is not None and found.full and last.offset + last.length < len(found.data):
        lines.append(f"{INDENT}… {len(found.data) - last.offset - last.length:,} bytes not shown")
    return lines


def _rows(data: bytes, field: Field) -> Iterator[str]:
    label = "  " * field.level + _label(field)
    offset = field.offset
    for number, (length, text) in enumerate(_pieces(data, field)):
        yield f"{offset:06x}  {text:<{ROW * 3 - 1}}  {label if number == 0 else ''}".rstrip()
        offset += length


def _label(field: Field) -> str:
    name = f"!! {field.name}" if field.kind is Kind.BROKEN else field.name
    value = field.value or ("not shown" if field.secret else "")
    if field.kind in (Kind.HEAD, Kind.TITLE) and value.endswith(("bytes", "follow", "here)")):
        return f"{name}, {value}"
    return f"{name} = {value}" if value else name


def _pieces(data: bytes, field: Field) -> Iterator[tuple[int, str]]:
    """Rows of bytes: (how many bytes the row stands for, its text)."""
    count = field.length
    if field.secret:
        yield count, "xx" if count == 1 else f"xx … ({count:,} bytes)"
        return
    piece = data[field.offset : field.offset + count]
    if count > 4 and piece.count(piece[:1]) == count:
        yield count, f"{piece[0]:02x} × {count:,}"
    elif count <= (HEAD_ROWS + 2) * ROW:
        for start in range(0, max(count, 1), ROW):
            row = piece[start : start + ROW]
            yield len(row), row.hex(" ")
    else:
        for start in range(0, HEAD_ROWS * ROW, ROW):
            yield ROW, piece[start : start + ROW].hex(" ")
        left_out = count - HEAD_ROWS * ROW - TAIL_BYTES
        yield left_out, f"… {left_out:,} bytes …"
        yield TAIL_BYTES, piece[-TAIL_BYTES:].hex(" ")
