from __future__ import annotations

import pytest

from assocsh.datasets import dictionary as d
from assocsh.errors import UsageError


@pytest.mark.parametrize(
    "text",
    [
        "PatientID",
        "patientid",
        "(0010,0020)",
        "( 0010 , 0020 )",
        "0010,0020",
        "10,20",
        "00100020",
        "0x00100020",
        "(0x0010,0x0020)",
        "(0x00100020)",
    ],
)
def test_every_spelling_of_a_tag(text: str) -> None:
    entry = d.find_tag(text)
    assert (entry.tag, entry.keyword, entry.vr) == (0x00100020, "PatientID", "LO")
    assert entry.name == "Patient ID"


def test_unknown_private_and_repeating_tags() -> None:
    assert d.find_tag("(0009,1001)").vr == "UN"
    assert d.find_tag("00090010") == d.TagEntry("", 0x00090010, "LO", "1", "Private Creator")
    overlay = d.find_tag("(6002,3000)")
    assert overlay.vr == "OB or OW"
    assert overlay.label == "(6002,3000)"


@pytest.mark.parametrize("text", ["PatentName", "PatienName", "patientnam"])
def test_an_unknown_keyword_names_the_nearest(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        d.find_tag(text)
    assert "PatientName" in caught.value.hint
    assert text in caught.value.message


@pytest.mark.parametrize("text", ["", "x", "(0010,002)0", "0010,00200", "\x1b[2J", "é" * 5000])
def test_nonsense_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        d.find_tag(text)


def test_tables() -> None:
    assert len(d.entries()) > 5000
    assert d.sop_class_uid("ctimagestorage") == "1.2.840.10008.5.1.4.1.1.2"
    assert d.sop_class_uid("CT Image Storage") == "1.2.840.10008.5.1.4.1.1.2"
    assert d.sop_class_uid("1.2.3") == "1.2.3"
    assert d.transfer_syntax_uid("JPEG2000Lossless") == "1.2.840.10008.1.2.4.90"
    assert d.uid_name("1.2.840.10008.1.1") == "Verification SOP Class"
    assert d.uid_name("1.2.3") == "1.2.3"
    assert d.uid_keyword("1.2.840.10008.1.1") == "Verification"
    assert len(d.storage_sop_classes()) > 100
    assert d.is_storage("1.2.840.10008.5.1.4.1.1.2")
    assert not d.is_storage("1.2.840.10008.1.1")
    with pytest.raises(UsageError, match="not a SOP class") as caught:
        d.sop_class_uid("CTImageStorag")
    assert "CTImageStorage" in caught.value.hint


def test_what_may_be_stored() -> None:
    """Storage, retired storage, private classes, what is new; no service and no transfer syntax."""
    for word in (
        "CTImageStorage",
        "UltrasoundImageStorageRetired",
        "HardcopyGrayscaleImageStorage",
        "StandaloneOverlayStorage",
        "RTBeamsDeliveryInstructionStorageTrial",
        "DICOSCTImageStorage",
        "HangingProtocolStorage",
        "ColorPaletteStorage",
        "GenericImplantTemplateStorage",
        "ImplantAssemblyTemplateStorage",
        "ImplantTemplateGroupStorage",
        "ProtocolApprovalStorage",
        "InventoryStorage",
        "1.2.276.0.7230010.3.1.0.1",
        "1.2.840.113619.4.30",
        "1.2.840.10008.5.1.4.1.1.99999",
    ):
        assert d.may_be_stored(d.sop_class_uid(word)), word
    for word in (
        "Verification",
        "StorageCommitmentPushModel",
        "StorageCommitmentPullModel",
        "MediaStorageDirectoryStorage",
        "StudyRootQueryRetrieveInformationModelFind",
        "InventoryFind",
        "BasicGrayscalePrintManagementMeta",
        "1.2.840.10008.5.1.4.99999",
        "1.2.840.10008.1.2.4.90",
    ):
        assert not d.may_be_stored(d.sop_class_uid(word)), word


def test_which_transfer_syntaxes_can_be_used() -> None:
    known = {entry.uid for entry in d.transfer_syntaxes()}
    usable = {uid for uid in known if d.is_usable_syntax(uid)}
    assert usable >= {*d.UNCOMPRESSED, "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.201"}
    names = {d.uid_keyword(uid) for uid in known - usable}
    assert names >= {"XMLEncoding", "RFC2557MIMEEncapsulation", "JPIPReferencedDeflate"}
    assert not any(map(d.is_usable_syntax, ("", "1.2.3", "1.2.840.10008.1.1")))
