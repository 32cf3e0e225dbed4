"""Ladders: one layout and four drawings of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assocsh.dimse.commandset import CommandSet
from assocsh.text.cells import width
from assocsh.text.visible import visible
from assocsh.wire.conversation import Endpoint, Gap, Spot, Talk
from assocsh.wire.findings import findings
from assocsh.wire.ladder import mermaid, page, svg, text
from assocsh.wire.ladder.fitting import clock_text, fitted
from assocsh.wire.ladder.layout import layout
from assocsh.wire.ladder.model import Arrow, Band, Kind, Ladder
from tests.wire.talks import ACCEPTOR, Told, moved, searched, windowed

HOSTILE = "</title><script>alert(1)</script>\x1b[31m\u202e\ud800&\"';%#\n-->]]>"
SCENES = {
    "one at a time": [searched()],
    "window 8": [windowed()],
    "a move": moved(),
    "rejected": [Told().reject().talk],
    "nothing": [Told().talk],
}
scenes = pytest.mark.parametrize("talks", SCENES.values(), ids=SCENES.keys())


def arrows(ladder: Ladder) -> list[Arrow]:
    return [row for row in ladder.rows if isinstance(row, Arrow)]


def bands(ladder: Ladder) -> list[str]:
    return [row.text for row in ladder.rows if isinstance(row, Band)]


def is_safe(line: str) -> bool:
    return visible(line, None) == line


# layout


def test_messages_stand_in_the_order_in_which_they_were_sent() -> None:
    ladder = layout([windowed(16)])
    times = [row.time for row in ladder.rows]
    assert times == sorted(times) and times[0] == 0
    assert [each.parts[0] for each in arrows(ladder)[:3]] == [
        "A-ASSOCIATE-RQ",
        "A-ASSOCIATE-AC",
        "#1 C-STORE-RQ (1)",
    ]
    assert arrows(ladder)[-1].parts[0] == "A-RELEASE-RP"


@pytest.mark.parametrize("window", [1, 2, 8])
def test_lanes_are_as_many_as_were_under_way(window: int) -> None:
    ladder = layout([windowed(24, window)])
    assert ladder.at_once == ladder.lanes(0) == window
    assert ladder.lanes(1) == 0
    for index in range(len(ladder.rows)):
        here = [bar for bar in ladder.bars if bar.first <= index <= bar.last]
        assert len({bar.lane for bar in here}) == len(here)
        assert len({bar.gutter for bar in here}) == len(here)


def test_a_bar_goes_from_the_request_to_its_final_response() -> None:
    ladder = layout([windowed(24)])
    for bar in ladder.bars:
        first, last = ladder.rows[bar.first], ladder.rows[bar.last]
        assert isinstance(first, Arrow) and isinstance(last, Arrow)
        assert first.kind is Kind.REQUEST and last.kind is Kind.FINAL
        assert first.bar is last.bar is bar and not bar.open
    assert [bar.category for bar in ladder.bars].count("Failure") == 1


def test_matches_in_a_row_are_one_arrow() -> None:
    ladder = layout([searched(matches=50)])
    pending = [each for each in arrows(ladder) if each.kind is Kind.PENDING]
    assert [each.count for each in pending] == [49, 1, 1]  # one came after the C-CANCEL was sent
    assert pending[0].words[:3] == ("#2 C-FIND-RSP (2)", "× 49", "Pending")


def test_responses_that_were_not_kept_are_counted() -> None:
    talk = searched(matches=50)
    find = talk.exchanges[1]
    del find.responses[10:40]
    find.left_out = 30
    assert sum(each.count for each in arrows(layout([talk])) if each.bar is not None) == sum(
        each.count for each in arrows(layout([searched(matches=50)])) if each.bar is not None
    )


def test_a_request_without_an_answer_stays_open_to_the_end() -> None:
    ladder = layout([searched()])
    (bar,) = (bar for bar in ladder.bars if bar.open)
    assert bar.last == len(ladder.rows) - 1 and bar.title == "#3 C-FIND (3)"


def test_silence_says_whose_turn_it_was() -> None:
    said = bands(layout([searched()]))
    assert said == [
        "2.5 s, nothing was under way",
        "15 s, ORTHANC had 1 request to answer",
        "ORTHANC closed the connection",
    ]


def test_what_a_move_causes_has_a_life_line_of_its_own() -> None:
    ladder = layout(moved())
    assert [line.name for line in ladder.lifelines] == ["ASSOCSH", "ORTHANC", "STORESCP"]
    stores = [each for each in arrows(ladder) if each.parts[0].startswith("C-STORE-RQ")]
    assert [(each.source, each.target) for each in stores] == [(1, 2)] * 3
    assert ladder.lanes(0) == ladder.lanes(1) == 1


def test_who_moves_to_itself_listens_on_a_line_of_its_own() -> None:
    first, second = moved()
    second.called_ae, second.acceptor = "ASSOCSH", Endpoint()
    names = [line.name for line in layout([first, second]).lifelines]
    assert names == ["ASSOCSH", "ORTHANC", "ASSOCSH"]
    assert layout([first, second]).lifelines[2].place == "listening"


def test_an_archive_that_calls_back_is_one_application() -> None:
    """By its AE title and host, where nothing else ties the two associations."""
    first = Told().associate().release().talk
    second = Told(
        2,
        calling="ORTHANC",
        called="COMMIT",
        requestor=Endpoint("127.0.0.1", 50000),
        acceptor=Endpoint("127.0.0.1", 11114),
    ).associate()
    ladder = layout([first, second.talk])
    assert [line.name for line in ladder.lifelines] == ["ASSOCSH", "ORTHANC", "COMMIT"]


def test_one_request_alone() -> None:
    talk = windowed(24)
    ladder = layout([talk], only=lambda exchange: exchange.label == 2)
    assert {bar.title.split()[0] for bar in ladder.bars} == {"#2"}
    assert all(each.kind is not Kind.UPPER for each in arrows(ladder))


def test_pdus_on_demand() -> None:
    talk = windowed(2)
    plain, whole = layout([talk]), layout([talk], pdus=True)
    assert not [each for each in arrows(plain) if each.kind is Kind.PDU]
    pdus = [each for each in arrows(whole) if each.kind is Kind.PDU]
    assert sum(each.count for each in pdus) == sum(unit.type == 4 for unit in talk.units)
    assert ("P-DATA-TF", "× 3", "40,036 B") in [each.words for each in pdus]
    one = layout([talk], pdus=True, only=lambda exchange: exchange.message_id == 1)
    assert 0 < len([each for each in arrows(one) if each.kind is Kind.PDU]) < len(pdus)


def test_what_is_too_much_is_left_out_of_the_middle_and_counted() -> None:
    ladder = layout([windowed(400)], rows=100)
    assert len(ladder.rows) == 100
    assert ladder.left_out and f"… {ladder.left_out:,} more are left out …" in bands(ladder)
    assert arrows(ladder)[0].parts[0] == "A-ASSOCIATE-RQ"
    assert arrows(ladder)[-1].parts[0] == "A-RELEASE-RP"


def test_what_was_not_kept_is_said() -> None:
    talk = windowed(4)
    talk.exchanges_left_out, talk.units_left_out = 3, 7
    said = "\n".join(text.summary(layout([talk], pdus=True)))
    assert "3 requests not kept" in said and "7 PDUs not kept" in said
    assert "not kept" not in "\n".join(text.summary(layout([windowed(4)], pdus=True)))


def test_bytes_that_miss_and_answers_that_match_nothing() -> None:
    told = Told().associate()
    told.talk.gaps.append(Gap(ACCEPTOR, 1460, Spot(ACCEPTOR, 306, 9, told.time)))
    echo = told.after(1).ask()
    stray = told.after(1).answer(echo)
    told.talk.exchanges.clear()
    told.talk.unmatched.append(stray)
    ladder = layout([told.talk])
    assert "1,460 bytes of ORTHANC missing" in bands(ladder)
    assert [each.kind for each in arrows(ladder)][-1] is Kind.LOOSE


def test_live_and_recorded_times_are_the_same() -> None:
    live, recorded = layout([windowed(8, live=True)]), layout([windowed(8)])
    assert live.begun == pytest.approx(recorded.begun)
    assert [row.time for row in live.rows] == pytest.approx(
        [row.time for row in recorded.rows], abs=1e-5
    )


def test_who_aborted() -> None:
    told = Told().associate()
    told.ask()
    ladder = layout([told.after(1).abort(ACCEPTOR).talk])
    last = arrows(ladder)[-1]
    assert (last.source, last.parts[0]) == (1, "A-ABORT")
    assert "unexpected PDU" in " ".join(last.parts)


# drawings


@scenes
@pytest.mark.parametrize("columns", [80, 100, 200])
def test_text_fits_the_terminal(talks: Sequence[Talk], columns: int) -> None:
    lines = text.draw(layout(talks), columns)
    assert all(width(line) <= columns for line in lines)
    assert all(line.isprintable() for line in lines)


def test_text_of_one_exchange() -> None:
    told = Told(window=1).associate()
    echo = told.ask(label=1)
    told.after(0.8).answer(echo)
    assert text.draw(layout([told.after(1).release().talk]), 72) == [
        "ASSOCSH to ORTHANC, 2026-05-28 20:26:40 UTC",
        "",
        "         ASSOCSH                                                 ORTHANC",
        "     127.0.0.1:51234                                      127.0.0.1:4242",
        "   0.0 ms   ├─ A-ASSOCIATE-RQ  4 contexts  window 1/1 ────────────────▶│",
        "   1.5 ms   │◀─────────── A-ASSOCIATE-AC  4 of 4 accepted  window 1/1 ─┤",
        "   2.5 ms ┌ ├─ #1 C-ECHO-RQ (1)  Verification ────────────────────────▶│",
        "   3.3 ms └ │◀╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ #1 C-ECHO-RSP (1)  Success  0x0000 ╌┤",
        "   4.3 ms   ├─ A-RELEASE-RQ ──────────────────────────────────────────▶│",
        "   5.3 ms   │◀────────────────────────────────────────── A-RELEASE-RP ─┤",
        "",
        "1 request; in parentheses the Message ID",
    ]


def test_every_life_line_is_drawn_in_every_row() -> None:
    lines = [line for line in text.draw(layout(moved()), 100) if " ms " in line]
    for line in lines:
        columns = {at for at, sign in enumerate(line) if sign in "│├┤" and at > 12}
        assert len(columns) == 3, line


@scenes
def test_svg_is_well_formed_and_loads_nothing(talks: Sequence[Talk]) -> None:
    drawn = svg.document(layout(talks))
    root = ElementTree.fromstring(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert {each.tag.rpartition("}")[2] for each in root.iter()} <= {
        "svg",
        "title",
        "style",
        "g",
        "rect",
        "line",
        "path",
        "text",
    }
    assert "prefers-color-scheme: dark" in drawn
    assert not re.search(r"href|url\(|@import|javascript", drawn)


def test_svg_keeps_everything_inside() -> None:
    for talks in SCENES.values():
        root = ElementTree.fromstring(svg.document(layout(talks)))
        wide, high = float(root.get("width", 0)), float(root.get("height", 0))
        for each in root.iter():
            for name, most in (("x", wide), ("x1", wide), ("y", high), ("y2", high)):
                if each.get(name) is not None:
                    assert 0 <= float(each.get(name, 0)) <= most, ElementTree.tostring(each)


@scenes
def test_a_page_is_small_and_without_script(talks: Sequence[Talk]) -> None:
    drawn = page.draw(layout(talks))
    assert len(drawn.encode()) < 200_000
    assert "<script" not in drawn and "http:" not in drawn.replace("http://www.w3.org/2000/svg", "")
    assert "default-src 'none'" in drawn


@scenes
def test_mermaid_says_the_same(talks: Sequence[Talk]) -> None:
    ladder = layout(talks)
    lines = mermaid.draw(ladder).splitlines()
    assert lines[1] == "sequenceDiagram"
    said = [
        line for line in lines if re.fullmatch(r" {4}P\d--?>>P\d: [^#;]*(?:#\d+;[^#;]*)*", line)
    ]
    assert len(said) == len(arrows(ladder))
    assert all(
        re.fullmatch(r" {4}(participant P\d as .+|P\d--?>>P\d: .+|Note over P0(,P\d)?: .+)", line)
        for line in lines[2:]
    )


def test_hostile_text_is_shown_and_not_obeyed() -> None:
    told = Told(calling=HOSTILE, called=HOSTILE).associate()
    echo = told.ask("C-MOVE", 1, uid=HOSTILE, MoveDestination=HOSTILE)
    told.answer(echo, 0xA801, ErrorComment=HOSTILE)
    talk = told.abort().talk
    talk.ending.reason = HOSTILE
    ladder = layout([talk])
    for drawn in (svg.document(ladder), page.draw(ladder)):
        assert "<script" not in drawn and "\x1b" not in drawn and "\u202e" not in drawn
        drawn.encode("utf-8")
    ElementTree.fromstring(svg.document(ladder))
    assert all(line.isprintable() for line in text.draw(ladder, 80))
    for line in mermaid.draw(ladder).splitlines():
        assert line.isprintable() and "<" not in line


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=50, deadline=None)
def test_any_text_of_a_peer_can_be_drawn(name: str, comment: str) -> None:
    told = Told(calling=name, called=comment).associate()
    told.answer(told.ask(uid=name), 0xC000, ErrorComment=comment)
    ladder = layout([told.talk])
    ElementTree.fromstring(svg.document(ladder))
    assert all(width(line) <= 80 and is_safe(line) for line in text.draw(ladder, 80))
    assert all(is_safe(line) for line in mermaid.draw(ladder).splitlines())


# words


@pytest.mark.parametrize(
    ("parts", "room", "expected"),
    [
        (["C-ECHO-RQ", "Verification"], 30, "C-ECHO-RQ  Verification"),
        (["C-ECHO-RQ", "a class of a long name", "9 B"], 16, "C-ECHO-RQ  9 B"),
        (["A-ASSOCIATE-RJ", "rejected permanent"], 28, "A-ASSOCIATE-RJ  rejected pe…"),
        (["A-ASSOCIATE-RJ"], 8, "A-ASSOC…"),
    ],
)
def test_words_that_fit(parts: list[str], room: int, expected: str) -> None:
    assert fitted(parts, room) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0.0 ms"),
        (0.0123, "12.3 ms"),
        (1.5, "1.500 s"),
        (599.0, "599.000 s"),
        (900, "15:00 min"),
    ],
)
def test_times(seconds: float, expected: str) -> None:
    assert clock_text(seconds) == expected


# findings


def failing() -> Talk:
    """A query that is refused."""
    talk = searched()
    (exchange, *_) = talk.exchanges
    assert exchange.final is not None
    final = exchange.final
    final.command = CommandSet({**final.command.values, 0x0900: 0xA900})
    return talk


def test_a_finding_stands_below_what_it_is_about() -> None:
    talk = failing()
    found = [each for each in findings(talk) if each.id == "status"]
    ladder = layout([talk], findings=found)
    (at,) = (n for n, row in enumerate(ladder.rows) if isinstance(row, Band) and row.finding)
    above = ladder.rows[at - 1]
    assert isinstance(above, Arrow) and above.status == 0xA900
    assert ladder.findings == [found[0].sentence]
    lines = text.draw(ladder, 80)
    assert any("⚠" in line for line in lines[:-3])
    assert found[0].sentence[-20:] in " ".join(line.strip() for line in lines)
    assert "⚠" in svg.document(ladder) and "⚠" in page.draw(ladder)
    assert "#9888;" in mermaid.draw(ladder)
    assert escape(found[0].sentence) in svg.document(ladder)


def test_one_that_is_about_no_message_stands_at_its_time() -> None:
    talk = Told().reject().talk
    (found,) = findings(talk)
    nowhere = replace(found, messages=(), units=(), time=talk.last)
    ladder = layout([talk], findings=[nowhere])
    last = ladder.rows[-1]
    assert isinstance(last, Band) and last.finding


def test_findings_of_another_association_are_not_drawn() -> None:
    (found,) = findings(Told().reject().talk)
    assert layout([searched()], findings=[replace(found, talk=9)]).findings == []
