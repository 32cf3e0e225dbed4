"""Values as people read them; what is not of its form stays as it came."""

from __future__ import annotations

import pytest
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement

from assocsh.output.above import Above, same_line
from assocsh.output.readable import readable_text
from assocsh.output.tree import tree_lines
from tests.session.peer import match


@pytest.mark.parametrize(
    ("vr", "value", "shown"),
    [
        ("DA", "20261130", "2026-11-30"),
        ("DA", "20261301", "20261301"),
        ("DA", "2026.11.30", "2026.11.30"),
        ("DA", "20261130\\20261201", "2026-11-30\\2026-12-01"),
        ("TM", "140233.000000", "14:02:33"),
        ("TM", "140233.250", "14:02:33.25"),
        ("TM", "1402", "14:02"),
        ("TM", "14", "14 h"),
        ("TM", "9:15", "9:15"),
        ("DT", "20261130140233.5+0100", "2026-11-30 14:02:33.5 +01:00"),
        ("DT", "2026", "2026"),
        ("UI", "1.2.840.10008.5.1.4.1.1.2", "CT Image Storage"),
        ("UI", "1.2.840.10008.1.2.1", "Explicit VR Little Endian"),
        ("UI", "1.2.3", "1.2.3"),
        ("LO", "20261130", "20261130"),
    ],
)
def test_values(vr: str, value: str, shown: str) -> None:
    tag = {"DA": 0x00080020, "TM": 0x00080030, "DT": 0x00404010, "UI": 0x00080016}
    element = DataElement(tag.get(vr, 0x00081030), vr, value, validation_mode=IGNORE)
    assert readable_text(element) == shown


KEYS = ["#", "Modality", "Date", "Number"]


def test_what_is_the_same_stands_above_until_it_is_not() -> None:
    above = Above()
    assert above.take(KEYS, [["1", "CT", "", "4"], ["2", "CT", "", "5"]])
    assert above.same() == {"Modality": "CT"} and above.empty() == ["Date"]
    assert above.places(KEYS) == [0, 3]
    assert not above.take(KEYS, [["3", "CT", "", "6"]]), "nothing is another than it was"
    assert above.take(KEYS, [["4", "MR", "", "7"]])
    assert (above.places(KEYS), above.empty()) == ([0, 1, 3], ["Date"])
    assert not above.take(KEYS, [["5", "MR", "", "8"], ["6", "MR", "", "8"]]), "once a column"


def test_one_row_is_no_proof_and_a_table_keeps_a_column() -> None:
    above = Above()
    above.take(KEYS, [["1", "CT", "", "4"]])
    assert above.places(KEYS) == [0, 1, 3]
    alike = Above()
    alike.take(KEYS, [["1", "CT", "", "4"], ["2", "CT", "", "4"]])
    assert alike.places(KEYS) == [0, 3]
    assert same_line([("Description", "CT Head")], 80) == ["in all rows: Description='CT Head'"]


def test_a_tree() -> None:
    dataset = match(PatientID="P1", StudyDescription="first\nsecond")
    dataset.add_new(0x00090010, "LO", "GEMS_IDEN_01")
    dataset.add_new(0x00091001, "LO", "GE_GENESIS_FF")
    dataset.add_new(0x00110010, "LO", "ACME \x1b[2J")
    dataset.add_new(0x00111001, "LO", "x")
    item = match(ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2")
    item.RetrieveURL = "a" * 100
    dataset.ReferencedSOPSequence = [item]
    lines = list(tree_lines(dataset, 60))
    text = "\n".join(lines)
    assert "\x1b" not in text
    assert max(map(len, lines)) <= 60, "the long value is folded"
    assert "(0008,1199) SQ ReferencedSOPSequence" in text and "1 item" in text
    at = lines.index("  [0]")
    assert lines[at + 1].startswith("    (0008,1150) UI ReferencedSOPClassUID")
    assert "Image Storage)" in text
    assert "LO (GEMS_IDEN_01) Full fidelity" in text, "a private element that is known"
    assert "LO (private creator)" in text
    assert "│ first" in text and "│ second" in text
    whole = "".join(line.split()[-1] for line in lines if "aaaa" in line)
    assert whole.endswith("a" * 100)
