"""The tables of a conformance statement (PS3.2 Annex N), filled with what was measured.

To be laid beside the vendor's own: what could not be told is marked so, and nothing is made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assocsh.probe.model import Report, Verdict
from assocsh.text.cells import cell, fill, width

_WORDS = {Verdict.YES: "Yes", Verdict.NO: "No", Verdict.UNKNOWN: "Not determined"}


def statement(report: Report) -> Iterator[str]:
    """All tables as lines of text."""
    yield f"Conformance of {cell(report.peer, 80)} as measured on {report.started}"
    yield "The numbers of the tables are those of PS3.2 Annex N. What was not measured says so."
    yield from _table(
        "N.1.1 Network services", ("SOP Class", "SCP", "Transfer Syntaxes"), _classes(report)
    )
    yield from _table("N.4.2 Association policies", ("Policy", "Value"), _policies(report))
    yield from _table(
        "N.4.3 Roles (Annex D.3.3.4)", ("Role", "Granted", "Answer"), _of(report, "role")
    )
    yield from _table(
        "N.4.4 Extended negotiation", ("Item", "Agreed", "Answer"), _of(report, "ext")
    )
    yield from _table("N.5.1 Query matching", ("What", "Supported", "Remark"), _of(report, "find"))
    yield from _table("N.7 Character sets", ("What", "Supported", "Remark"), _of(report, "set"))
    security = [*_of(report, "tls"), *_of(report, "user")]
    yield from _table("N.8 Security", ("What", "Supported", "Remark"), security)


Rows = Sequence[tuple[str, ...]]


def _table(title: str, head: tuple[str, ...], rows: Rows) -> Iterator[str]:
    yield ""
    yield title
    if not rows:
        yield "  not measured"
        return
    shown = [tuple(cell(each, 300) for each in row) for row in (head, *rows)]
    columns = [max(width(row[place]) for row in shown) for place in range(len(head))]
    for number, row in enumerate(shown):
        yield ("  " + "  ".join(map(fill, row, columns))).rstrip()
        if not number:
            yield "  " + "  ".join("-" * each for each in columns[:-1]) + "  " + "-" * len(head[-1])


def _of(report: Report, section: str) -> Rows:
    return [(each.text, _WORDS[each.verdict], each.why) for each in report.of(section)]


def _classes(report: Report) -> Rows:
    found = report.answer("ctx.matrix")
    if found is None or not isinstance(found.value, dict):
        return []
    return [
        (name, "Yes", ", ".join(row["yes"])) for name, row in found.value.items() if row.get("yes")
    ]


def _policies(report: Report) -> Rows:
    rows: list[tuple[str, ...]] = []
    named = report.answer("id.named")
    if named is not None and isinstance(named.value, dict):
        rows.append(("Implementation Class UID", str(named.value.get("class_uid"))))
        rows.append(("Implementation Version Name", str(named.value.get("version"))))
    length, window = report.answer("pdu.long"), report.answer("win.granted")
    if length is not None and length.value is not None:
        rows.append(
            ("Maximum PDU size received", "no limit" if length.value == 0 else str(length.value))
        )
    if window is not None and window.value is not None:
        rows.append(("Asynchronous operations (invoked/performed)", str(window.value)))
    for name in ("acse.any-called", "acse.any-calling"):
        found = report.answer(name)
        if found is not None:
            rows.append((found.text, _WORDS[found.verdict]))
    room, idle = report.answer("limit.room"), report.answer("idle.stays-open")
    rows += [("Associations at once", str(room.value))] if room is not None else []
    rows += [("Idle association", idle.why)] if idle is not None else []
    return rows
