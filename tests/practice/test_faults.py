"""Each fault is what it says: DCMTK's programs see it, and our own shell names its cause.

What no program of DCMTK can see is seen by another one that is not ours, and it is said why.
"""

from __future__ import annotations

import asyncio
import re
import sys
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest

from assocsh.commands.registry import new_session
from assocsh.errors import UsageError
from assocsh.output.sink import MemoryOutput
from assocsh.practice import PracticeSettings, generator, start
from assocsh.practice.examples import make
from assocsh.practice.faults import Fault, known_faults, parse_fault
from tests.peers.programs import HERE, need
from tests.practice.many import add_many

STUDY = str(next(iter(generator.instances())).header().StudyInstanceUID)
IMAGES = sum(str(one.header().StudyInstanceUID) == STUDY for one in generator.instances())

ECHO = ("echoscu",)
FIND = ("findscu", "-S", "-k", "0008,0052=STUDY", "-k", "0010,0010", "-k", "0008,0005")
STORE = ("storescu",)
GET = ("getscu", "-S", "-k", "0008,0052=STUDY", "-k", f"0020,000d={STUDY}")
WINDOW, COMMIT = ("pynetdicom", "window"), ("pynetdicom", "commit")

NOT_BY_DCMTK = {
    "never-report": "DCMTK has no program that asks for storage commitment",
    "no-window": "DCMTK's programs propose no window, so that no answer to it is missed",
    "reorder": "DCMTK's programs send one request at a time",
}
"""The faults that are seen by pynetdicom, and why."""

NO_ROLE = r"Proposed SCP/SCU Role: SCP\n.*Accepted SCP/SCU Role: Default"
NOBODY = r"(?s)BEGIN A-ASSOCIATE-AC.*Their Implementation Class UID: +\n"
ONE_MORE = f"Number of Completed Suboperations : {IMAGES + 1}"
NO_DATA, CLOSED = r"No data available \(timeout", "(Release|Echo) Failed|DUL network closed"


class Seen(NamedTuple):
    """How a fault is seen: what another program says of it, what our shell says, and when."""

    theirs: tuple[tuple[str, ...], str]
    says: str
    """Both are regular expressions."""
    lines: tuple[str, ...] = ("echo",)
    fault: str = ""
    """What is armed where it is not the name alone."""
    opening: str = ""
    many: bool = False
    """The archive has so many studies that a query is not over at once."""


QUERY = ("find study PatientName",)
KEPT = ("store examples/ct.dcm",)
FETCH = ("find study", "get study --of 1 --to got")

SEEN = {
    "abort-after": Seen((ECHO, CLOSED), "aborted the association: aborted by the application"),
    "abort-with-data": Seen((ECHO, "Failed"), "an A-ABORT of length 10; it is always 4"),
    "accept-then-abort": Seen((ECHO, "Aborting|Failed"), "aborted by the service provider"),
    "bad-charset": Seen((FIND, "ISO_IR 999"), "which is no character set of DICOM", QUERY),
    "break-off": Seen(
        (ECHO, CLOSED), "aborted by the service provider", fault="break-off=provider-abort"
    ),
    "close-after": Seen((ECHO, CLOSED), "closed the connection", ("echo", "echo")),
    "close-in": Seen((ECHO, CLOSED), "closed the connection", ("echo", "echo"), "close-in=0s"),
    "cut-data-set": Seen((FIND, "Failed"), "a match cannot be decoded", QUERY),
    "delay": Seen((ECHO, NO_DATA), "no response", fault="delay=4s"),
    "drop-at-byte": Seen((STORE, "DUL network closed"), r"in the middle of a PDU \(300 bytes"),
    "duplicate-response": Seen((ECHO, "P-Data PDU arrived"), "C-ECHO-RSP that matches nothing"),
    "exceed-pdu": Seen((ECHO, "Illegal PDU Length"), "announced that it takes at most"),
    "extra-element": Seen((ECHO, r"\(0000,5010\)"), r"put \(0000,5010\) into the command set"),
    "garbage": Seen((ECHO, "Unrecognized PDU type: 48"), "it looks like HTTP"),
    "half-close": Seen((ECHO, CLOSED), "closed the connection", ("echo", "echo")),
    "hostile-comment": Seen((ECHO, "ErrorComment"), "sent an Error Comment that is 97"),
    "ignore-cancel": Seen(
        ((*FIND, "--cancel", "1"), "Success: Matching is complete"),
        "went on after the C-CANCEL",
        ("find study & cancel #1; wait",),
        many=True,
    ),
    "implementation": Seen(
        (ECHO, r"Their Implementation Class UID: +1\.2\.3\.4\n"),
        r"implementation class UID: 1\.2\.3\.4\n",
        ("release", "wire detail", "reopen"),
    ),
    "interleave": Seen((FIND, "Failed"), "in the middle of the data set", QUERY),
    "max-pdu": Seen((ECHO, "Their Max PDU Receive Size:  128"), "max PDU 128"),
    "missing-element": Seen((ECHO, "MessageIDBeingRespondedTo"), "does not say which request"),
    "missing-status": Seen((ECHO, r"\(0000,0900\) Status"), r"without Status \(0000,0900\)"),
    "never-answer": Seen((ECHO, NO_DATA), "got no answer from the peer"),
    "never-end": Seen((FIND, "timeout in non-blocking"), "got no final response", QUERY),
    "never-release": Seen(
        (ECHO, "Release Failed"), "did not answer A-RELEASE-RQ", ("release",)
    ),
    "never-report": Seen(
        (COMMIT, r"^asked 0x0000\n$"),
        "no report on 1 instance came",
        (*KEPT, "commit examples/ct.dcm --wait 200ms"),
    ),
    "no-contexts": Seen((ECHO, "No Acceptable Presentation"), "was not answered: read as refused"),
    "no-last-fragment": Seen((ECHO, NO_DATA), "the peer began a message and did not end it"),
    "no-role": Seen((GET, NO_ROLE), "could bring nothing", FETCH),
    "no-user-information": Seen((ECHO, NOBODY), "has no user information"),
    "no-window": Seen((WINDOW, "window none"), "window 1/1", opening=" --window 4"),
    "odd-length": Seen((FIND, "Odd Fragment Length"), "with the odd length 3", QUERY),
    "pending-without-data": Seen((FIND, "Failed"), "Pending without an identifier", QUERY),
    "provider-abort": Seen((ECHO, CLOSED), "aborted by the service provider: unexpected PDU"),
    "refuse-context": Seen((ECHO, "No Acceptable"), "abstract syntax not supported"),
    "refuse-syntax": Seen((ECHO, "No Acceptable"), "transfer syntaxes not supported"),
    "reject": Seen((ECHO, "Rejected Permanent, Source: Service User"), "rejected for good"),
    "release-first": Seen((ECHO, "Peer requested release"), "an unexpected P-DATA-TF PDU"),
    "reorder": Seen(
        (WINDOW, "answers 2\nanswers 1"),
        r"to message 2 .*\n.*to message 1 ",
        ("wire summary", "echo --repeat 2"),
        opening=" --window 4",
    ),
    "reset-after": Seen((ECHO, CLOSED), "reset the connection", ("echo", "echo")),
    "silent": Seen((ECHO, "network read timeout"), "did not answer the A-ASSOCIATE-RQ"),
    "slow-read": Seen((STORE, NO_DATA), "got no answer", KEPT, "slow-read=10000"),
    "slow-send": Seen(
        (ECHO, "network read timeout"), "did not answer the A-ASSOCIATE-RQ", fault="slow-send=1"
    ),
    "status": Seen((STORE, "0xa700: Refused: Out of resources"), "0xA700"),
    "stop-reading": Seen((ECHO, "read timeout"), "got no answer", ("echo", "echo")),
    "unasked-response": Seen((ECHO, "MsgId: 4711"), "request with Message ID 4711"),
    "unknown-message-id": Seen((ECHO, "MsgId: 30001"), "it answers request 30001"),
    "unknown-pdu": Seen((ECHO, "Unrecognized PDU type:  a"), "no PDU has the type 0x0A"),
    "unproposed-context": Seen((ECHO, "21 00 00 19 ff 00 00 00"), "which was not proposed"),
    "unproposed-syntax": Seen((ECHO, "1.2.840.10008.1.2.7.1"), "'1.2.840.10008.1.2.7.1'"),
    "wrong-command": Seen((ECHO, "Command Field: 0x8020"), "answers request 1, which is a C-ECHO"),
    "wrong-context": Seen((ECHO, "Bad presentation context ID"), "255, which was not accepted"),
    "wrong-counts": Seen((GET, ONE_MORE), "says that C-GET", FETCH),
    "wrong-instance": Seen((STORE, "1.2.3.4.5.6.7.8.9"), "for another instance", KEPT),
    "wrong-length": Seen((ECHO, "PDV lengths don't add up"), "runs beyond the end of its PDU"),
    "wrong-pdv-length": Seen((ECHO, "lengths don't add up"), "runs beyond the end of its PDU"),
    "wrong-role": Seen(
        (GET, r"Proposed SCP/SCU Role: SCP\n.*Accepted SCP/SCU Role: SCU\n"),
        r"CT Image Storage +accepted .* SCU ",
        ("contexts",),
        "wrong-role=1/0",
    ),
    "wrong-sop-class": Seen((FIND, ": VerificationSOPClass"), "for another SOP class"),
    "wrong-syntax": Seen((FIND, "larger"), "is not Explicit VR Little Endian", QUERY),
    "wrong-window": Seen(
        (ECHO, "53 00 00 04 00 40 00 40"), "a window was granted that was not proposed"
    ),
}  # fmt: skip


def test_each_fault_is_seen_here_and_says_what_it_is() -> None:
    known = known_faults()
    assert set(SEEN) == set(known) and len(known) >= 50
    others = {name for name, seen in SEEN.items() if not seen.theirs[0][0].endswith("scu")}
    assert others == set(NOT_BY_DCMTK)
    assert all(seen.theirs[1] and seen.says for seen in SEEN.values()), "somebody sees it"
    for fault in known.values():
        assert fault.summary[0].islower() and fault.summary[-1] != "." and len(fault.summary) < 100
        assert fault.section.startswith("PS3.")
        acting = [name for name in vars(Fault) if name in vars(fault)]
        assert acting or fault.__base__ is not Fault, "it does something"
        parse_fault(fault.name)


async def asked(port: int, client: tuple[str, ...], folder: Path) -> str:
    """What another program says, DCMTK's with the bytes of the A-ASSOCIATE-AC in one line."""
    name, *more = client
    if name == "pynetdicom":
        argv = [sys.executable, str(HERE / "pynetdicom_asking.py"), str(port), *more]
    else:
        files = [str(folder / "examples" / "ct.dcm")] if name == "storescu" else []
        waits = ["-to", "1", "-ta", "1", "-td", "1"]
        address = ["127.0.0.1", str(port)]
        argv = [need(name), "-d", *waits, "-aec", "PRACTICE", *more, *address, *files]
    program = await asyncio.create_subprocess_exec(
        *argv, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await asyncio.wait_for(program.communicate(), 20)
    said = out.decode("utf-8", "replace")
    return said + " ".join(re.findall(r"(?<=  )[0-9a-f]{2}\b", said))


async def typed(folder: Path, address: str, seen: Seen) -> str:
    output = MemoryOutput()
    session = new_session(output)
    session.base = folder
    try:
        for each in ("timeout", "acse-timeout", "release-timeout"):
            await session.run(f"set {each} 1s")
        await session.run("set on-error continue")
        if await session.run(f"open {address}{seen.opening}") == 0:
            for line in seen.lines:
                await session.run(line)
            await session.run("explain")
    finally:
        await session.close()
    return output.text + output.said


@pytest.mark.peer("echoscu", "findscu", "storescu", "getscu")
@pytest.mark.parametrize("name", SEEN)
async def test_it_is_what_it_says(name: str, tmp_path: Path) -> None:
    seen = SEEN[name]
    make(tmp_path / "examples")
    async with await start(settings=PracticeSettings(faults=(seen.fault or name,))) as archive:
        if seen.many:
            add_many(archive.archive.contents.index)
        client, words = seen.theirs
        theirs, ours = await asyncio.gather(
            asked(archive.listener.port, client, tmp_path),
            typed(tmp_path, str(archive.peer), seen),
        )
    assert re.search(seen.says, ours), ours
    assert re.search(words, theirs), theirs


@pytest.mark.peer("echoscu", "findscu", "storescu", "getscu")
async def test_none_of_it_is_seen_where_nothing_is_wrong(tmp_path: Path) -> None:
    """What tells of a fault is never said of an archive that makes no mistake."""
    make(tmp_path / "examples")
    found = []
    for many in (False, True):
        tried = [seen for seen in SEEN.values() if seen.many == many]
        async with await start() as archive:
            if many:
                add_many(archive.archive.contents.index)
            for client, same in groupby(sorted(tried), lambda seen: seen.theirs[0]):
                said = await asked(archive.listener.port, client, tmp_path)
                found += [seen for seen in same if re.search(seen.theirs[1], said)]
            for _, again in groupby(sorted(tried, key=situation), situation):
                first, *others = again
                said = await typed(tmp_path, str(archive.peer), first)
                found += [seen for seen in (first, *others) if re.search(seen.says, said)]
    assert found == []


def situation(seen: Seen) -> tuple[str, ...]:
    return (seen.opening, *seen.lines)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("stats", "there is no fault 'stats'", "did you mean status?"),
        ("\x1b[2J", "there is no fault", "`help faults` lists them"),
        ("status=xyz", "the value of the fault status, xyz", "0xA700 for example"),
        ("status=70000", "is not from 0 to 65535", "0xA700 for example"),
        ("silent=1", "the fault silent takes no value", "silent alone"),
        ("reject@find", "it is about an association, not about a find", "@2 for the second"),
        ("status@", "is no time", "services: store"),
        ("status@0", "is no time", "services: store"),
        ("status@finds:2", "is no time", "services: store"),
        ("break-off=soon", "one of abort, provider-abort, close, reset", "break-off[=HOW]"),
        ("missing-element=PatientName", "no element of a command set", "MessageIDBeing"),
    ],
)
def test_what_cannot_be_armed_is_said(text: str, what: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_fault(text)
    assert what in raised.value.message and hint in raised.value.hint
    assert "\x1b" not in raised.value.message


@pytest.mark.parametrize(
    ("when", "acts"),
    [
        ("", "1111"),
        ("@2", "0100"),
        ("@2+", "0111"),
        ("@echo", "1111"),
        ("@echo:3", "0010"),
        ("@echo:3+", "0011"),
        ("@find", "0000"),
    ],
)
async def test_when_it_acts(when: str, acts: str, tmp_path: Path) -> None:
    """Counted over associations: the third echo is the third one, whoever asks."""
    output = MemoryOutput()
    settings = PracticeSettings(faults=(f"status=0x0110{when}",))
    async with await start(settings=settings) as archive:
        for _ in range(2):
            session = new_session(output)
            await session.run(f"open {archive.peer}")
            await session.run("echo")
            await session.run("echo")
            await session.close()
    said = output.text + output.said
    statuses = [line.split()[3] for line in said.splitlines() if " C-ECHO 0x" in line]
    assert statuses == [("0x0000", "0x0110")[act == "1"] for act in acts]


async def test_they_are_changed_while_the_archive_runs(tmp_path: Path) -> None:
    output = MemoryOutput()
    session = new_session(output)
    try:
        assert await session.run("faults") == 5
        assert "no practice archive runs here" in output.said
        for line, code in (
            ("open practice --fault status=0xA700", 0),
            ("faults", 0),
            ("echo", 1),
            ("faults off; reopen; echo", 0),
            ("faults", 0),
            ("faults refuse-context=Verification reset-after@2; reopen", 0),
            ("echo", 5),
        ):
            output.notes.clear()
            assert await session.run(line) == code, (line, output.said)
        assert "the practice archive does nothing wrong" not in output.said
    finally:
        await session.close()
