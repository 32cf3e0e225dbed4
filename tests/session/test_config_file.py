"""What is written into config.toml: the change, and all else as the user wrote it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from assocsh.association import TLSConfig
from assocsh.commands.open_options import OPEN_OPTIONS
from assocsh.errors import UnusableFile, UsageError
from assocsh.session.config import KEPT, Config, load_config
from assocsh.session.config_file import keep_peer, remove_peer
from assocsh.session.practice_options import PRACTICE_NAMES

OWN = """\
# my own peers
window = 8   # wide

# the archive in the cellar
[peers.archive]   # never off
address = "ARCHIVE@10.0.0.7:104"   # since March
tls = true
# bought in 2019

# the old one
[peers.old]
aet = "OLD"
host = "10.0.0.8"
port = 104
timeouts = { dimse = "90s" }

# the end
"""
ADDRESS = "NEW@10.0.0.9:104"


def kept(
    folder: Path,
    name: str,
    address: str | None = None,
    *without: str,
    text: str = OWN,
    **values: Any,
) -> tuple[Config, str]:
    """The file after a change, ``values`` by option, and its text."""
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    config = keep_peer(
        Config(path),
        name,
        address,
        {KEPT[f"--{key.replace('_', '-')}"]: value for key, value in values.items()},
        [KEPT[option] for option in without],
    )
    assert load_config(path) == config, "what is returned is what stands there"
    return config, path.read_text("utf-8")


def test_every_option_of_open_is_kept_but_those_of_the_practice_archive() -> None:
    assert {option.name for option in OPEN_OPTIONS} - {*PRACTICE_NAMES} == KEPT.keys()


def test_a_new_peer_is_added_behind_what_is_there(tmp_path: Path) -> None:
    config, text = kept(tmp_path, "pacs", ADDRESS, window=4, timeout="30s", tls_ca="/ca.pem")
    assert text.startswith(OWN)
    pacs = config.peers["pacs"]
    assert (pacs.address, pacs.open.window) == (ADDRESS, 4)
    assert pacs.open.timeouts == {"dimse": 30.0}
    assert pacs.open.tls is not None and pacs.open.tls.ca == "/ca.pem"


def test_the_first_peer_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    config = keep_peer(Config(path), "pacs", ADDRESS, {})
    assert load_config(path) == config
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_that_is_added_stands_before_the_comments_of_what_follows(tmp_path: Path) -> None:
    config, text = kept(tmp_path, "archive", window=2, tls_pin="ab" * 32)
    lines = text.splitlines()
    assert [line for line in lines if line.startswith("#")] == [
        line for line in OWN.splitlines() if line.startswith("#")
    ]
    assert lines.index("window = 2") < lines.index("# bought in 2019")
    assert 'address = "ARCHIVE@10.0.0.7:104"   # since March' in lines
    tls = config.peers["archive"].open.tls
    assert tls is not None and tls.pin == "ab" * 32


def test_what_is_said_again_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    config, text = kept(tmp_path, "old", ADDRESS, timeout="5s")
    assert config.peers["old"].address == ADDRESS
    assert config.peers["old"].open.timeouts == {"dimse": 5.0}
    assert 'aet = "NEW"' in text, "the three keys stay three"
    assert text.count("dimse") == 1


@pytest.mark.parametrize(("name", "option"), [("archive", "--tls"), ("old", "--timeout")])
def test_what_is_kept_no_more_is_gone(name: str, option: str, tmp_path: Path) -> None:
    config, text = kept(tmp_path, name, None, option)
    assert KEPT[option][0] not in text
    assert config.peers[name].open == load_config(tmp_path / "none").open


@pytest.mark.parametrize("options", [{"tls_ca": "/ca.pem"}, {"tls_pin": "ab" * 32}])
def test_tls_stays_when_what_was_said_of_it_goes(options: dict[str, str], tmp_path: Path) -> None:
    kept(tmp_path, "old", **options)
    without = [f"--{name.replace('_', '-')}" for name in options]
    text = (tmp_path / "config.toml").read_text("utf-8")
    config, _ = kept(tmp_path, "old", None, *without, text=text)
    assert config.peers["old"].open.tls == TLSConfig()


@pytest.mark.parametrize("name", ["archive", "old"])
def test_a_peer_is_taken_out_and_no_comment_of_another_with_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(OWN, "utf-8")
    config = remove_peer(Config(path), name)
    assert list(config.peers) == [one for one in ("archive", "old") if one != name]
    text = path.read_text("utf-8")
    for comment in ("# my own peers", "# wide", "# the old one", "# bought in 2019", "# the end"):
        assert comment in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    "text",
    [
        '[peers]\na.address = "A@h:1"\na.window = 3\nb.address = "B@h:2"\n',
        'peers = { a = { address = "A@h:1" }, b = { address = "B@h:2" } }\n',
        '[peers.b]\naddress = "B@h:2"\n[peers.a]\naddress = "A@h:1"\n'
        "[peers.a.timeouts]\ndimse = 3\n",
        '[peers.a]\naddress = "A@h:1"\n[timeouts]\ndimse = 3\n[peers.b]\naddress = "B@h:2"\n',
        '["peers"."a"]\naddress = "A@h:1"\n[peers.b]\ncontexts = [\n  "qr", # [peers.a]\n]\n'
        'address = "B@h:2"\n',
    ],
)
def test_however_the_file_is_written_the_others_stay_as_they_are(text: str, tmp_path: Path) -> None:
    """Changed as asked, or refused with the file as it was: never anything else."""
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    before = load_config(path)
    try:
        config = keep_peer(Config(path), "a", "C@h:3", {("window",): 9})
    except UsageError as error:
        assert "editor" in error.hint
        assert path.read_text("utf-8") == text
    else:
        assert config.peers["a"].address == "C@h:3" and config.peers["a"].open.window == 9
        assert config.peers["b"] == before.peers["b"]
    config = remove_peer(Config(path), "a")
    assert config.peers == {"b": before.peers["b"]}
    assert config.open == before.open


def test_what_the_file_cannot_say_is_not_written(tmp_path: Path) -> None:
    for change in (
        {"window": 70000},
        {"timeout": "soon"},
        {"user_jwt": "eyJhbGciOiJI.eyJzdWIi.abc"},
    ):
        with pytest.raises(UsageError):
            kept(tmp_path, "archive", **change)
        assert (tmp_path / "config.toml").read_text("utf-8") == OWN
    with pytest.raises(UsageError, match="letters, digits"):
        kept(tmp_path, "a b", ADDRESS)
    with pytest.raises(UsageError, match="not a key"):
        kept(tmp_path, "pacs", ADDRESS, text="windwo = 8\n")


def test_mode_and_link_stay_and_nothing_is_left_beside(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    real.write_text(OWN, "utf-8")
    real.chmod(0o640)
    link.symlink_to(real)
    keep_peer(Config(link), "pacs", ADDRESS, {})
    assert link.is_symlink() and "pacs" in real.read_text("utf-8")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["config.toml", "dotfiles.toml"]


def test_what_is_no_file_is_not_replaced() -> None:
    with pytest.raises(UnusableFile, match="not a regular file"):
        keep_peer(Config(Path(os.devnull)), "pacs", ADDRESS, {})
    assert not Path(os.devnull).is_file()
