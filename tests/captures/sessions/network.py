"""Sessions in which the network or TCP is the matter, and captures that lack something."""

from __future__ import annotations

import gzip
import socket

from assocsh.wire.captures.blocks import packets
from assocsh.wire.findings.finding import Who
from tests.captures.building import Frame
from tests.captures.sessions.scripts import accept, pause, request, until_the_end
from tests.captures.sessions.stage import Stage, answering, path_of, session
from tests.captures.tunnel import PEER, Fate, Packet, Tunnel, passes
from tests.peers import scripted
from tests.peers.dcmtk import Storescp, scu
from tests.peers.dicom_files import write_series
from tests.peers.ours import Serve
from tests.peers.run import run


def _tunnelled(stage: Stage, fate: Fate, *words: str, side: int = 64) -> None:
    """storescu or echoscu over the tunnel."""
    files = [each.path for each in write_series(stage.folder / "files", 3, side=side)]
    storescp = Storescp(stage.folder / "a", nodelay=True)
    with Tunnel(storescp.port, fate) as tunnel, storescp:
        names = files if words[0] == "storescu" else []
        run(*words, "-aec", storescp.ae, PEER, storescp.port, *names)
        tunnel.quiet()
    stage.keep_frames(101, tunnel.frames)


@session("over-a-network")
def over_a_network(stage: Stage) -> None:
    """Packets of 1,500 bytes, none of them lost."""
    _tunnelled(stage, passes, "storescu")


@session("packets-lost", "retransmissions", Who.BETWEEN)
def packets_lost(stage: Stage) -> None:
    """Every fifth packet with data is lost on its way to the peer."""

    def fate(packet: Packet) -> str:
        lost = not packet.of_peer and packet.size > 100 and packet.number % 5 == 0
        return "lose" if lost else "pass"

    _tunnelled(stage, fate, "storescu")


@session("packets-lost-on-the-way-here")
def packets_lost_on_the_way_here(stage: Stage) -> None:
    """Some of the peer's are lost before they are seen here: too few to speak of."""
    _tunnelled(
        stage,
        lambda packet: "lose" if packet.of_peer and packet.number in (6, 11) else "pass",
        "storescu",
    )


@session("packets-out-of-order")
def packets_out_of_order(stage: Stage) -> None:
    """One in seven overtakes the one before it; all arrive."""
    _tunnelled(
        stage,
        lambda packet: "wait" if packet.size > 100 and packet.number % 7 == 0 else "pass",
        "storescu",
    )


@session("peer-vanished", "not-acknowledged", Who.BETWEEN)
def peer_vanished(stage: Stage) -> None:
    """In the middle of a session nothing comes from the peer any more, not even TCP."""
    _tunnelled(
        stage,
        lambda packet: "lose" if packet.of_peer and packet.number > 9 else "pass",
        *("echoscu", "--repeat", "50", "-td", "4", "-to", "4", "-ta", "4"),
    )


@session("connection-unanswered", "connection-unanswered", Who.BETWEEN)
def connection_unanswered(stage: Stage) -> None:
    """A firewall lets nothing through, to a port where there was an answer before."""
    storescp = Storescp(stage.folder / "a")
    closed: list[bool] = []
    with Tunnel(storescp.port, lambda packet: "lose" if closed else "pass") as tunnel, storescp:
        run("echoscu", PEER, storescp.port)
        closed.append(True)
        run("echoscu", "-to", "4", PEER, storescp.port)
        tunnel.quiet()
    stage.keep_frames(101, tunnel.frames)


@session("delayed-acknowledgements", "delayed-acknowledgement", Who.REQUESTOR)
def delayed_acknowledgements(stage: Stage) -> None:
    """storescu with Nagle's algorithm on."""
    files = [each.path for each in write_series(stage.folder / "files", 6, side=8)]
    with Storescp(stage.folder / "a", nodelay=True) as storescp, stage.recorded(storescp.port):
        stage.slowly("storescu", "127.0.0.1", storescp.port, *files)


@session("receive-window-full", "receive-window-full", Who.ACCEPTOR)
def receive_window_full(stage: Stage) -> None:
    """A peer with a small buffer that does not read for a while."""
    (file,) = write_series(stage.folder / "files", 1, side=256)

    def script(connection: socket.socket) -> None:
        accept(connection)
        pause(0.7)
        connection.sendall(scripted.response(request(connection)))
        until_the_end(connection)

    with answering(script, receive=4096) as port, stage.recorded(port):
        scu("storescu", port, "--", file.path)


def _frames(name: str) -> tuple[int, list[Frame]]:
    """The packets of another session's capture, and their link type."""
    found = list(packets(path_of(name), []))
    return found[0].link, [Frame(each.data, each.time, each.length) for each in found]


@session("begun-later")
def begun_later(stage: Stage) -> None:
    """A query of which the beginning is not in the capture."""
    link, frames = _frames("find")
    first = next(at for at, each in enumerate(frames) if each.data[66:67] == b"\4")
    stage.keep_frames(link, frames[first:])


@session("bytes-missing")
def bytes_missing(stage: Stage) -> None:
    """Who captured was too slow: packets of a store are missing, and nobody is blamed."""
    link, frames = _frames("over-a-network")
    long = [at for at, each in enumerate(frames) if len(each.data) > 1400]
    stage.keep_frames(link, [each for at, each in enumerate(frames) if at not in long[-8:-5]])


@session("cut-packets")
def cut_packets(stage: Stage) -> None:
    """Only the first 160 bytes of each packet."""
    link, frames = _frames("over-a-network")
    stage.keep_frames(link, [Frame(each.data[:160], each.time, len(each.data)) for each in frames])


@session("vlan")
def vlan(stage: Stage) -> None:
    """Behind the mirror port of a switch: a tag of a VLAN, every packet twice."""
    _, frames = _frames("store")
    tag = b"\x81\0\0\7"
    tagged = [Frame(each.data[:12] + tag + each.data[12:], each.time) for each in frames]
    twice = [Frame(each.data, each.time + at) for each in tagged for at in (0.0, 0.00002)]
    stage.keep_frames(1, twice)


@session("upper-pdu")
def upper_pdu(stage: Stage) -> None:
    """PDUs without packets, as assocsh writes them."""
    with Serve(stage.folder) as serve:
        stage.shell(serve.address, "-c", "capture a.pcapng --form upper-pdu; find study; echo")
    stage.keep((stage.folder / "a.pcapng").read_bytes(), ".pcapng")


@session("written-here")
def written_here(stage: Stage) -> None:
    """A capture of assocsh, begun in mid-association, compressed."""
    with Serve(stage.folder) as serve:
        stage.shell(serve.address, "-c", "echo; capture a.pcapng; find study; echo --repeat 3")
    stage.keep((stage.folder / "a.pcapng").read_bytes(), ".pcapng")
    assert gzip.decompress(path_of("written-here").read_bytes())
