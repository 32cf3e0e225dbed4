"""The situation in which the program says each text that names a command.

``SITUATIONS`` has one for each text of ``texts.texts()``, by its module and by what it says there:
a text without a situation fails a test, a situation without its text fails another.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from assocsh.output.rows import BLOCK
from assocsh.practice import PracticeSettings, start
from tests.peers import scripted as wire
from tests.peers.dcmtk import Storescp
from tests.peers.ours import Serve
from tests.peers.scripted import Script, ScriptedPeer, Wire
from tests.session.peer import Peer, match, peer

Peers = Callable[[Path], AbstractAsyncContextManager[tuple[str, ...]]]
"""Starts peers, in a folder of theirs; gives their addresses."""


@dataclass(frozen=True)
class Situation:
    """How a text comes to be said, and what else is needed to type what it says.

    Who is at the prompt types ``before``, each line to its end; then ``line``, in which the text
    is said. In lines ``PEER`` and ``OTHER`` are the addresses of ``peers``.
    """

    line: str
    before: tuple[str, ...] = ()
    peers: Peers | None = None
    until_ended: bool = False
    """What is said is said when the association has ended, after the line."""
    width: int | None = None
    """Columns of the terminal; None where there is none."""
    going_on: bool = False
    """The last line before goes on while the next one is typed."""
    stands_for: dict[str, str] = field(default_factory=dict)
    """What a user puts in for a word in capitals, or for an example's number."""


def after(*lines: str, **more: object) -> Situation:
    """What is said at the last of these lines."""
    return Situation(lines[-1], lines[:-1], **more)  # type: ignore[arg-type]


# -- peers -------------------------------------------------------------------------------------


def scripts(*of_connections: Script) -> Peers:
    """A peer that is led byte by byte: a script for each connection, then it serves."""

    @asynccontextmanager
    async def started(folder: Path) -> AsyncIterator[tuple[str, ...]]:
        async with ScriptedPeer(*of_connections, wire.serve) as made:
            yield (made.address,)

    return started


def in_process(prepare: Callable[[Peer], None]) -> Peers:
    @asynccontextmanager
    async def started(folder: Path) -> AsyncIterator[tuple[str, ...]]:
        async with peer() as made:
            prepare(made)
            yield (made.address,)

    return started


@asynccontextmanager
async def storescp(folder: Path) -> AsyncIterator[tuple[str, ...]]:
    """DCMTK's storescp, which takes what is uncompressed and knows no query."""
    with Storescp(folder, "+x=") as made:
        yield (made.address,)


@asynccontextmanager
async def two_archives(folder: Path) -> AsyncIterator[tuple[str, ...]]:
    (folder / "one").mkdir()
    (folder / "other").mkdir()
    with Serve(folder / "one") as one, Serve(folder / "other") as other:
        yield one.address, other.address


async def closes_when_idle(connection: Wire) -> None:
    """Serves one request, then closes what is silent for longer than a second.

    Scripted, as those below: no fault of the practice archive counts the silence.
    """
    await connection.accept()
    await connection.send(wire.response(await connection.read_message()))
    await asyncio.sleep(1.1)


def misbehaving(*faults: str) -> Peers:
    """The practice archive, which does this wrong."""

    @asynccontextmanager
    async def started(folder: Path) -> AsyncIterator[tuple[str, ...]]:
        async with await start(settings=PracticeSettings(faults=faults)) as archive:
            yield (str(archive.peer),)

    return started


def answers(status: int, **elements: int) -> Script:
    """A script that grants every role and answers the first request like this, then serves.

    No fault of the practice archive gives a status together with counts of sub-operations.
    """

    async def script(connection: Wire) -> None:
        proposed = wire.read_association(await connection.expect(wire.RQ))
        granted = [(uid, *roles) for uid, roles in proposed.roles.items()]
        await connection.send(wire.associate_ac(proposed, roles=granted))
        asked = await connection.read_message()
        await connection.send(wire.response(asked, status, **elements))
        await wire.serve_requests(connection)

    return script


async def finds_latin_1(connection: Wire) -> None:
    """One match, its text in a character set that it does not name: the archive names one."""
    await connection.accept()
    asked = await connection.read_message()
    name = "Müller".encode("latin-1")
    values = (0x00080052, b"STUDY "), (0x00100010, name)
    agreed = read_syntax(connection, asked.context_id)
    data = b"".join(
        wire.element(tag, value)
        if agreed == wire.IMPLICIT
        else struct.pack("<HH", tag >> 16, tag & 0xFFFF)
        + (b"CS" if tag == 0x00080052 else b"PN")
        + struct.pack("<H", len(value))
        + value
        for tag, value in values
    )
    await connection.send(wire.response(asked, 0xFF00, data), wire.response(asked))
    await wire.serve_requests(connection)


def read_syntax(connection: Wire, context_id: int) -> str:
    """The transfer syntax that was accepted: the first proposed of the context."""
    asked = wire.read_association(connection.received[0][1])
    return next(one.transfer_syntaxes[0] for one in asked.proposed if one.context_id == context_id)


def one_differs(made: Peer) -> None:
    """The last of many matches has an element that the others have not."""
    made.matches = [match(PatientID=str(number)) for number in range(BLOCK)]
    made.matches.append(match(PatientID="last", StudyComments="only here"))


# -- situations --------------------------------------------------------------------------------

PRACTICE = "open practice"
MANY = 12
"""So many files are in the folder ``many``: more than are listed one by one."""
NO_ROOM = [f"status=0xA700@store:{number}" for number in range(1, MANY + 1)]
"""Faults of an archive that has no room for the first so many instances, and then for all."""
LOST = [f"break-off=close@store:{MANY}", "never-answer"]
"""Faults of an archive that takes so many at once, and then closes without an answer."""
COMPRESSED = "store compressed.dcm --here"
"""A file that a test makes: an MR image in JPEG 2000."""

BEGUN = (PRACTICE, "worklist", "mpps start --of 1")
CAPTURED = (PRACTICE, "capture exchange.pcapng", "echo", "capture off", "release")

SITUATIONS: dict[tuple[str, str], Situation] = {
    (
        "language/help.py",
        "First steps\n"
        "  `open practice`   an archive to practise on, started here\n"
        "  `find study`      what it has; a row of it is `show 1`\n"
        "  `explain`         what happened just now, step by step",
    ): after("help"),
    (
        "output/human.py",
        "`explain #X` tells more",
    ): after("open PEER", "find study", peers=misbehaving("status=0xC001")),
    (
        "session/interpreter.py",
        "`help X` shows what it takes",
    ): after("peers add practice A@h:1"),
    ("commands/alias.py", "`alias X = echo` makes it one"): after(
        "alias check", stands_for={"X": "check"}
    ),
    ("commands/alias.py", "there is no alias: `alias e = echo` makes one"): after("alias"),
    (
        "commands/alias.py",
        "With the first of these, `ct PRC-1001` is the command behind the = with PRC-1001\n"
        "in place of $1. $1 to $9 are the words behind an alias; without one of them, all\n"
        "words are put behind what it stands for. Commands with ; or & among them stand in\n"
        "quotes. A value of $name or ${query} stays inside its word. Aliases are for what\n"
        "is typed: a script has the commands themselves, and so has what `record FILE`\n"
        "writes.",
    ): after("help alias", stands_for={"FILE": "session.assoc"}),
    (
        "language/aliases.py",
        "`alias ct = find study ModalitiesInStudy=CT PatientID=$1`, for example",
    ): after("alias 1x = echo"),
    (
        "association/endings.py",
        "`set keepalive Xs` keeps it; `reopen` opens it again",
    ): after("open PEER", "echo", peers=scripts(closes_when_idle), until_ended=True),
    (
        "association/endings.py",
        "`reopen` opens it again; the peer's log may say why",
    ): after("open PEER", "echo", peers=misbehaving("break-off=close@1")),
    (
        "association/endings.py",
        "`reopen` opens it again",
    ): after("open PEER", "set timeout 200ms", "echo", peers=misbehaving("never-answer")),
    (
        "association/endings.py",
        "what was being stored has an unknown status: `reopen`, then store it again: an archive "
        "keeps an instance once",
    ): after("open PEER", "store ct.dcm", peers=misbehaving("break-off=close@1")),
    (
        "association/endings.py",
        "the peer may be slow rather than gone: `set timeout 120s` waits longer",
    ): after("open PEER", "set timeout 200ms", "echo", peers=misbehaving("never-answer")),
    (
        "association/prepare.py",
        "`contexts` shows what was proposed and what the peer made of it",
    ): after("open practice --contexts qr --role qr:scp", "find study"),
    (
        "association/prepare.py",
        "`contexts` shows what was proposed; what else the peer takes is found by `probe ctx`",
    ): after("open PEER", "find study", peers=storescp),
    (
        "association/proposals.py",
        "X of X presentation contexts are proposed, an association has no room for more (PS3.8 "
        "9.3.2.2); left out are the least usual ones: X; name those that are needed with "
        "--contexts: `probe ctx` finds out which the peer takes",
    ): after("open practice --contexts all"),
    (
        "datasets/contexts.py",
        "the peer refused X for it: convert the instance first; what the peer takes is found by "
        "`probe ctx`",
    ): after(
        "open practice --trait syntax=ExplicitVRLittleEndian --contexts "
        "MRImageStorage:[ExplicitVRLittleEndian],MRImageStorage:[JPEG2000],"
        "MRImageStorage:[JPEG2000Lossless]",
        COMPRESSED,
    ),
    (
        "association/prepare.py",
        "`contexts` lists those that were",
    ): after(PRACTICE, "echo --on 255"),
    (
        "association/prepare.py",
        "`contexts --accepted` lists those that were",
    ): after("open PEER", "echo --on 3", peers=storescp),
    (
        "association/prepare.py",
        "`reopen --contexts +X` proposes it too",
    ): after("open practice --contexts verification", "find study"),
    (
        "commands/lesson.py",
        "A lesson is a few steps. Each says what there is to do, and looks after each of\n"
        "your commands whether it is done, by what happened: any way to get there counts.\n"
        "Then Enter on an empty line, or `lesson next`, goes on; nothing goes on by\n"
        "itself. All else is the shell as it always is.\n"
        "\n"
        "`hint` helps, three times for each step; `solution` shows one way to do it;\n"
        "`again` begins the step again, and `skip` leaves it out. `lesson quit` ends the\n"
        "lesson, and its number goes on where you were. `lesson reset 3` forgets what\n"
        "was done of lesson 3; `lesson report` shows what was done, step by step.",
    ): after("lesson 1", "open practice", "help lesson"),
    (
        "commands/lesson.py",
        "`lesson 1` begins lesson 1; `help lesson` says what else there is",
    ): after("lesson"),
    ("commands/lesson.py", "no lesson was begun yet: `lesson 1` begins the first"): after(
        "lesson report"
    ),
    ("commands/lesson.py", "`lesson 3` begins lesson 3"): after("lesson 4 5"),
    ("commands/lesson.py", "`lesson reset 3`"): after("lesson reset"),
    ("lessons/checking.py", "no answer yet; `let answer = 3` would give one"): after(
        "lesson 3", "echo"
    ),
    ("lessons/player.py", "`hint` again says more"): after("lesson 1", "hint"),
    ("lessons/player.py", " `lesson X` is next: X"): after("lesson 6", "skip", "skip", "skip"),
    ("lessons/player.py", "it goes on at step X; `lesson reset X` begins it anew"): after(
        "lesson 1", "skip", "lesson quit", "lesson 1"
    ),
    ("lessons/player.py", "lesson X is left; `lesson X` goes on where you were"): after(
        "lesson 1", "lesson quit"
    ),
    ("lessons/player.py", "`lesson 1` begins the first"): after("hint"),
    (
        "lessons/player.py",
        "`hint` helps, `again` shows it again, `skip` leaves it out",
    ): after("lesson 1", "lesson next"),
    ("lessons/player.py", "`release` ends it"): after("open PEER", "lesson 1", peers=storescp),
    (
        "commands/capture.py",
        "capturing to X; `capture off` ends it",
    ): after(PRACTICE, "capture exchange.pcapng"),
    (
        "commands/capture.py",
        "`capture off` ends it",
    ): after(PRACTICE, "capture exchange.pcapng", "capture other.pcapng"),
    ("commands/commit.py", "`store examples` stores files"): after(PRACTICE, "commit"),
    (
        "commands/commit.py",
        "The report comes on the open association or on one of its own to a listener,\nwhich is "
        "opened here where none is, on the address that this machine has for the\npeer. The peer "
        "has to know our AE title, and the port, for the latter.\nA report that comes later is "
        "joined all the same: `show #N` has the table.\n`commit --late` waits once more, after a "
        "restart too: it listens again where the\npeer knows this side.",
    ): after(PRACTICE, "store examples", "commit", "help commit", stands_for={"N": "2"}),
    (
        "commands/committing.py",
        "have this AE title, address and port registered with the peer, and let a firewall pass "
        "them; `commit --late` waits for it again",
    ): after("open practice --report-after 1s", "store examples", "commit --wait 10ms"),
    (
        "output/events.py",
        "X: `show #X` has each instance",
    ): after(
        "open practice --report-after 1s",
        "store examples",
        "commit --wait 10ms; commit examples/ct.dcm",
    ),
    ("commands/drawing.py", "`open practice` opens an association"): after("ladder"),
    (
        "commands/open.py",
        "What the peer answered is in `contexts`. An answer is not yet a proof: some peers",
    ): after(PRACTICE, "help open"),
    (
        "commands/open.py",
        "`open NAME` or `open AET@HOST:PORT` opens one",
    ): after("open", stands_for={"NAME": "practice"}),
    (
        "commands/open.py",
        "`open AET@HOST:PORT`, or a name of the config file",
    ): after("open --window 3"),
    (
        "commands/peers.py",
        "What is kept of a peer holds whenever `open NAME` opens it; what is typed there\n"
        "wins. A passcode or a token is never kept, only where it is found. The comments\n"
        "of the config file stay. `peers test NAME` uses a connection of its own: the\n"
        "association that is open goes on.",
    ): after("help peers", stands_for={"NAME": "practice"}),
    ("commands/keeping_peers.py", "`peers edit NAME` changes it"): after(
        "peers add pacs PEER",
        "peers add pacs PEER",
        peers=storescp,
        stands_for={"NAME": "pacs --window 3"},
    ),
    (
        "commands/keeping_peers.py",
        "`peers add NAME AET@HOST:PORT`",
    ): after("peers add PEER PEER", peers=storescp, stands_for={"NAME": "pacs"}),
    (
        "commands/keeping_peers.py",
        "`peers` lists those that it has",
    ): after("peers remove pacs"),
    (
        "commands/keeping_peers.py",
        "X is X in X: `open X` opens it",
    ): after("peers add pacs PEER", peers=storescp),
    ("commands/listen.py", "TCP port (any free one, or `set listen-port`)"): after("help listen"),
    ("commands/listen.py", "`listen --to DIR` starts it"): after(PRACTICE, "listen --stop"),
    (
        "commands/listen.py",
        "`listen --stop` ends it",
    ): after(PRACTICE, "listen --to in", "listen --to other"),
    (
        "commands/move.py",
        "`listen --to DIR`, and move to its AE title",
    ): after(PRACTICE, "find study", "move study --of 1 --compare in"),
    (
        "commands/mpps.py",
        "The required attributes are filled in; one that is missing is named before anything is "
        "sent.\nWithout files, `mpps complete` names what was stored since the step began.",
    ): after(*BEGUN, "store examples", "help mpps"),
    (
        "commands/mpps.py",
        "no step was begun here: `mpps start --of 1` begins row 1 of a worklist",
    ): after(PRACTICE, "worklist", "mpps"),
    (
        "commands/mpps.py",
        "`mpps` lists the steps; `mpps discontinue` gives it up",
    ): after(*BEGUN, "mpps start --of 1"),
    (
        "commands/mpps.py",
        "what goes on is a new step: `mpps start --of 1`",
    ): after(
        PRACTICE,
        "worklist",
        "mpps start --of 1 --uid 1.2.3",
        "store examples",
        "mpps complete",
        "worklist",
        "mpps complete --uid 1.2.3",
    ),
    (
        "commands/mpps.py",
        "store them first or name their files; `mpps discontinue` ends it without",
    ): after(*BEGUN, "mpps complete"),
    (
        "commands/mpps.py",
        "`mpps` lists those that were; n-set changes any instance of a peer",
    ): after(*BEGUN, "mpps complete --uid 1.9"),
    (
        "commands/mpps.py",
        "`mpps` lists them; --uid names one",
    ): after(*BEGUN, "mpps start --of 2", "mpps complete"),
    (
        "commands/mpps.py",
        "`mpps start --of 1` begins what row 1 of a worklist schedules",
    ): after(PRACTICE, "worklist", "mpps complete"),
    (
        "commands/performing.py",
        "take a row of `worklist` with --of, name files, or --set Keyword=value",
    ): after(PRACTICE, "mpps start"),
    (
        "commands/read.py",
        "A line for each association, then the findings, the cause first. Packets are numbered "
        "as\nWireshark numbers them. While no association is open `requests`, `show #7`, `explain "
        "#7`,\n`ladder #7`, `wire detail`, `contexts` and `expect` are about the capture. Queries "
        "without\n#n are about its last request, and assoc about the association of that.",
    ): after(
        *CAPTURED,
        "read exchange.pcapng",
        "help read",
        stands_for={"#7": "#1", "expect": "expect status exists"},
    ),
    (
        "commands/show.py",
        "`requests` lists every N-EVENT-REPORT, `show #n` shows one",
    ): after(*CAPTURED, "read exchange.pcapng", "show events", stands_for={"#n": "#1"}),
    ("commands/wire.py", "`explain X` tells a request of the session"): after(
        PRACTICE, "echo", "wire detail #1"
    ),
    ("session/captured.py", "`read` shows what is in it"): after(
        "capture exchange.pcapng",
        PRACTICE,
        "release",
        "capture off",
        "read exchange.pcapng",
        "show #1",
    ),
    ("commands/read.py", "`read FILE` reads one"): after(
        *CAPTURED, "read", stands_for={"FILE": "exchange.pcapng"}
    ),
    (
        "commands/print.py",
        "In colour where BasicColorPrintManagementMeta was accepted and one of the images\nis in "
        "colour (`reopen --contexts print` proposes it too), or where the one for\ngrayscale was "
        "not accepted. Of a folder, what cannot be printed is left out.",
    ): after(PRACTICE, "help print"),
    (
        "commands/print.py",
        "#X printed in grayscale: this association has no context for colour: `reopen --contexts "
        "+BasicColorPrintManagementMeta` proposes one",
    ): after(PRACTICE, "print examples/us.dcm"),
    (
        "commands/move.py",
        "nothing listens here as X: `listen --port N` starts a storage acceptor",
    ): after(PRACTICE, "find study", "move study --of 1", stands_for={"N": "0"}),
    (
        "commands/record.py",
        "recording to X; `record --stop` ends it",
    ): after(PRACTICE, "record one.assoc"),
    (
        "commands/record.py",
        "`record --stop` ends it",
    ): after("record one.assoc", "record two.assoc"),
    (
        "commands/referencing.py",
        "`requests` lists what there was",
    ): after(PRACTICE, "find study", "ian #1"),
    ("commands/reopen.py", "`open AET@HOST:PORT` opens one"): after("reopen"),
    (
        "output/into_file.py",
        "`show #1 3 > X`, for example; .csv, .json and .txt hold all",
    ): after(PRACTICE, "find study", "requests > a.dcm"),
    ("session/keys.py", "X brings no rows; `requests` lists what there was"): after(
        PRACTICE, "echo", "get study --of #1.1"
    ),
    ("commands/show.py", "`show events` lists them"): after(
        PRACTICE, "ups subscribe all", "ups create --label A", "show events 99"
    ),
    (
        "commands/stepping.py",
        "`ups find` lists those of the peer; `ups claim --of 1` takes the first",
    ): after(PRACTICE, "ups claim"),
    (
        "commands/stepping.py",
        "`ups claim` claims it, unless somebody else did",
    ): after(PRACTICE, "ups create --label A", "ups complete"),
    (
        "commands/stepping.py",
        "`ups create --label TEXT` schedules another one",
    ): after(
        PRACTICE,
        "ups create --label A",
        "ups claim",
        "ups complete --workitem print",
        "ups complete --workitem print",
    ),
    ("commands/stepping.py", "--of takes a row of `ups find`"): after(
        PRACTICE, "find study", "ups claim --of 1"
    ),
    (
        "commands/store.py",
        "`show #N` lists the files of store #N that failed, each with its reason.",
    ): after(PRACTICE, "store examples", "help store", stands_for={"N": "1"}),
    (
        "commands/store.py",
        "`requests` lists what there was",
    ): after(PRACTICE, "echo", "store --failed #1"),
    (
        "commands/store.py",
        "... and X more: `show #X` lists them",
    ): after(
        "open PEER --window 0",
        "store many",
        peers=misbehaving(*LOST),
    ),
    ("commands/timeline.py", "`echo` sends one"): after(PRACTICE, "timeline page.html"),
    (
        "commands/ups.py",
        "no step was claimed here: `ups find` lists what there is to claim",
    ): after(PRACTICE, "ups"),
    (
        "commands/ups.py",
        "`ups complete --workitem CODE` or `ups cancel` ends it",
    ): after(
        PRACTICE, "ups create --label A", "ups claim", "ups claim", stands_for={"CODE": "print"}
    ),
    (
        "commands/wait.py",
        "`cancel all` ends them, `set timeout 30s` says how long each may wait",
    ): after(
        *("open PEER", "echo", "wait --timeout 100ms"),
        peers=misbehaving("never-answer"),
        going_on=True,
    ),
    (
        "commands/watching.py",
        "`ups get ProcedureStepState` asks for its state; --for gives it more time",
    ): after(PRACTICE, "ups create --label A", "ups watch --until completed --for 100ms"),
    (
        "commands/worklist.py",
        "Keys of a scheduled step go into the sequence by themselves: Modality=CT. A row has more "
        "than\nis shown (`show #1 1`): what `mpps start --of 1` needs.",
    ): after(PRACTICE, "worklist", "help worklist"),
    (
        "datasets/contexts.py",
        "`reopen --contexts +X` proposes it too",
    ): after("open practice --contexts verification", "store examples/ct.dcm --here"),
    (
        "datasets/contexts.py",
        "`reopen --role X:none` proposes no role for it: this side is SCU then",
    ): after(
        "open practice --contexts CTImageStorage --role CTImageStorage:scp",
        "store examples/ct.dcm --here",
    ),
    (
        "datasets/contexts.py",
        "`contexts` shows what the peer made of each",
    ): after(
        "open PEER --contexts MRImageStorage:JPEG2000Lossless,verification",
        COMPRESSED,
        peers=storescp,
    ),
    (
        "datasets/contexts.py",
        "the peer may take it as it is: `reopen --contexts +X`",
    ): after(
        "open PEER --contexts MRImageStorage:JPEGBaseline8Bit,verification",
        COMPRESSED,
        peers=storescp,
    ),
    (
        "commands/history.py",
        "The lines of every session are kept in one file, that only you can read, each with\n"
        "what became of it, how long it took and whom the association was with. At the\n"
        "prompt Up and Ctrl-R find them. A word shows the last lines that hold it, a number\n"
        "so many of all.\n"
        "\n"
        "Passcodes and tokens are never kept, nor is a line that begins with a blank. A\n"
        "line that may hold a patient's values (a key with a value, a file, a UID) is kept\n"
        "for as many days as `set history-days` says. `history off` keeps nothing from then\n"
        'on until `history on`; history = "off" in the config file makes that the rule.\n'
        "`history clear` forgets everything, also what other sessions kept.",
    ): after(PRACTICE, "help history"),
    (
        "commands/history.py",
        "lines are not kept from here on; `history on` keeps them again",
    ): after("history off"),
    ("language/help.py", "`help` lists the commands"): after("help nonsense"),
    (
        "language/settings.py",
        "port of `listen` without --port, where peers know us; any takes a free one",
    ): after(PRACTICE, "set"),
    (
        "output/human.py",
        "no room for X: `show #X ROW` shows a whole row",
    ): after(PRACTICE, "find study", width=80, stands_for={"ROW": "1"}),
    (
        "output/human.py",
        "no column for X, which did not come in the first X rows: `show #X` has all",
    ): after("open PEER", "set format csv", "find study", peers=in_process(one_differs)),
    (
        "output/human.py",
        "... and X more: `show #X` lists them, `store --failed #X` sends them again",
    ): after("open PEER", "store many", peers=misbehaving(*NO_ROOM)),
    ("output/meanings.py", "`help X` has the rest."): after("explain peers"),
    (
        "session/opening.py",
        "the peer knows none of these SOP classes: `contexts` lists them, `reopen --contexts "
        "default` proposes others",
    ): after("open PEER --contexts StudyRootQueryRetrieveInformationModelFind", peers=storescp),
    (
        "session/opening.py",
        "`release` ends it in order, `abort` at once; --release has open do it first",
    ): after(PRACTICE, PRACTICE),
    (
        "session/plan.py",
        "write AET@HOST:PORT; `peers` lists those of the config file",
    ): after("open nobody"),
    (
        "session/plan.py",
        "`open practice` opens it",
    ): after("open PEER --latency 5", peers=storescp),
    (
        "session/reading.py",
        "#X: X; if that is wrong, `set fallback-encoding cp1252` (or another one) "
        "says how to read it",
    ): after("open PEER", "find study", peers=scripts(finds_latin_1)),
    ("session/settings.py", "`set` lists them all"): after("let name = 'nonsense'", "set $name 5"),
    (
        "session/state.py",
        "`reopen` opens the same association again",
    ): after("open PEER", "echo", "echo", peers=misbehaving("break-off=close@1")),
    (
        "session/state.py",
        "`let X = QUERY` gives it one",
    ): after(PRACTICE, "find study PatientID=$who", stands_for={"QUERY": "'PRC-1001'"}),
    ("session/state.py", "`open AET@HOST:PORT` opens one"): after("echo"),
    (
        "wire/status_reasons.py",
        "the peer could not send what matched: its SOP classes or transfer syntaxes may not be "
        "accepted on this association: `contexts` shows what is",
    ): after(
        "open PEER",
        "get study StudyInstanceUID=1.2.3",
        peers=scripts(answers(0xA702, completed=0, failed=4, warning=0)),
    ),
    (
        "wire/status_reasons.py",
        "some instances could not be sent here: their SOP class or transfer syntax was not "
        "accepted on this association: `contexts` shows what was",
    ): after(
        "open PEER",
        "get study StudyInstanceUID=1.2.3",
        peers=scripts(answers(0xB000, completed=4, failed=1, warning=0)),
    ),
    (
        "commands/mpps.py",
        "`release`, then `open X`",
    ): after(
        "open PEER",
        "worklist",
        "mpps start --of 1",
        "release",
        "open OTHER",
        "mpps complete",
        peers=two_archives,
    ),
    (
        "commands/stepping.py",
        "`release`, then `open X`",
    ): after(
        "open PEER",
        "ups create --label A",
        "ups claim",
        "release",
        "open OTHER",
        "ups complete",
        peers=two_archives,
    ),
    ("commands/faults.py", "from the next association on: `reopen`"): after(
        PRACTICE, "faults delay=1ms"
    ),
    (
        "commands/practice_options.py",
        "misbehave like this; `help faults` lists how",
    ): after("help open"),
    ("practice/faults/armed.py", "`help faults` lists them"): after(PRACTICE, "faults zzzzzz"),
    ("session/practising.py", "`open practice` starts one"): after("faults"),
    (
        "session/practising.py",
        "`open practice --fault reset-after=2` starts with one; assocsh serve takes the",
    ): after("help faults"),
}
