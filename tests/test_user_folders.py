"""Our answer is that of platformdirs, whatever the environment says."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from assocsh.user_folders import user_folder


@pytest.mark.parametrize("kind", ["config", "state", "cache"])
@pytest.mark.parametrize("value", [None, "", " ", "/some/place", "relative", "~/x", "/a/../b/"])
@pytest.mark.parametrize("home", [None, "", "/", "/home/other"])
def test_the_same_folder(
    kind: str, value: str | None, home: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, text in ((f"XDG_{kind.upper()}_HOME", value), ("HOME", home)):
        if text is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, text)
    theirs = getattr(platformdirs, f"user_{kind}_dir")("assocsh", appauthor=False)
    assert user_folder(kind) == Path(theirs)
