"""What a probe advises: each line of it is typed as it is printed, in the situation it is for."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from assocsh.probe.advice import GIVEN
from assocsh.probe.screen import TO_TYPE
from tests.peers.ours import Serve
from tests.probe.support import run
from tests.program.certificates import Authority, Certificate


@dataclass(frozen=True)
class Case:
    """A practice archive with ``options``, and what is asked there by whom."""

    advice: str
    """The name of the function that gives it, without its underscore."""
    sections: str
    options: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    proof: str = ""
    """What works behind the line that is printed, and did not without it."""
    lines: int = 1


ASKED = ("acse", "win", "role", "find", "ctx")
"""The sections that a session script is made of."""

CASES = {
    "get": Case("get", "role", proof="find study; get study --of 1 --to got"),
    "no get": Case("no_get", "role", ("--fault", "no-role"), proof="echo"),
    "title": Case("title", "acse", ("--trait", "only-caller=OTHER"), lines=0),
    "title of others": Case("title", "acse", ("--trait", "only-caller=ASSOCSH"), lines=0),
    "not to ask": Case("not_to_ask", "find", ("--fault", "abort-after=0@3"), lines=0),
    "compression": Case(
        "compression",
        "ctx",
        proof="expect assoc.contexts[CTImageStorage].transfer_syntax == JPEGLSLossless",
    ),
    "window": Case("window", "win", proof="expect assoc.window.invoked == 8; echo --repeat 8"),
    "charset": Case("charset", "set", ("--trait", "no-charset")),
    "relational": Case("relational", "ext", proof="find series Modality=CT"),
}


def _advised(text: str) -> tuple[list[str], list[str]]:
    """The sentences and the lines to type of a report."""
    rest = text.partition("What to do with it\n")[2].splitlines()
    lines = [each.removeprefix(TO_TYPE) for each in rest if each.startswith(TO_TYPE)]
    return [each for each in rest if not each.startswith(TO_TYPE)], lines


@pytest.mark.parametrize("name", CASES)
def test_a_line_is_typed_as_it_is_printed(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    with Serve(tmp_path, *case.options) as peer:
        done = run(tmp_path, "probe", peer.address, *case.sections.split(), *case.words)
        said, lines = _advised(done.stdout)
        assert said, done.stdout
        assert len(lines) >= case.lines
        for line in lines:
            typed = run(tmp_path, "-c", line, *(("-c", case.proof) if case.proof else ()))
            assert typed.returncode == 0, (line, typed.stderr)


def test_each_advice_has_its_case() -> None:
    assert {case.advice for case in CASES.values()} == {each.__name__[1:] for each in GIVEN}


@pytest.mark.parametrize("way", ["as a program", "in a session"])
def test_it_opens_what_was_probed_as_it_was_probed(
    way: str, tmp_path: Path, authority: Authority, good: Certificate
) -> None:
    """A title with a blank, TLS, another calling AE title, who asks: the line has all of it."""
    shown = ("--tls-cert", str(good.path), "--tls-key", str(good.key))
    asks = ("--trait", "only-caller=MY MODALITY", "--trait", "check-called", "--require-user")
    trusted = shutil.copy(authority.certificate.path, tmp_path / "our ca.pem")
    (tmp_path / "passcode").write_text("practice\n")
    with Serve(tmp_path, *shown, *asks, "--as", "MY PACS") as peer:
        address = peer.address.replace("PRACTICE", "MY PACS")
        opening = ("--as", "MY MODALITY", "--tls-ca", Path(trusted).name)
        opening += ("--user", "demo", "--password-file", "passcode")
        if way == "as a program":
            files = ("--assoc", "found.assoc")
            done = run(tmp_path, "probe", address, *ASKED, *opening, *files)
        else:
            done = run(tmp_path, address, *opening, "-c", f"probe {' '.join(ASKED)}")
        _, lines = _advised(done.stdout)
        assert len(lines) >= 2, done.stdout + done.stderr
        for line in lines:
            before = (address, *opening) if line.startswith("reopen") else ()
            typed = run(tmp_path, *before, "-c", line, "-c", "expect assoc.state == open")
            assert typed.returncode == 0, (line, typed.stderr)
        if way == "as a program":
            ran = run(tmp_path, "run", "found.assoc")
            assert ran.returncode == 0, ran.stdout + ran.stderr
