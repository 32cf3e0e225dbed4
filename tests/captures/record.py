"""Records the captures of ``recorded/``: ``python -m tests.captures.record [NAME...]``.

Without names all of them, which takes some minutes, and root for dumpcap and the tunnel. Not run
by the tests: they read its files.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.captures.sessions.catalogue import SESSIONS
from tests.captures.sessions.stage import Stage, path_of


def main() -> None:
    """Record what is named, or everything."""
    for name in sys.argv[1:] or SESSIONS:
        with tempfile.TemporaryDirectory() as folder:
            SESSIONS[name].make(Stage(name, Path(folder)))
        print(f"{name}: {path_of(name).stat().st_size:,} bytes", flush=True)


if __name__ == "__main__":
    main()
