"""Where a user's programs keep their files. None of the folders need be there.

``platformdirs`` knows it for every system, and takes 6 ms to load: on Linux the answer is the XDG
Base Directory specification, a variable of the environment or a folder of the home.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NAME = "assocsh"
_KINDS = {
    "config": ("XDG_CONFIG_HOME", ".config"),
    "state": ("XDG_STATE_HOME", ".local/state"),
    "cache": ("XDG_CACHE_HOME", ".cache"),
}


def user_folder(kind: str) -> Path:
    """The program's own folder for files of this kind: ``config``, ``state`` or ``cache``.

    Raises RuntimeError or KeyError where the system does not say what the user's home is.
    """
    if sys.platform == "linux" and "ANDROID_DATA" not in os.environ:
        variable, usual = _KINDS[kind]
        if os.environ.get(variable, "").startswith("/"):
            return Path(os.environ[variable], _NAME)
        if os.environ.get("HOME", "").startswith("/"):
            return Path(os.environ["HOME"], usual, _NAME)
    import platformdirs

    return Path(getattr(platformdirs, f"user_{kind}_dir")(_NAME, appauthor=False))
