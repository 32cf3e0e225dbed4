"""C-FIND with many matches, and C-GET to disk."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from benchmarks import data
from benchmarks.bench import Bench, RunFailed, ae_of, host_and_port, nodelay, steadied, timed
from benchmarks.model import Row, Run, memory_at_most, rate_ratio
from tests.peers.dcmtk import Dcmqrscp
from tests.peers.programs import find as installed

NO_STUDY = "1.2.826.0.1.3680043.8.498.5.404"


def find(bench: Bench) -> Row:
    """C-FIND with 20,000 matches."""
    matches = bench.count(20000, 3000)
    row = Row(
        "find",
        "C-FIND with 20,000 matches of 250 bytes, all kept, from a fast acceptor of assocsh's in "
        "another process; findscu throws its matches away",
        "match/s",
        rounds=3,
    )
    address, _ = bench.fast_scp("--matches", str(matches))
    work = {"kind": "find", "peer": address, "contexts": "qr"}
    row.clients["assocsh"] = bench.worker("assocsh_scu", work)
    row.clients["pynetdicom"] = bench.worker("pynetdicom_scu", work)
    program = installed("findscu")
    if program is not None:
        one, _ = bench.fast_scp("--matches", "1")

        def argv(peer: str) -> list[str]:
            asked = ["-k", "0008,0052=STUDY", "-k", "0010,0020", "-k", "0020,000d"]
            return [program, "-S", "-aec", ae_of(peer), *asked, *host_and_port(peer)]

        row.clients["findscu"] = bench.program(argv(address), argv(one), matches)
    else:
        row.missing.append("findscu: DCMTK is not installed")

    row.figures += [
        rate_ratio("assocsh", "pynetdicom", 10.0),
        memory_at_most("assocsh", 20),
    ]
    return row


def get(bench: Bench) -> Row:
    """C-GET of 300 CT images to disk."""
    count = bench.count(300, 60)
    row = Row(
        "get",
        "C-GET of 300 CT images from dcmqrscp (TCP_NODELAY=1) to disk. fsync: each file and its "
        "folder before its success; batch: one sync at the end, counted; getscu and pynetdicom: "
        "no fsync. getscu +B writes a data set as it comes, as assocsh does, without reading it",
        "image/s",
    )
    made = archive(bench, row, count)
    if made is None:
        return row
    peer, database = made
    work = {
        "kind": "get",
        "peer": peer.address,
        "study": data.STUDY,
        "warm": {
            "StudyInstanceUID": data.STUDY,
            "SeriesInstanceUID": data.SERIES,
            "SOPInstanceUID": data.instance_uid(512, 0),
        },
        "contexts": "StudyRootQueryRetrieveInformationModelGet,CTImageStorage",
    }

    fresh, folders = bench.folders()

    def steady(run: Run) -> Run:
        return steadied(run, database, folders)

    def ours(durability: str) -> dict[str, object]:
        return {**work, "folder": str(fresh()), "durability": durability}

    for label, durability in (("no fsync", "none"), ("batch", "batch"), ("fsync", "file")):
        run = bench.worker("assocsh_scu", partial(ours, durability))
        row.clients[f"assocsh, {label}"] = steady(run)
    program = installed("getscu")
    if program is not None:

        def argv(study: str, *more: str) -> list[str]:
            keys = ["-k", "0008,0052=STUDY", "-k", f"0020,000d={study}"]
            options = [*more, "-pdu", "131072", "-od", "."]
            aec = ["-aec", peer.ae]
            return [program, "-S", *aec, *keys, *options, *host_and_port(peer.address)]

        def complete(folder: Path) -> None:
            there = len(list(folder.iterdir()))
            if there != count:
                raise RunFailed(f"{there} files of {count} came")

        # the run that is taken off finds nothing, so one image is counted too few
        for label, more in (("getscu", ()), ("getscu +B", ("+B",))):
            whole, start_up = argv(data.STUDY, *more), argv(NO_STUDY, *more)
            run = bench.program(whole, start_up, count + 1, cwd=fresh, check=complete)
            row.clients[label] = steady(run)
    else:
        row.missing.append("getscu: DCMTK is not installed")
    row.clients["pynetdicom"] = steady(bench.worker("pynetdicom_scu", partial(ours, "none")))
    row.figures += [
        rate_ratio("assocsh, no fsync", label, 1.0) for label in ("getscu", "getscu +B")
    ]
    return row


def archive(
    bench: Bench, row: Row, count: int, destinations: Mapping[str, int] | None = None
) -> tuple[Dcmqrscp, Path] | None:
    """dcmqrscp with ``count`` CT images, and its folder; None, and said so, without DCMTK."""
    program = installed("storescu")
    if installed("dcmqrscp") is None or program is None:
        row.missing.append("everything: DCMTK is not installed")
        return None
    database = bench.fresh()
    with nodelay():
        peer = bench.stack.enter_context(Dcmqrscp(database, destinations=destinations))
    argv = [program, "-aec", peer.ae, "+sd", *host_and_port(peer.address), bench.images(count)]
    timed(argv, bench.folder)
    return peer, database
