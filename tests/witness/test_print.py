"""A whole film session on real printers: DCMTK's dcmprscp, and a strict one of pynetdicom."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from pydicom import dcmread

from assocsh.datasets.picture import read_picture
from assocsh.practice.examples import make
from tests.peers.dcmprscu import dcmprscu
from tests.peers.dcmtk import Dcmprscp
from tests.peers.ours import Serve
from tests.peers.process import wait_until
from tests.peers.pynetdicom_printer import (
    COLOUR,
    FILM_BOX,
    FILM_SESSION,
    GRAYSCALE,
    IMAGE_BOXES,
    PynetdicomPrinter,
)
from tests.practice.test_film import read_png
from tests.witness.support import assocsh

META = {GRAYSCALE: "BasicGrayscalePrintManagementMeta", COLOUR: "BasicColorPrintManagementMeta"}


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images") / "examples"
    make(folder)
    return folder


@pytest.mark.peer("dcmprscp")
@pytest.mark.parametrize("bits", [8, 12])
def test_what_dcmprscp_stored_is_what_was_to_be_printed(
    dcmprscp: Dcmprscp, examples: Path, bits: int
) -> None:
    """Two images on one sheet: its stored print has the layout, its hardcopy images the pixels."""
    before = set(dcmprscp.database.glob("*.dcm"))
    files = [examples / "ct.dcm", examples / "mr.dcm"]
    line = f"print {files[0]} {files[1]} --layout 2x2 --film 8x10 --medium PAPER --bits {bits}"
    whole = "--session" if bits == 12 else ""
    options = ("--contexts", META[GRAYSCALE], "--format", "json")
    ran = assocsh(dcmprscp.address, *options, "-c", f"{line} {whole}", "-c", "release").check()
    (final,) = ran.of("final")
    assert (final["command"], final["operations"], final["succeeded"]) == ("PRINT", 7, 7)
    new = set(dcmprscp.database.glob("*.dcm")) - before
    (stored,) = (dcmread(path) for path in new if path.name.startswith("SP_"))
    (box,) = stored.FilmBoxContentSequence
    assert (box.ImageDisplayFormat, box.FilmSizeID) == (r"STANDARD\2,2", "8INX10IN")
    boxes = stored.ImageBoxContentSequence
    hardcopies = {
        one.SOPInstanceUID: one
        for one in (dcmread(path) for path in new if path.name.startswith("HG_"))
    }
    printed = {}
    for one in boxes:
        for reference in one.get("ReferencedImageSequence", ()):
            printed[one.ImageBoxPosition] = hardcopies[reference.ReferencedSOPInstanceUID]
    assert sorted(printed) == [1, 2]
    for position, path in enumerate(files, 1):
        picture, hardcopy = read_picture(path, bits=bits), printed[position]
        assert (hardcopy.Rows, hardcopy.Columns) == (picture.rows, picture.columns)
        assert hardcopy.BitsStored == bits
        assert bytes(hardcopy.PixelData) == picture.planes[0]


@pytest.mark.peer("dcmprscp")
def test_how_dcmprscp_is(dcmprscp: Dcmprscp) -> None:
    options = ("--contexts", META[GRAYSCALE], "--format", "json")
    ran = assocsh(dcmprscp.address, *options, "-c", "print status; release").check()
    (response,) = ran.of("response")
    assert response["dataset"]["21100010"]["Value"] == ["NORMAL"]


def test_each_request_is_what_the_standard_asks_for(examples: Path, tmp_path: Path) -> None:
    """Three images on two sheets: nine requests, the session named in each film box."""
    files = " ".join(str(examples / name) for name in ("ct.dcm", "mr.dcm", "us.dcm"))
    with PynetdicomPrinter(tmp_path) as printer:
        line = f"print {files} --layout 2x1 --copies 3 --priority HIGH --orientation LANDSCAPE"
        ran = assocsh(printer.address, "--contexts", META[GRAYSCALE], "-c", f"{line}; release")
        ran.check()
        heard = printer.requests
    whats = [one["what"] for one in heard]
    sheet = ["create", "set", "set", "action"]
    assert whats == ["create", *sheet, "create", "set", "action", *["delete"] * 3]
    session = heard[0]
    assert session["class"] == FILM_SESSION
    assert session["dataset"]["20000010"]["Value"] == [3]
    assert session["dataset"]["20000020"]["Value"] == ["HIGH"]
    for box in (heard[1], heard[5]):
        named = box["dataset"]["20100500"]["Value"][0]
        assert named["00081155"]["Value"] == [session["uid"]]
        assert box["dataset"]["20100040"]["Value"] == ["LANDSCAPE"]
    images = [one for one in heard if one["what"] == "set"]
    assert {one["class"] for one in images} == {IMAGE_BOXES[GRAYSCALE]}
    colourful = images[2]["dataset"]["20200110"]["Value"][0]  # of the ultrasound image
    pixels = base64.b64decode(colourful["7FE00010"]["InlineBinary"])
    assert pixels == read_picture(examples / "us.dcm").planes[0]
    assert [(one["class"], one["uid"]) for one in heard[-3:]] == [
        (FILM_BOX, heard[5]["uid"]),
        (FILM_BOX, heard[1]["uid"]),
        (FILM_SESSION, session["uid"]),
    ]


def test_colour_where_colour_was_negotiated(examples: Path, tmp_path: Path) -> None:
    with PynetdicomPrinter(tmp_path, COLOUR) as printer:
        line = f"print {examples / 'us.dcm'} {examples / 'ct.dcm'}; release"
        assocsh(printer.address, "--contexts", META[COLOUR], "-c", line).check()
        images = [one for one in printer.requests if one["what"] == "set"]
    assert {one["class"] for one in images} == {IMAGE_BOXES[COLOUR]}
    for one, name in zip(images, ("us.dcm", "ct.dcm"), strict=True):
        (image,) = one["dataset"]["20200111"]["Value"]
        assert image["00280004"]["Value"] == ["RGB"] and image["00280006"]["Value"] == [1]
        pixels = base64.b64decode(image["7FE00010"]["InlineBinary"])
        assert pixels == b"".join(read_picture(examples / name, colour=True).planes)


@pytest.mark.parametrize("name", ["us.dcm", "ct.dcm"])
def test_where_both_were_negotiated_the_image_decides(
    examples: Path, tmp_path: Path, name: str
) -> None:
    """The printer makes image boxes of the Meta class whose context the film box came on."""
    with PynetdicomPrinter(tmp_path, f"{GRAYSCALE},{COLOUR}") as printer:
        line = f"print {examples / name}; release"
        assocsh(printer.address, "--contexts", "print", "-c", line).check()
        (image,) = [one for one in printer.requests if one["what"] == "set"]
    assert image["class"] == IMAGE_BOXES[COLOUR if name == "us.dcm" else GRAYSCALE]


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ("image", 1, "N-SET of image box 2 (mr.dcm): 0x0106 Failure"),
        ("boxes", 1, "the printer made 1 image box for STANDARD\\2,1, 2 are needed"),
        ("print", 0, "N-ACTION of film box 1: 0xB604 Warning"),
        ("event", 0, "the peer reports event 2: Printer SOP Class"),
    ],
)
def test_what_goes_wrong_is_named_and_everything_removed(
    examples: Path, tmp_path: Path, fault: str, code: int, says: str
) -> None:
    with PynetdicomPrinter(tmp_path, fault=fault) as printer:
        line = f"print {examples / 'ct.dcm'} {examples / 'mr.dcm'} --layout 2x1; release"
        ran = assocsh(printer.address, "--contexts", META[GRAYSCALE], "-c", line)
        heard = printer.requests
    assert ran.code == code, ran.err
    assert says in ran.err
    assert [one["class"] for one in heard if one["what"] == "delete"] == [FILM_BOX, FILM_SESSION]
    assert any(one["what"] == "action" for one in heard) == (code == 0)


@pytest.mark.peer("dcmprscp", "dcmprscu")
@pytest.mark.parametrize("options", [(), ("--session-print", "--monochrome1")])
def test_dcmprscu_prints_on_the_practice_printer(
    examples: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """A film of ours, stored by dcmprscp, printed by dcmprscu: the page has the same image.

    It leaves the UIDs of its film box to the printer, and inverts what it is told to.
    """
    image = examples / "ct.dcm"
    with Dcmprscp(tmp_path / "dcmprscp") as printer:
        line = f"print {image} --layout 1x1 --film 8x10 --medium PAPER; release"
        assocsh(printer.address, "--contexts", META[GRAYSCALE], "-c", line).check()
        database = printer.database
    films = tmp_path / "films"
    with Serve(tmp_path, "--prints", str(films)) as archive:
        done = dcmprscu(tmp_path, database, archive.port, archive.ae, *options)
        assert done.code == 0 and "E: " not in done.output, done.output
        wait_until(lambda: "practice printer printed" in archive.output(), 10, "a film")
    page = read_png((films / "film-1.png").read_bytes())
    picture = read_picture(image)
    # the image fills the width of the film, less a gap on each side
    side = page.width - 8
    top = (page.height - side) // 2
    for row, column in ((20, 64), (64, 30), (64, 64), (100, 64)):
        shown = page.at(4 + (2 * column + 1) * side // 256, top + (2 * row + 1) * side // 256)[0]
        assert abs(shown - picture.planes[0][row * picture.columns + column]) <= 1
