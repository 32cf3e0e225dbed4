"""Part 10 files for the store, find, get and move tests, and the comparison of what came back.

Some are pydicom's own test files with a new identity, so that real encodings (compressed pixel
data, sequences, private elements) travel; the others are small and made here. Everything is
deterministic: the same UIDs in every run.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydicom import Dataset, config, dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

ROOT = "1.2.826.0.1.3680043.8.498.99"  # below pydicom's, as its generated UIDs are
UNCOMPRESSED = {
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
}


@dataclass(frozen=True)
class Patient:
    number: int
    patient_id: str
    name: str
    birth_date: str
    sex: str
    charset: str


PATIENTS = (
    Patient(1, "WIT-001", "Kowalska^Anna", "19610214", "F", "ISO_IR 100"),
    Patient(2, "WIT-002", "Müller^Jörg", "19800731", "M", "ISO_IR 100"),
    Patient(3, "WIT-003", "Yamada^Tarou=山田^太郎=やまだ^たろう", "19721103", "M", "ISO_IR 192"),
)


@dataclass(frozen=True)
class InstanceFile:
    """One file and what a query would say of it."""

    path: Path
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    patient_id: str
    study: str
    series: str

    @property
    def uncompressed(self) -> bool:
        return self.transfer_syntax in UNCOMPRESSED

    def dataset(self) -> Dataset:
        return read(self.path)


def read(path: Path) -> Dataset:
    """A file as pydicom reads it, its values untouched and its warnings kept quiet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dcmread(path)


# name of pydicom's file, patient, study, series: the hierarchy that queries find
SHIPPED = (
    ("CT_small.dcm", 1, 1, 1),
    ("693_J2KI.dcm", 1, 1, 1),
    ("MR_small.dcm", 1, 2, 1),
    ("MR_small_implicit.dcm", 1, 2, 1),
    ("MR_small_expb.dcm", 1, 2, 1),
    ("MR_small_RLE.dcm", 1, 2, 2),
    ("MR_small_jp2klossless.dcm", 1, 2, 2),
    ("MR_small_jpeg_ls_lossless.dcm", 1, 2, 2),
    ("GDCMJ2K_TextGBR.dcm", 2, 1, 1),
    ("JPGExtended.dcm", 2, 1, 1),
    ("JPEGLSNearLossless_16.dcm", 2, 1, 1),
    ("SC_rgb_dcmtk_+eb+cr.dcm", 2, 1, 1),
    ("SC_rgb_jpeg_gdcm.dcm", 2, 1, 1),
    ("image_dfl.dcm", 2, 1, 2),
    ("SC_rgb_rle.dcm", 2, 1, 2),
    ("SC_rgb_small_odd.dcm", 2, 1, 2),
    ("examples_ybr_color.dcm", 2, 2, 1),
    ("liver_1frame.dcm", 3, 1, 1),
    ("reportsi.dcm", 3, 1, 2),
    ("test-SR.dcm", 3, 1, 3),
    ("rtdose_1frame.dcm", 3, 2, 1),
    ("rtplan.dcm", 3, 2, 2),
    ("waveform_ecg.dcm", 3, 4, 1),
)

# keyword of the SOP class, modality, transfer syntax, patient, study, series
MADE = (
    ("ComputedRadiographyImageStorage", "CR", ExplicitVRLittleEndian, 1, 3, 1),
    ("DigitalXRayImageStorageForPresentation", "DX", ImplicitVRLittleEndian, 1, 3, 2),
    ("DigitalMammographyXRayImageStorageForPresentation", "MG", ExplicitVRLittleEndian, 1, 4, 1),
    ("PositronEmissionTomographyImageStorage", "PT", ExplicitVRLittleEndian, 2, 3, 1),
    ("NuclearMedicineImageStorage", "NM", ImplicitVRLittleEndian, 2, 3, 2),
    ("UltrasoundImageStorage", "US", DeflatedExplicitVRLittleEndian, 2, 2, 2),
    ("XRayAngiographicImageStorage", "XA", ExplicitVRBigEndian, 3, 3, 1),
    ("EncapsulatedPDFStorage", "DOC", ExplicitVRLittleEndian, 3, 1, 4),
    ("KeyObjectSelectionDocumentStorage", "KO", ExplicitVRLittleEndian, 3, 1, 5),
    ("GrayscaleSoftcopyPresentationStateStorage", "PR", ImplicitVRLittleEndian, 3, 1, 6),
)


def _uid(*numbers: int) -> str:
    return ".".join([ROOT, *(str(number) for number in numbers)])


def _identify(found: Dataset, patient: Patient, study: int, series: int, number: int) -> None:
    found.decode()  # texts as texts, before their character set changes
    found.SpecificCharacterSet = patient.charset
    found.PatientName = patient.name
    found.PatientID = patient.patient_id
    found.PatientBirthDate = patient.birth_date
    found.PatientSex = patient.sex
    found.StudyInstanceUID = _uid(patient.number, study)
    found.StudyID = f"S{patient.number}{study}"
    found.StudyDate = f"2026010{study}"
    found.StudyTime = f"0{study}3000"
    found.AccessionNumber = f"ACC{patient.number}{study:02}"
    found.StudyDescription = f"Study {study} of {patient.patient_id}"
    found.ReferringPhysicianName = "Witness^Wanda"
    found.SeriesInstanceUID = _uid(patient.number, study, series)
    found.SeriesNumber = series
    found.SOPInstanceUID = _uid(patient.number, study, series, number)
    found.InstanceNumber = number


def _picture(found: Dataset) -> None:
    rows, columns = 16, 24
    found.SamplesPerPixel = 1
    found.PhotometricInterpretation = "MONOCHROME2"
    found.Rows, found.Columns = rows, columns
    found.BitsAllocated, found.BitsStored, found.HighBit = 16, 12, 11
    found.PixelRepresentation = 0
    values = [(row * 37 + column * 11) % 4096 for row in range(rows) for column in range(columns)]
    order = ">" if found.file_meta.TransferSyntaxUID == ExplicitVRBigEndian else "<"
    found.PixelData = struct.pack(f"{order}{len(values)}H", *values)
    found["PixelData"].VR = "OW"


def _document(found: Dataset) -> None:
    found.MIMETypeOfEncapsulatedDocument = "application/pdf"
    found.DocumentTitle = "Witness report"
    body = b"%PDF-1.4\n% nothing to see\n%%EOF\n"
    found.EncapsulatedDocument = body + b"\0" * (len(body) % 2)


def _code(value: str, scheme: str, meaning: str) -> Sequence:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return Sequence([code])


def _key_object(found: Dataset) -> None:
    found.ValueType = "CONTAINER"
    found.ConceptNameCodeSequence = _code("113000", "DCM", "Of Interest")
    found.ContinuityOfContent = "SEPARATE"
    text = Dataset()
    text.RelationshipType, text.ValueType = "CONTAINS", "TEXT"
    text.ConceptNameCodeSequence = _code("113012", "DCM", "Key Object Description")
    text.TextValue = "Ein Befund, 所見, zweizeilig\r\nund mit Zeilenende"
    found.ContentSequence = Sequence([text])


def _presentation_state(found: Dataset) -> None:
    found.ContentLabel = "WITNESS"
    found.PresentationLUTShape = "IDENTITY"
    series = Dataset()
    series.SeriesInstanceUID = _uid(1, 1, 1)
    image = Dataset()
    image.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    image.ReferencedSOPInstanceUID = _uid(1, 1, 1, 1)
    series.ReferencedImageSequence = Sequence([image])
    found.ReferencedSeriesSequence = Sequence([series])


_CONTENT: dict[str, Callable[[Dataset], None]] = {
    "DOC": _document,
    "KO": _key_object,
    "PR": _presentation_state,
}


def _made(sop_class: str, modality: str, transfer_syntax: UID) -> Dataset:
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = transfer_syntax
    found.SOPClassUID = sop_class
    found.Modality = modality
    found.Manufacturer = "assocsh tests"
    found.SeriesDescription = f"{modality} made for the tests"
    block = found.private_block(0x0029, "ASSOCSH TESTS", create=True)
    block.add_new(0x01, "LO", "a private value")
    _CONTENT.get(modality, _picture)(found)
    return found


def _save(found: Dataset, folder: Path) -> InstanceFile:
    meta = found.file_meta
    fresh = FileMetaDataset()
    fresh.MediaStorageSOPClassUID = found.SOPClassUID
    fresh.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    fresh.TransferSyntaxUID = meta.TransferSyntaxUID
    fresh.ImplementationClassUID = ROOT
    found.file_meta = fresh
    path = folder / f"{found.SOPInstanceUID}.dcm"
    found.save_as(path, enforce_file_format=True)
    return InstanceFile(
        path,
        str(found.SOPClassUID),
        str(found.SOPInstanceUID),
        str(fresh.TransferSyntaxUID),
        found.PatientID,
        str(found.StudyInstanceUID),
        str(found.SeriesInstanceUID),
    )


def write_instances(folder: Path) -> list[InstanceFile]:
    """Write all of them into a folder: some 30 of some 20 SOP classes."""
    from pydicom.uid import UID_dictionary

    folder.mkdir(parents=True, exist_ok=True)
    by_keyword = {entry[4]: uid for uid, entry in UID_dictionary.items()}
    numbers: dict[tuple[int, int, int], Iterator[int]] = {}

    def identify(found: Dataset, patient: int, study: int, series: int) -> None:
        counter = numbers.setdefault((patient, study, series), iter(range(1, 1000)))
        _identify(found, PATIENTS[patient - 1], study, series, next(counter))

    files: list[InstanceFile] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, *place in SHIPPED:
            source = get_testdata_file(name, download=False)
            assert isinstance(source, str), f"pydicom ships no {name}"
            found = dcmread(source)
            identify(found, *place)
            files.append(_save(found, folder))
        for keyword, modality, transfer_syntax, *place in MADE:
            found = _made(by_keyword[keyword], modality, transfer_syntax)
            identify(found, *place)
            files.append(_save(found, folder))
    return files


def write_series(folder: Path, count: int, *, side: int = 64, study: int = 9) -> list[InstanceFile]:
    """``count`` CT images of one series, ``side`` x ``side`` pixels: for long stores."""
    folder.mkdir(parents=True, exist_ok=True)
    found = _made("1.2.840.10008.5.1.4.1.1.2", "CT", ExplicitVRLittleEndian)
    found.Rows = found.Columns = side
    files = []
    for number in range(1, count + 1):
        _identify(found, PATIENTS[0], study, 1, number)
        found.PixelData = number.to_bytes(2, "little") * (side * side)
        found["PixelData"].VR = "OW"
        files.append(_save(found, folder))
    return files


@cache
def sop_classes(files: tuple[InstanceFile, ...]) -> frozenset[str]:
    return frozenset(found.sop_class for found in files)


# -- comparing ---------------------------------------------------------------------------------

# What an archive may rightly change or leave out: group lengths (retired), padding behind the data
# set, and where an instance can be retrieved, which is the archive's own business.
_NOT_COMPARED = {0xFFFCFFFC, 0x00080054, 0x00080056}


def _plain(value: object) -> object:
    """A value in a form in which the two encodings of one value are equal."""
    if value is None or value == "" or value == b"":
        return None
    if isinstance(value, bytes):
        return value.rstrip(b"\0 ") or None
    if isinstance(value, str):
        return value.rstrip(" \0") or None
    if isinstance(value, list) or type(value).__name__ == "MultiValue":
        plain = [_plain(one) for one in value]  # type: ignore[attr-defined]
        return plain[0] if len(plain) == 1 else plain or None
    return str(value).rstrip(" \0") or None


_WORD_SIZE = {"OW": 2, "OL": 4, "OF": 4, "OD": 8, "OV": 8}


def _big_endian(found: Dataset) -> bool:
    meta = getattr(found, "file_meta", None)
    return meta is not None and meta.get("TransferSyntaxUID") == ExplicitVRBigEndian


def _swapped(value: bytes, size: int) -> bytes:
    words = (value[at : at + size][::-1] for at in range(0, len(value), size))
    return b"".join(words)


def differences(
    sent: Dataset, received: Dataset, path: str = "", swap: bool | None = None
) -> list[str]:
    """Element by element, sequences included: what is not the same, in words.

    Values are compared after decoding, so that two transfer syntaxes of one data set are equal.
    """
    if swap is None:
        swap = _big_endian(sent) != _big_endian(received)
    found: list[str] = []
    tags = {element.tag for element in sent} | {element.tag for element in received}
    for tag in sorted(tags):
        if tag.element == 0 or tag in _NOT_COMPARED:
            continue
        where = f"{path}{tag}"
        if tag not in sent or tag not in received:
            there = received if tag in received else sent
            if there[tag].VR == "SQ" or _plain(there[tag].value) is not None:
                missing = "was not received" if tag in sent else "was added"
                found.append(f"{where} {there[tag].keyword} {missing}")
            continue
        first, second = sent[tag], received[tag]
        before, after = first.value, second.value
        if first.VR == "SQ" and second.VR == "SQ":
            if len(before) != len(after):
                found.append(f"{where} has {len(after)} items, not {len(before)}")
                continue
            for number, (one, other) in enumerate(zip(before, after, strict=True)):
                found += differences(one, other, f"{where}[{number}].", swap)
            continue
        if "UN" in (first.VR, second.VR) and first.VR != second.VR:
            # private elements lose their VR in implicit little endian: same bytes is all there is
            continue
        if swap and isinstance(before, bytes) and first.VR in _WORD_SIZE:
            before = _swapped(before, _WORD_SIZE[first.VR])
        if _plain(before) != _plain(after):
            found.append(f"{where} {first.keyword}: {before!r:.200} became {after!r:.200}")
    return found


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """No complaints of pydicom about the odd values in its own test files."""
    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        config.settings.reading_validation_mode = before


def same(sent: Path, received: Path) -> list[str]:
    """`differences` of two files."""
    with quiet_pydicom():
        return differences(read(sent), read(received))
