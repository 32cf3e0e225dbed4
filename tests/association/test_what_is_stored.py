"""What a C-STORE sends: the UIDs, the encoding and the remarks of its source."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from assocsh.association.prepare import Prepared, prepare
from assocsh.datasets.codec import decode, encode
from assocsh.dimse.requests import CStore
from assocsh.errors import NoPresentationContext, UsageError
from assocsh.upperlayer.negotiation import PresentationContext
from tests.datasets.make import BIG_ENDIAN, CT, EXPLICIT, IMPLICIT, JPEG2000, ct, read_all, write

INSTANCE_UID = 0x1000
LITTLE = [EXPLICIT, IMPLICIT]


def sent(source: object, syntax: str) -> Prepared:
    context = PresentationContext(1, CT, (syntax,), 0, syntax)
    return prepare(CStore(source), [context])  # type: ignore[arg-type]


def data_of(prepared: Prepared) -> bytes:
    assert prepared.data is not None
    return prepared.data if isinstance(prepared.data, bytes) else read_all(prepared.data)


def test_the_uid_of_the_data_set_is_named_and_the_other_remarked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", ct("1.2.77"))
    path.write_bytes(path.read_bytes().replace(b"UI\x06\x001.2.77", b"UI\x06\x001.2.66", 1))
    prepared = sent(str(path), EXPLICIT)
    assert prepared.values[INSTANCE_UID] == "1.2.77"
    (remark,) = prepared.remarks
    assert remark.startswith(f"{path}: ") and "1.2.66" in remark
    assert decode(data_of(prepared), EXPLICIT).SOPInstanceUID == "1.2.77"


def test_of_a_file_in_order_nothing_is_remarked(tmp_path: Path) -> None:
    assert sent(write(tmp_path / "a.dcm", ct()), EXPLICIT).remarks == ()


def pixels_as_read(syntax: str, data: bytes) -> bytes:
    """The pixels as little endian numbers, whatever the byte order they were sent in."""
    value: bytes = decode(data, syntax).PixelData
    if syntax == BIG_ENDIAN:
        turned = bytearray(value)
        turned[::2], turned[1::2] = value[1::2], value[::2]
        value = bytes(turned)
    return value


@pytest.mark.parametrize("target", [*LITTLE, BIG_ENDIAN])
@pytest.mark.parametrize("source", [*LITTLE, BIG_ENDIAN])
@pytest.mark.parametrize("how", ["read from a file", "received", "received, without its file meta"])
def test_a_data_set_keeps_its_pixels_in_any_byte_order(
    tmp_path: Path, source: str, target: str, how: str
) -> None:
    path = write(tmp_path / "a.dcm", ct(), source)
    if how == "read from a file":
        dataset: Dataset = dcmread(path)
    else:
        dataset = decode(data_of(sent(path, source)), source)
        if how != "received":
            del dataset.file_meta
    data = data_of(sent(dataset, target))
    assert pixels_as_read(target, data) == ct().PixelData
    assert decode(data, target).SmallestImagePixelValue == -5


def compressed() -> Dataset:
    dataset = ct()
    dataset.PixelData = encapsulate([b"\xff\x4f" + bytes(500)])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dataset


def declared(dataset: Dataset, syntax: str) -> Dataset:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    return dataset


def test_a_received_compressed_image_goes_out_as_it_came() -> None:
    came = encode(declared(compressed(), JPEG2000), JPEG2000)
    dataset = decode(came, JPEG2000)
    assert data_of(sent(dataset, JPEG2000)) == came
    with pytest.raises(NoPresentationContext, match="JPEG 2000"):
        sent(dataset, EXPLICIT)


@pytest.mark.parametrize(
    ("dataset", "why"),
    [
        (compressed(), "does not say how it is compressed"),
        (declared(compressed(), EXPLICIT), "Explicit VR Little Endian has none"),
        (declared(ct(), JPEG2000), "has native Pixel Data"),
    ],
)
@pytest.mark.parametrize("target", [EXPLICIT, JPEG2000])
def test_pixels_that_are_not_what_is_declared_are_refused(
    dataset: Dataset, why: str, target: str
) -> None:
    with pytest.raises(UsageError, match=why):
        sent(dataset, target)
