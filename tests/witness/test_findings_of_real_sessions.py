"""Sessions between real programs: where nothing went wrong nothing is found, else the cause."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from assocsh.wire.conversation import Conversation, EndKind
from assocsh.wire.findings import Finding, Rank, Who, findings
from assocsh.wire.relating import relate
from tests.peers.dcmjs import DcmjsWindow
from tests.peers.dcmtk import Dcmqrscp, Storescp
from tests.peers.dicom_files import InstanceFile
from tests.peers.orthanc import Orthanc
from tests.peers.recording import conversation, record

HERE = ("127.0.0.1", "{port}")


def said(port: int, *argv: str | Path) -> Conversation:
    made = conversation(record(port, *argv))
    relate(made)
    return made


def wrong(made: Conversation) -> list[Finding]:
    """What was found, but for how long something took on a busy machine and what is a remark."""
    return [each for each in findings(made) if each.rank not in (Rank.SLOW, Rank.REMARK)]


def plain(instances: Sequence[InstanceFile], count: int = 6) -> list[Path]:
    """Files that every storescu can send."""
    fit = [each.path for each in instances if each.transfer_syntax == "1.2.840.10008.1.2.1"]
    return fit[:count]


def ours(*commands: str, options: Sequence[str] = ()) -> list[str]:
    words = [sys.executable, "-m", "assocsh", "X@127.0.0.1:{port}", *options]
    for command in commands:
        words += ["-c", command]
    return words


def test_storescu_to_storescp(storescp: Storescp, instances: tuple[InstanceFile, ...]) -> None:
    made = said(storescp.port, "storescu", "-R", *HERE, *plain(instances))
    (talk,) = made.talks
    assert talk.ending.kind is EndKind.RELEASED
    assert {one.name for one in talk.exchanges} == {"C-STORE"} and len(talk.exchanges) > 2
    assert wrong(made) == []


def test_a_query_and_a_retrieval_at_orthanc(
    orthanc: Orthanc, instances: tuple[InstanceFile, ...]
) -> None:
    one = instances[0]
    assert wrong(said(orthanc.port, "storescu", "-R", *HERE, one.path)) == []
    key = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={one.study}")
    found = said(orthanc.port, "findscu", "-S", *key, *HERE)
    assert found.talks[0].exchanges[0].pending_count == 1
    assert wrong(found) == []


def test_orthanc_aborts_or_fails_for_a_destination_it_does_not_know(
    orthanc: Orthanc, instances: tuple[InstanceFile, ...]
) -> None:
    one = instances[0]
    said(orthanc.port, "storescu", "-R", *HERE, one.path)
    key = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={one.study}")
    made = said(orthanc.port, "movescu", "-S", "-aem", "NOBODY", *key, *HERE)
    first = findings(made)[0]
    assert first.change is Who.ACCEPTOR
    assert first.id in ("move-destination-unknown", "aborted", "status")


def test_a_window_of_eight_answered_out_of_order(start_dcmjs: Callable[..., DcmjsWindow]) -> None:
    peer = start_dcmjs(max_delay=10)
    made = said(peer.port, *ours("echo --repeat 40", options=("--window", "8")))
    (talk,) = made.talks
    assert talk.window is not None and talk.window.invoked > 1
    assert [one.status for one in talk.exchanges] == [0] * 40
    done = [one.times.done or 0 for one in talk.exchanges]
    assert done != sorted(done)  # it was out of order
    assert wrong(made) == []


def test_a_peer_that_aborts_after_a_request(
    start_storescp: Callable[..., Storescp], instances: tuple[InstanceFile, ...]
) -> None:
    peer = start_storescp("--abort-after")
    made = said(peer.port, "storescu", "-R", *HERE, *plain(instances, 1))
    first = findings(made)[0]
    assert (first.id, first.change) == ("aborted", Who.ACCEPTOR)


def test_a_peer_that_refuses_everybody(start_storescp: Callable[..., Storescp]) -> None:
    peer = start_storescp("--refuse")
    first = findings(said(peer.port, "echoscu", *HERE))[0]
    assert (first.id, first.change) == ("rejected", Who.ACCEPTOR)


def test_no_storage_class_that_is_known(
    dcmqrscp: Dcmqrscp, instances: tuple[InstanceFile, ...]
) -> None:
    """A worklist is asked for where there is none."""
    made = said(dcmqrscp.port, "findscu", "-W", "-aec", dcmqrscp.ae, "-k", "PatientID", *HERE)
    first = findings(made)[0]
    assert (first.id, first.change) == ("no-context-accepted", Who.REQUESTOR)
