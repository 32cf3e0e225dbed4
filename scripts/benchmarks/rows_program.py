"""What a user runs beside what a user would run: whole processes, from their start to their end.

Nothing is taken off: beside each client stands the same program with one unit of work, named
``..., one``, and a figure "start-up apart" is made of the difference between the two, for both
sides alike.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks import data
from benchmarks.bench import Bench, RunFailed, ae_of, host_and_port, steadied, timed
from benchmarks.model import Row, Run, Sample, apart, cpu_ratio, rate_ratio
from benchmarks.rows_query import archive
from benchmarks.rows_store import LARGE
from tests.peers.ours import Serve
from tests.peers.process import free_port
from tests.peers.programs import find as installed

ASSOCSH = (sys.executable, "-m", "assocsh")
IMAGE = f"StudyInstanceUID={data.STUDY} SeriesInstanceUID={data.SERIES} SOPInstanceUID="
GET = "StudyRootQueryRetrieveInformationModelGet,CTImageStorage"
CT_MOVE = "StudyRootQueryRetrieveInformationModelMove,StudyRootQueryRetrieveInformationModelFind"
Argv = Sequence[str | Path]


def shell(address: str, contexts: str, commands: str) -> Argv:
    """``assocsh PEER --contexts ... -c COMMANDS``"""
    return (*ASSOCSH, address, "--contexts", contexts, "-c", commands)


def whole(
    argv: Argv, folder: Path | Callable[[], Path], count: int, *, arrive: bool = False
) -> Run:
    """A program from its start to its end; ``arrive``: so many files must be there then."""

    def run() -> Sample:
        into = folder() if callable(folder) else folder
        done = timed(argv, into)
        there = sum(1 for path in into.iterdir() if path.is_file())
        if arrive and there != count:
            raise RunFailed(f"{there} files of {count} came")
        return Sample(done.wall, done.cpu, count, None, done.peak)

    return run


def start_up(bench: Bench) -> Row:
    """Programs that do one thing."""
    row = Row(
        "start-up",
        "whole processes with one C-ECHO, or one C-STORE of a CT image of 512x512, to storescp "
        "with TCP_NODELAY=1: the start-up that is in the rows of programs",
        "run/s",
        rounds=7,
    )
    address = bench.storescp(nodelay=True)
    if address is None:
        row.missing.append("everything: storescp (DCMTK) is not installed")
        return row
    at = ("-aec", ae_of(address), *host_and_port(address))
    image = bench.one_image()
    clients: dict[str, Argv] = {
        "assocsh -c echo": (*ASSOCSH, address, "-c", "echo"),
        "echoscu": (installed("echoscu") or "", *at),
        "pynetdicom echoscu": (sys.executable, "-m", "pynetdicom", "echoscu", *at[2:], *at[:2]),
        "assocsh -c 'store FILE'": (*ASSOCSH, address, "-c", f"store '{image}'"),
        "storescu": (installed("storescu") or "", *at, image),
        "pynetdicom storescu": (
            *(sys.executable, "-m", "pynetdicom", "storescu", *at[2:], image, *at[:2]),
        ),
    }
    for name, argv in clients.items():
        if argv[0]:
            row.clients[name] = whole(argv, bench.folder, 1)
    row.figures += [
        cpu_ratio("assocsh -c echo", "pynetdicom echoscu", 0.4),
        cpu_ratio("assocsh -c 'store FILE'", "pynetdicom storescu", 0.5),
    ]
    return row


def program_store(bench: Bench) -> Row:
    """`assocsh -c 'store DIR'` and `assocsh run`."""
    count = bench.count(300, 60)
    row = Row(
        "program-store",
        f"whole processes that store {count} CT images of 512x512 to storescp with TCP_NODELAY=1, "
        "which forgets them: `assocsh PEER -c 'store DIR'`, the same as a script, storescu",
        "image/s",
        rounds=7,
    )
    address = bench.storescp(nodelay=True)
    program = installed("storescu")
    if address is None or program is None:
        row.missing.append("everything: DCMTK is not installed")
        return row
    many, one = bench.images(count), bench.images(1)
    scripts = bench.fresh()
    for label, source in (("", many), (", one", one)):
        script = scripts / f"store{len(label)}.assoc"
        script.write_text(f"open {address} --contexts CTImageStorage\nstore '{source}'\n")
        clients: dict[str, Argv] = {
            "assocsh -c": shell(address, "CTImageStorage", f"store '{source}'"),
            "assocsh run": (*ASSOCSH, "run", script),
            "storescu": (program, "-aec", ae_of(address), "+sd", *host_and_port(address), source),
        }
        for name, argv in clients.items():
            run = whole(argv, bench.folder, 1 if label else count)
            row.clients[f"{name}{label}"] = steadied(run, source)
    row.figures += [apart("assocsh -c", "storescu", 1.0), apart("assocsh run", "storescu", 1.0)]
    return row


def _keys(*more: str) -> list[str]:
    level = "IMAGE" if more else "STUDY"
    keys = [f"0008,0052={level}", f"0020,000d={data.STUDY}", *more]
    return [word for key in keys for word in ("-k", key)]


_ONE_KEYS = (f"0020,000e={data.SERIES}", f"0008,0018={data.instance_uid(512, 0)}")
_MANY = f"study StudyInstanceUID={data.STUDY}"
_ONE = f"image {IMAGE}{data.instance_uid(512, 0)}"


def program_get(bench: Bench) -> Row:
    """`assocsh -c 'get ...'` in each durability."""
    count = bench.count(300, 60)
    row = Row(
        "program-get",
        f"whole processes that get {count} CT images of 512x512 from dcmqrscp (TCP_NODELAY=1) to "
        "disk: `get` with each --durability (batch is the usual one), all of it on the disk when "
        "the process ends but for none; getscu +B, which asks for no fsync",
        "image/s",
        rounds=9,
    )
    made = archive(bench, row, count)
    program = installed("getscu")
    if made is None or program is None:
        return row
    peer, database = made
    fresh, folders = bench.folders()
    for label, what, keys in (("", _MANY, ()), (", one", _ONE, _ONE_KEYS)):
        units = 1 if label else count
        for durability in ("batch", "file", "none"):
            text = f"get {what} --to . --durability {durability}"
            run = whole(shell(peer.address, GET, text), fresh, units, arrive=True)
            row.clients[f"assocsh, {durability}{label}"] = steadied(run, database, folders)
        argv = [program, "-S", "-aec", peer.ae, *_keys(*keys), "+B", "-pdu", "131072", "-od", "."]
        argv += host_and_port(peer.address)
        run = whole(argv, fresh, units, arrive=True)
        row.clients[f"getscu +B{label}"] = steadied(run, database, folders)
    row.figures += [
        apart("assocsh, batch", "getscu +B", 0.9),
        apart("assocsh, file", "getscu +B", 0.5),
        apart("assocsh, none", "getscu +B", 1.0),
    ]
    return row


def program_move(bench: Bench) -> Row:
    """`move` into `listen`, and movescu with its port."""
    count = bench.count(300, 60)
    row = Row(
        "program-move",
        f"whole processes that have dcmqrscp (TCP_NODELAY=1) move {count} CT images of 512x512 to "
        "themselves: `listen --to DIR; move ...` and movescu --port +B",
        "image/s",
        rounds=9,
    )
    ports = {"ASSOCSH": free_port(), "MOVESCU": free_port()}
    made = archive(bench, row, count, ports)
    program = installed("movescu")
    if made is None or program is None:
        return row
    peer, database = made
    fresh, folders = bench.folders()
    for label, what, keys in (("", _MANY, ()), (", one", _ONE, _ONE_KEYS)):
        units = 1 if label else count
        text = f"listen --port {ports['ASSOCSH']} --to . --as ASSOCSH; move {what} --to ASSOCSH"
        run = whole(shell(peer.address, CT_MOVE, text), fresh, units, arrive=True)
        row.clients[f"assocsh{label}"] = steadied(run, database, folders)
        argv = [program, "-S", "-aec", peer.ae, "-aet", "MOVESCU", "-aem", "MOVESCU"]
        argv += ["--port", str(ports["MOVESCU"]), "+B", "-pdu", "131072", "-od", ".", *_keys(*keys)]
        argv += host_and_port(peer.address)
        run = whole(argv, fresh, units, arrive=True)
        row.clients[f"movescu +B{label}"] = steadied(run, database, folders)
    row.figures.append(apart("assocsh", "movescu +B", 1.0))
    return row


def program_serve(bench: Bench) -> Row:
    """`assocsh serve` and storescp receive."""
    count = bench.count(300, 60)
    row = Row(
        "program-serve",
        f"storescu sends {count} CT images of 512x512 to `assocsh serve` (each --durability), "
        "which keeps them on disk and can be asked for them, and to storescp +B, which writes "
        "them to disk; whole processes of storescu, processor time and memory are its own too; "
        "a server that had them already would compare them, so it is started for each run, untimed",
        "image/s",
        rounds=9,
    )
    stored = bench.fresh()
    receiver = bench.storescp("-pdu", "131072", nodelay=True, into=stored)
    program = installed("storescu")
    if program is None or receiver is None:
        row.missing.append("everything: DCMTK is not installed")
        return row
    many, one = bench.images(count), bench.images(1)

    def sent(address: str, source: Path, units: int) -> Sample:
        send = (program, "-aec", ae_of(address), "--max-send-pdu", "131072", "+sd")
        return whole((*send, *host_and_port(address), source), bench.folder, units)()

    def served(durability: str, source: Path, units: int) -> Sample:
        with Serve(bench.fresh(), "--durability", durability) as server:
            return sent(server.address, source, units)

    for label, source, units in (("", many, count), (", one", one, 1)):
        for durability in ("batch", "file", "none"):
            run = partial(served, durability, source, units)
            row.clients[f"assocsh serve, {durability}{label}"] = steadied(run, source)
        run = partial(sent, receiver, source, units)
        row.clients[f"storescp +B{label}"] = steadied(run, source, lambda: [stored])
    row.figures += [
        apart("assocsh serve, batch", "storescp +B", 0.9),
        apart("assocsh serve, none", "storescp +B", 0.9),
    ]
    return row


def program_large(bench: Bench) -> Row:
    """`assocsh -c 'store FILE'` of 2 GB."""
    row = Row(
        "program-large",
        "whole processes that store one file of 2 GB (sparse) to storescp with PDUs of 128 KiB",
        "run/s",
        rounds=5,
    )
    address = bench.storescp("-pdu", "131072", nodelay=True)
    program = installed("storescu")
    if address is None or program is None:
        row.missing.append("everything: DCMTK is not installed")
        return row
    folder, one = bench.large(bench.count(LARGE, LARGE // 8)), bench.images(1)
    for label, source in (("", folder), (", one", one)):
        clients: dict[str, Argv] = {
            "assocsh -c": shell(address, "CTImageStorage", f"store '{source}'"),
            "storescu": (
                *(program, "-aec", ae_of(address), "--max-send-pdu", "131072", "+sd"),
                *(*host_and_port(address), source),
            ),
        }
        for name, argv in clients.items():
            row.clients[f"{name}{label}"] = whole(argv, bench.folder, 1)
    row.figures += [apart("assocsh -c", "storescu", 1.0), rate_ratio("assocsh -c", "storescu", 0.8)]
    return row
