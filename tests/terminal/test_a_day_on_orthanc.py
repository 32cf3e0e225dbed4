"""What a shell that stays open all day offers, one thing after another, as typed on Orthanc."""

from __future__ import annotations

import re
from pathlib import Path

from tests.peers.dicom_files import InstanceFile
from tests.peers.orthanc import Orthanc
from tests.terminal.pty_terminal import PtyTerminal, python


def test_a_day(orthanc: Orthanc, instances: tuple[InstanceFile, ...], tmp_path: Path) -> None:
    env = {
        "ASSOCSH_CONFIG": str(tmp_path / "config.toml"),
        "ASSOCSH_HISTORY": str(tmp_path / "history.jsonl"),
        "XDG_STATE_HOME": str(tmp_path),
        "LESS": "",
    }
    (tmp_path / "config.toml").write_text("# mine\n", "utf-8")
    folder = tmp_path / "files"
    folder.mkdir()
    for number, each in enumerate(instances * 4):
        (folder / f"{number}.dcm").write_bytes(each.path.read_bytes())
    many = len(instances) * 4
    shell = PtyTerminal(
        python("-m", "assocsh"), columns=100, rows=30, env=env, cwd=tmp_path, timeout=30
    )

    def typed(line: str, *wanted: str) -> None:
        shell.enter(line)
        for text in wanted:
            shell.wait_for(lambda t, text=text: re.search(text, t.everything))

    with shell:
        shell.wait_for("assocsh>")
        # a peer of the user's, each step of reaching it with its time
        typed(f"peers add pacs {orthanc.address}", "pacs is ORTHANC")
        typed("peers test pacs", r"TCP .*ms", r"association .*ms", r"echo .*ms")
        typed("open pacs", "contexts accepted")
        # how far it is, and what it came to: counts, bytes, a rate, percentiles
        typed(f"store {folder}", rf"{many} of {many} stored .*MB/s")
        assert re.search(r"min .*median .*p95 .*max", shell.everything.replace("\n", " "))
        typed("requests", r"#?1 .*store")
        # days in words, rows of any result, what is redirected and what is piped
        typed("find study StudyDate=-9999d- PatientName --sort PatientName", "#2 C-FIND 0x0000")
        typed("find series --of #2.1", r"#3 .*C-FIND 0x0000 Success")
        typed("show #2.1", "0020,000D|0020,000d")
        typed("find study PatientName > names.csv", "#4 C-FIND 0x0000")
        assert (tmp_path / "names.csv").read_text().startswith("PatientName")
        typed("find study PatientName | wc -l", "#5 C-FIND 0x0000", r"(?m)^\s*[0-9]+$")
        # a line that goes on, a name of the user's own, what was typed
        typed("echo \\")
        typed("--repeat 2", "#6 C-ECHO 2 of 2 Success")
        typed("alias ct = find study ModalitiesInStudy=CT PatientName", "ct stands for")
        typed("ct", r"#7 C-FIND 0x0000 Success")
        typed("history --peer ORTHANC", r"(?m)^ *[0-9]+ +ct +0x0000 Success")
        # the pager, another look, the end
        typed("set pager on; contexts")
        shell.wait_for(lambda t: t.lines[-1].endswith((":", "(END)")))
        shell.send("q")
        shell.wait_for("assocsh>")
        typed("set pager off; set theme plain; echo", r"#8 C-ECHO 0x0000 Success")
        typed("release", "association released")
    assert (tmp_path / "config.toml").read_text("utf-8").startswith("# mine\n")
