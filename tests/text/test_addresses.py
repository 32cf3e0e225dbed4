"""What an AE title and a peer's address are: the same wherever they are written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assocsh import connect
from assocsh.errors import UsageError
from assocsh.language.parse import parse
from assocsh.session import config
from assocsh.text.addresses import ADDRESS_IN_TEXT, Peer, check_ae_title, is_address

GOOD_TITLES = ["A", "  A B  ", "SIXTEEN LETTERS!", "  SIXTEEN LETTERS!  ", "a'\"{}~"]
BAD_TITLES = ["", " ", " " * 16, "SEVENTEEN LETTERS", "A\\B", "A\tB", "Ä", "A\x7f", "A\n"]

ADDRESSES = {
    "A@b:1": Peer("A", "b", 1),
    "ORTHANC@127.0.0.1:4242": Peer("ORTHANC", "127.0.0.1", 4242),
    "A@[::1]:104": Peer("A", "::1", 104),
    "A@[fe80::1%eth0]:65535": Peer("A", "fe80::1%eth0", 65535),
    " MY PACS @pacs.example:00104": Peer("MY PACS", "pacs.example", 104),
}
BAD_ADDRESSES = [
    "A@b",
    "A@:1",
    "@b:1",
    " @b:1",
    "b:1",
    "A@b:0",
    "A@b:65536",
    "A@b:" + "9" * 5000,
    "A@b:1x",
    "A@b c:1",
    "A@::1:104",
    "A@[]:104",
    "A@B@c:1",
    "A\\@b:1",
    "SEVENTEEN LETTERS@b:1",
    "A@b:１",
]


@pytest.mark.parametrize("title", GOOD_TITLES)
def test_ae_titles(title: str) -> None:
    """Blanks before and behind count for nothing (PS3.5 6.2)."""
    assert check_ae_title(title) == title.strip()


@pytest.mark.parametrize("title", BAD_TITLES, ids=repr)
def test_what_is_no_ae_title(title: str) -> None:
    with pytest.raises(UsageError, match="not an AE title") as refused:
        check_ae_title(title)
    assert refused.value.hint


@pytest.mark.parametrize(("text", "peer"), ADDRESSES.items(), ids=repr)
def test_addresses(text: str, peer: Peer) -> None:
    assert Peer.parse(text) == peer
    assert Peer.parse(str(peer)) == peer
    assert is_address(text)


@pytest.mark.parametrize("text", BAD_ADDRESSES, ids=lambda text: repr(text[:20]))
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        Peer.parse(text)
    assert refused.value.hint


def _quoted(text: str) -> str:
    """One word of the language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _typed(text: str) -> None:
    parse(f"open {_quoted(text)}")


def _configured(text: str, folder: Path) -> str:
    path = folder / "config.toml"
    path.write_text(f"[peers.a]\naddress = {_toml(text)}\n")
    return config.load_config(path).peers["a"].address


@pytest.mark.parametrize("text", [*ADDRESSES, *BAD_ADDRESSES], ids=lambda text: repr(text[:20]))
def test_everyone_takes_the_same_addresses(text: str, tmp_path: Path) -> None:
    """The API, what is typed and the config file: one rule, about blanks too."""
    if text in ADDRESSES:
        connect(text)
        _typed(text)
        assert _configured(text, tmp_path) == str(ADDRESSES[text])
        return
    for take in (connect, _typed, lambda one: _configured(one, tmp_path)):
        with pytest.raises(UsageError):
            take(text)


@pytest.mark.parametrize("title", [*GOOD_TITLES, *BAD_TITLES], ids=repr)
def test_everyone_takes_the_same_ae_titles(title: str, tmp_path: Path) -> None:
    good = title in GOOD_TITLES
    path = tmp_path / "config.toml"
    path.write_text(f"ae_title = {_toml(title)}\n")
    for take in (
        lambda: connect("A@b:1", calling_ae=title),
        lambda: connect("A@b:1", called_ae=title),
        lambda: parse(
            'open A@b:1 --as "{}"'.format(title.replace("\\", "\\\\").replace('"', '\\"'))
        ),
        lambda: config.load_config(path),
    ):
        if good:
            take()
        else:
            with pytest.raises(UsageError):
                take()


def _toml(text: str) -> str:
    """A TOML basic string."""
    escaped = "".join(
        f"\\u{ord(one):04x}" if one in '\\"' or ord(one) < 32 or ord(one) == 127 else one
        for one in text
    )
    return f'"{escaped}"'


@pytest.mark.parametrize("text", [one for one in ADDRESSES if " @" not in one])
def test_an_address_in_a_text_is_found(text: str) -> None:
    found = re.search(ADDRESS_IN_TEXT, f"open {text.strip()} --window 8")
    assert found is not None
    assert found[0].endswith(text.partition("@")[2])
    assert not re.search(ADDRESS_IN_TEXT, "echo; A@b; c:1")
