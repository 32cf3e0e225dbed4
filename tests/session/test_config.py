"""config.toml: what it may say, and how a wrong one is told about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assocsh.errors import UsageError
from assocsh.session.config import config_path, load_config
from assocsh.session.settings import Settings

WHOLE = """
ae_title = "ME"
window = 8
contexts = "qr,storage"
format = "json"
keepalive = "30s"

[timeouts]
dimse = "90s"
write_stall = "never"

[peers.pacs]
address = "ARCHIVE@10.0.0.7:104"
window = 4
contexts = ["qr", "CTImageStorage"]
extended = ["find:relational", "get:relational"]
role = "CTImageStorage:both"
timeouts = { connect = 5 }

[peers.six]
aet = "SIX"
host = "::1"
port = 11112
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_whole_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, WHOLE))
    assert config.open.ae_title == "ME"
    assert config.open.window == 8
    assert config.open.contexts == "qr,storage"
    assert config.open.timeouts == {"dimse": 90.0, "write_stall": None}
    pacs = config.peers["pacs"]
    assert pacs.address == "ARCHIVE@10.0.0.7:104"
    assert pacs.open.window == 4
    assert pacs.open.contexts == "qr,CTImageStorage"
    assert pacs.open.extended == ("find:relational", "get:relational")
    assert pacs.open.roles == ("CTImageStorage:both",)
    assert pacs.open.common is None
    assert pacs.open.timeouts == {"connect": 5.0}
    assert config.peers["six"].address == "SIX@[::1]:11112"
    settings = Settings()
    config.apply(settings)
    assert settings.format == "json"
    assert settings.seconds("keepalive") == 30.0


def test_no_file_is_an_empty_config(tmp_path: Path) -> None:
    config = load_config(tmp_path / "nothing.toml")
    assert not config.peers
    assert config.path is None


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "window = 2")
    monkeypatch.setenv("ASSOCSH_CONFIG", str(path))
    assert config_path() == path
    assert load_config().open.window == 2
    monkeypatch.setenv("ASSOCSH_CONFIG", str(tmp_path / "missing.toml"))
    with pytest.raises(UsageError, match=r"missing\.toml: no such file"):
        load_config()


def test_without_it_the_file_is_in_the_users_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSOCSH_CONFIG", raising=False)
    assert config_path().parts[-2:] == ("assocsh", "config.toml")


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        ("window = ", 1, "", "Invalid value"),
        ("\n\nx = [1,", 3, "", ""),
        ("\nwindow = 'eight'", 2, "window", "number from 0 to 65535"),
        ("window = true", 1, "window", "number"),
        ("window = 70000", 1, "window", "0 to 65535"),
        ("# a comment\nwindwo = 8", 2, "windwo", "not a key"),
        ("format = 'xml'", 1, "format", "'xml' is no value for format"),
        ("keepalive = 'soon'", 1, "keepalive", "not a duration"),
        ("keepalive = [1]", 1, "keepalive", "should be a text"),
        ("ae_title = 'SEVENTEEN LETTERS'", 1, "ae_title", "no AE title"),
        ("ae_title = 'A\\\\B'", 1, "ae_title", "no AE title"),
        ("contexts = [1]", 1, "contexts", "list of texts"),
        ("extended = []", 1, "extended", "list of texts"),
        ("role = { CTImageStorage = 'both' }", 1, "role", "list of texts"),
        ("max_pdu = -1", 1, "max_pdu", "number from 0"),
        ("timeouts = 5", 1, "timeouts", "table"),
        ("[timeouts]\n\ndimse = 'x'", 3, "timeouts.dimse", "not a duration"),
        ("[timeouts]\nfoo = 1", 2, "timeouts.foo", "not a key"),
        ("peers = 1", 1, "peers", "table"),
        ("\n[peers.a]\nport = 1", 2, "peers.a", "needs aet"),
        ("\n[peers.a]\nwindow = 1", 2, "peers.a", "address or aet"),
        ("[peers.a]\naddress='A@b:1'\naet='A'", 1, "peers.a", "address or aet"),
        ("[peers.b]\naddress='A@b:1'\n[peers.a]\naddress = 'b:1'", 4, "peers.a.address", "AET@"),
        ("[peers.a]\naddress = 'A@b:99999'", 2, "peers.a.address", "AET@HOST:PORT"),
        ("[peers.a]\naddress = 'A@b:1'\nsecret = 'x'", 3, "peers.a.secret", "not a key"),
        ("[peers.a]\naet='A'\nhost='h'\nport='x'", 4, "peers.a.port", "1 to 65535"),
        ("[peers.'a b']\naddress = 'A@b:1'", 1, "peers.a b", "letters"),
        ("peers.a = 5", 1, "peers.a", "table"),
        ("user = 'jane'\nuser_jwt = '@env:T'", 2, "user_jwt", "one user identity"),
        ("password_file = 'pw'", 1, "password_file", "needs user"),
        ("user_jwt = '@env:T'\npassword_file = 'pw'", 2, "password_file", "needs user"),
        ("user_response = true", 1, "user_response", "user identity"),
        ("user = 'jane'\nshow_claims = 'yes'", 2, "show_claims", "true or false"),
        ("user_jwt = 'eyJhbGciOi.eyJzdWIi.abc'", 1, "user_jwt", "looks like the secret"),
        ("called = 'SEVENTEEN LETTERS'", 1, "called", "no AE title"),
        ("allow_cleartext_credentials = 1", 1, "allow_cleartext_credentials", "true or false"),
    ],
)
def test_a_wrong_file_names_line_and_key(
    tmp_path: Path, text: str, line: int, key: str, says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load_config(write(tmp_path, text))
    message = caught.value.message
    assert f"config.toml, line {line}: " in message
    assert key in message
    assert says in message
    assert caught.value.code == 2


def test_a_near_name_is_offered(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_config(write(tmp_path, "windwo = 8"))
    assert caught.value.hint == "did you mean window?"


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"window = 1\nae_title = '\xff'\n")
    with pytest.raises(UsageError, match="line 2: not UTF-8"):
        load_config(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="directory"):
        load_config(tmp_path)


def test_the_file_in_the_readme(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    config = load_config(write(tmp_path, example))
    assert config.peers["pacs"].address == "ARCHIVE@10.0.0.7:104"
    assert config.open.ae_title == "WORKSTATION1"
