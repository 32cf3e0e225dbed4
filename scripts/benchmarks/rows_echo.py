"""C-ECHO: one after another, to stock peers, and under a window."""

from __future__ import annotations

from benchmarks.bench import Bench, ae_of, host_and_port
from benchmarks.model import Row, rate_ratio
from tests.peers.dcmjs import DcmjsWindow
from tests.peers.orthanc import Orthanc
from tests.peers.programs import find

WINDOWS = (1, 2, 4, 16, 0)
LATENCIES = (0.0, 0.002, 0.020)


def add_clients(bench: Bench, row: Row, address: str, counts: tuple[int, int], label: str) -> None:
    """assocsh, echoscu, pynetdicom and dcmjs-dimse; ``counts`` for the quick and the slow ones."""
    quick, slow = counts
    work = {"kind": "echo", "peer": address, "contexts": "verification"}
    row.clients[f"assocsh{label}"] = bench.worker("assocsh_scu", {**work, "count": quick})
    program = find("echoscu")
    if program is not None:
        argv = [program, "-aec", ae_of(address), *host_and_port(address)]
        row.clients[f"echoscu{label}"] = bench.program(
            [*argv, "--repeat", str(slow if label else quick)],
            argv,
            slow if label else quick,
        )
    else:
        row.missing.append("echoscu: DCMTK is not installed")
    row.clients[f"pynetdicom{label}"] = bench.worker("pynetdicom_scu", {**work, "count": slow})
    if label:
        return
    dcmjs = bench.dcmjs({**work, "count": slow})
    if dcmjs is not None:
        row.clients["dcmjs-dimse"] = dcmjs
    else:
        row.missing.append("dcmjs-dimse: not installed (scripts/test installs it)")


def echo(bench: Bench) -> Row:
    """C-ECHO one after another."""
    row = Row("echo", "C-ECHO one after another, to storescp with TCP_NODELAY=1", "echo/s")
    address = bench.storescp(nodelay=True)
    if address is None:
        row.missing.append("everything: storescp (DCMTK) is not installed")
        return row
    add_clients(bench, row, address, (bench.count(5000, 1500), bench.count(300, 60)), "")
    row.figures += [rate_ratio("assocsh", "echoscu", 0.5)]
    return row


def echo_stock(bench: Bench) -> Row:
    """C-ECHO to peers as they are installed."""
    row = Row(
        "echo-stock",
        "the same to peers whose sockets leave Nagle on: stock storescp and Orthanc",
        "echo/s",
    )
    counts = (bench.count(2000, 500), bench.count(60, 20))
    address = bench.storescp(nodelay=False)
    if address is not None:
        add_clients(bench, row, address, counts, ", stock storescp")
        row.figures.append(
            rate_ratio("assocsh, stock storescp", "echoscu, stock storescp", 10.0),
        )
    if find("orthanc") is not None:
        orthanc = bench.stack.enter_context(Orthanc(bench.fresh()))
        add_clients(bench, row, orthanc.address, counts, ", Orthanc")
        row.figures.append(rate_ratio("assocsh, Orthanc", "echoscu, Orthanc", 10.0))
    else:
        row.missing.append("Orthanc: not installed")
    return row


def echo_window(bench: Bench) -> Row:
    """C-ECHO under windows, to a peer with latency."""
    row = Row(
        "echo-window",
        "C-ECHO all at once under windows of 1, 2, 4, 16 and 0 (unlimited), to an acceptor of "
        "assocsh's that answers after 0, 2 and 20 ms",
        "echo/s",
        rounds=3,
    )
    for latency in LATENCIES:
        address, _ = bench.fast_scp("--latency", str(latency))
        for window in WINDOWS:
            name = f"window {window}, {latency * 1000:g} ms"
            full = 5000 if not latency else min(3000, int(60 * (window or 50) * 0.02 / latency))
            work = {
                "kind": "echo",
                "peer": address,
                "contexts": "verification",
                "window": window,
                "count": bench.count(full, max(16, full // 4)),
            }
            row.clients[name] = bench.worker("assocsh_scu", work)
    row.figures.append(rate_ratio("window 16, 20 ms", "window 1, 20 ms", 12.0))
    row.missing.append("DCMTK, pynetdicom and dcmjs-dimse as requestors: they propose no window")
    return row


def echo_window_dcmjs(bench: Bench) -> Row:
    """The same to an independent acceptor that grants windows."""
    row = Row(
        "echo-window-dcmjs",
        "C-ECHO under windows to dcmjs-dimse, which grants them and answers after 0 to 40 ms",
        "echo/s",
        rounds=3,
    )
    if find("dcmjs") is None:
        row.missing.append("everything: dcmjs-dimse is not installed")
        return row
    peer = bench.stack.enter_context(DcmjsWindow(bench.fresh(), max_delay=40))
    for window in WINDOWS:
        full = 60 * (window or 30)
        work = {
            "kind": "echo",
            "peer": peer.address,
            "contexts": "verification",
            "window": window,
            "count": bench.count(full, max(16, full // 3)),
        }
        row.clients[f"window {window}"] = bench.worker("assocsh_scu", work)
    return row
