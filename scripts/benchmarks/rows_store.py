"""C-STORE: images, small files, one very large file, out and in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.bench import MB, Bench, RunFailed, ae_of, host_and_port, steadied, timed
from benchmarks.model import Row, Run, Sample, memory_at_most, rate_ratio
from benchmarks.workers.meter import forget_peak, memory, processor_time
from tests.peers.orthanc import Orthanc
from tests.peers.process import PeerProcess, free_port
from tests.peers.programs import find

LARGE = 2 * 1024 * MB


def _work(bench: Bench, address: str, folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "kind": "store",
        "peer": address,
        "contexts": "CTImageStorage",
        "folder": str(folder),
        "warm": str(bench.one_image()),
        **more,
    }


def add_clients(
    bench: Bench, row: Row, address: str, folder: Path, label: str = "", *, slow: Path | None = None
) -> None:
    """The four requestors; ``slow`` has fewer files, for those that would take minutes."""
    run = bench.worker("assocsh_scu", _work(bench, address, folder))
    row.clients[f"assocsh{label}"] = steadied(run, folder)
    program = find("storescu")
    if program is not None:
        files = slow if slow is not None and label else folder
        argv = [program, "-aec", ae_of(address), "+sd", *host_and_port(address)]
        count = len(list(files.iterdir()))
        run = bench.program([*argv, files], [*argv, bench.one_image().parent], count)
        row.clients[f"storescu{label}"] = steadied(run, files)
    else:
        row.missing.append("storescu: DCMTK is not installed")
    work = _work(bench, address, slow or folder)
    row.clients[f"pynetdicom{label}"] = bench.worker("pynetdicom_scu", work)
    dcmjs = None if label else bench.dcmjs(work)
    if dcmjs is not None:
        row.clients["dcmjs-dimse"] = dcmjs


def _store_images(bench: Bench, name: str, pdu: int) -> Row:
    text = f"C-STORE of 300 CT images of 512x512 in PDUs of {pdu // 1024} KiB to storescp"
    row = Row(name, f"{text} with TCP_NODELAY=1, which forgets them", "image/s")
    address = bench.storescp("-pdu", str(pdu), nodelay=True)
    if address is None:
        row.missing.append("everything: storescp (DCMTK) is not installed")
        return row
    folder = bench.images(bench.count(300, 60))
    add_clients(bench, row, address, folder, slow=bench.images(bench.count(60, 10)))
    row.figures.append(rate_ratio("assocsh", "storescu", 1.0))
    return row


def store_16k(bench: Bench) -> Row:
    """300 CT images, 16 KiB PDUs."""
    return _store_images(bench, "store-16k", 16384)


def store_128k(bench: Bench) -> Row:
    """300 CT images, 128 KiB PDUs."""
    return _store_images(bench, "store-128k", 131072)


def store_stock(bench: Bench) -> Row:
    """CT images to peers as they are installed."""
    row = Row(
        "store-stock",
        "C-STORE of CT images to peers whose sockets leave Nagle on: stock storescp and Orthanc",
        "image/s",
    )
    folder, slow = bench.images(bench.count(100, 30)), bench.images(bench.count(20, 6))
    address = bench.storescp(nodelay=False)
    if address is not None:
        add_clients(bench, row, address, folder, ", stock storescp", slow=slow)
        row.figures.append(rate_ratio("assocsh, stock storescp", "storescu, stock storescp", 10))
    if find("orthanc") is not None:
        orthanc = bench.stack.enter_context(Orthanc(bench.fresh()))
        add_clients(bench, row, orthanc.address, folder, ", Orthanc", slow=slow)
        row.figures.append(rate_ratio("assocsh, Orthanc", "storescu, Orthanc", 10))
    else:
        row.missing.append("Orthanc: not installed")
    return row


def store_small(bench: Bench) -> Row:
    """Many small files."""
    row = Row(
        "store-small",
        "C-STORE of 5,000 files of 5 KB, to storescp with TCP_NODELAY=1, which forgets them",
        "file/s",
        rounds=3,
    )
    address = bench.storescp(nodelay=True)
    if address is None:
        row.missing.append("everything: storescp (DCMTK) is not installed")
        return row
    folder = bench.images(bench.count(5000, 600), rows=48)
    add_clients(bench, row, address, folder, slow=bench.images(bench.count(300, 60), rows=48))
    row.figures += [rate_ratio("assocsh", "storescu", 1.0), rate_ratio("assocsh", "pynetdicom", 5)]
    return row


def store_window(bench: Bench) -> Row:
    """Images under a window, to a slow peer."""
    row = Row(
        "store-window",
        "C-STORE of CT images under windows to an acceptor of assocsh's that answers after 20 ms: "
        "16 outstanding keep the line full",
        "image/s",
        rounds=3,
    )
    address, _ = bench.fast_scp("--latency", "0.02")
    for window, count in ((1, bench.count(50, 15)), (16, bench.count(300, 60))):
        work = _work(bench, address, bench.images(count), window=window)
        row.clients[f"window {window}"] = bench.worker("assocsh_scu", work)
    row.figures.append(rate_ratio("window 16", "window 1", 10))
    return row


def store_captured(bench: Bench) -> Row:
    """Images, with and without a capture."""
    row = Row(
        "store-captured",
        "`store` of 300 CT images of 512x512, with a `capture` and without, to storescp with "
        "TCP_NODELAY=1, which forgets them, the same keeping them on disk, and Orthanc; processor "
        "time with that of writing the file",
        "image/s",
        rounds=9,
    )
    kept = bench.fresh()
    peers = {
        "storescp": bench.storescp(nodelay=True),
        "storescp +B": bench.storescp(nodelay=True, into=kept),
        "Orthanc": None,
    }
    if find("orthanc") is not None:
        peers["Orthanc"] = bench.stack.enter_context(Orthanc(bench.fresh())).address
    folder, into = bench.images(bench.count(300, 60)), bench.fresh()
    captures = {"": (), ", captured": (f"capture '{into / 'a.pcapng'}'",)}
    for peer, address in peers.items():
        if address is None:
            row.missing.append(f"{peer}: not installed")
            continue
        for label, before in captures.items():
            work = _work(bench, address, folder, before=list(before))
            run = bench.worker("shell_scu", work)
            row.clients[f"{peer}{label}"] = steadied(run, folder, lambda: [into, kept])
        row.figures.append(rate_ratio(f"{peer}, captured", peer, 0.97))
    return row


def store_large(bench: Bench) -> Row:
    """One file of 2 GB goes out."""
    row = Row(
        "store-large",
        "C-STORE of one file of 2 GB (sparse) to storescp with PDUs of 128 KiB; memory above idle "
        "(of storescu: in all)",
        "GB/s",
        rounds=2,
    )
    address = bench.storescp("-pdu", "131072", nodelay=True)
    if address is None:
        row.missing.append("everything: storescp (DCMTK) is not installed")
        return row
    size = bench.count(LARGE, LARGE // 8)
    folder = bench.large(size)
    row.clients["assocsh"] = _gigabytes(
        bench.worker("assocsh_scu", _work(bench, address, folder)), size
    )
    program = find("storescu")
    if program is not None:
        argv = [program, "-aec", ae_of(address), "+sd", *host_and_port(address), str(folder)]
        row.clients["storescu"] = _gigabytes(lambda: timed(argv, bench.folder), size)
    row.missing.append("pynetdicom: it reads the whole file into memory first, several times over")
    row.figures.append(memory_at_most("assocsh", 40))
    return row


def receive_large(bench: Bench) -> Row:
    """One file of 2 GB comes in."""
    row = Row(
        "receive-large",
        "one instance of 2 GB sent by storescu, received to disk without fsync: by assocsh and by "
        "storescp; memory and processor time are the receiver's",
        "GB/s",
        rounds=2,
    )
    program, receiver = find("storescu"), find("storescp")
    if program is None or receiver is None:
        row.missing.append("everything: DCMTK is not installed")
        return row
    size = bench.count(LARGE, LARGE // 8)
    source = bench.large(size)

    def received(address: str, process: int, target: Path) -> Run:
        argv = [program, "-aec", ae_of(address), "+sd", "--max-send-pdu", "131072"]
        argv += [*host_and_port(address), str(source)]

        def run() -> Sample:
            idle, before = memory("VmRSS", process), processor_time(process)
            forget_peak(process)
            sent = timed(argv, bench.folder)
            peak = memory("VmHWM", process) - idle
            used = processor_time(process) - before
            files = [path for path in target.iterdir() if path.is_file()]
            if not files or files[0].stat().st_size < size:
                raise RunFailed("the file is not there")
            for path in files:
                path.unlink()
            return Sample(sent.wall, used, size, peak=peak)

        return run

    ours = bench.fresh()
    address, process = bench.fast_scp("--folder", str(ours))
    row.clients["assocsh"] = _gigabytes(received(address, process, ours), size)
    theirs = bench.fresh() / "stored"
    theirs.mkdir()
    port = free_port()
    argv = [receiver, "+B", "-pdu", "131072", "-od", str(theirs), "-aet", "STORESCP", str(port)]
    log = bench.fresh() / "log"
    peer = PeerProcess(argv, port=port, log=log, env={"TCP_NODELAY": "1"})
    bench.stack.enter_context(peer)
    row.clients["storescp"] = _gigabytes(
        received(f"STORESCP@127.0.0.1:{port}", peer.pid, theirs), size
    )
    row.figures.append(memory_at_most("assocsh", 40))
    return row


def _gigabytes(run: Callable[[], Sample], size: int) -> Run:
    """The same run, its rate in GB/s."""

    def measured() -> Sample:
        sample = run()
        seconds = sample.wall / (size / 1e9)
        return Sample(seconds, sample.cpu / (size / 1e9), 1, None, sample.peak)

    return measured
