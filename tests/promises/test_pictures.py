"""The pictures of the README are the screens of the program as it is."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from scripts.pictures import (
    CHANGING,
    COLUMNS,
    FOLDER,
    SCENES,
    Scene,
    Style,
    drawing,
    play,
    steady,
)


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_picture_is_current(scene: Scene) -> None:
    """``python -m scripts.pictures`` draws them anew."""
    assert (FOLDER / f"{scene.name}.svg").read_text("utf-8") == drawing(scene, play(scene))


def test_there_is_no_picture_that_nobody_draws() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {scene.name for scene in SCENES}


def test_what_changes_is_replaced_and_the_row_stays_as_wide() -> None:
    text = "open: PRACTICE@127.0.0.1:40123 · 12.5 ms, 1.2.840.5 s"
    plain, other = Style(), Style(fg="red")
    row = [(one, other if at > 30 else plain) for at, one in enumerate(text.ljust(COLUMNS))]
    shown = steady(row)
    assert len(shown) == COLUMNS
    assert "".join(one for one, _ in shown).startswith("open: PRACTICE@127.0.0.1:11112 · 4 ms")
    assert len({pattern.pattern for pattern, _ in CHANGING}) == len(CHANGING)


def test_a_drawing_is_svg_with_its_title_and_escapes_what_is_on_the_screen() -> None:
    scene = Scene("x", "A & B", 1, (), ())
    row = [(one, Style(reverse=at < 3, bold=True)) for at, one in enumerate("<a> & b")]
    picture = ElementTree.fromstring(drawing(scene, [row]))
    assert picture.attrib["aria-label"] == "A & B"
    texts = [one.text for one in picture.iter() if one.tag.endswith("text")]
    assert texts == ["<a>", "& b"]
