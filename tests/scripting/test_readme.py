"""The session in the README: it runs as written, and fails as shown."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_session_of_the_readme_fails_as_shown(tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text("utf-8").partition("## Session scripts")[2]
    script, shown = re.findall(r"```\n(.*?)```\n", section, re.DOTALL)[:2]
    (tmp_path / "night.assoc").write_text(script, "utf-8")
    command = [sys.executable, "-m", "assocsh", "run", "night.assoc", "practice"]
    done = subprocess.run(
        [*command, "--set", "patient=PRC-1001"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 1

    def without_times(text: str) -> str:
        return re.sub(r"[\d.]+ ms", "N ms", text)

    assert without_times(done.stderr) == without_times(shown)
    right = script.replace("count == 3", "count == 2")
    (tmp_path / "night.assoc").write_text(right, "utf-8")
    done = subprocess.run(
        [*command, "--set", "patient=PRC-1001"], cwd=tmp_path, timeout=50, check=False
    )
    assert done.returncode == 0
    assert list((tmp_path / "back").glob("*.dcm"))
