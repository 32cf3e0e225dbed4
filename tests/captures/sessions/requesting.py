"""Sessions in which a request fails, or is answered in a way that is out of order."""

from __future__ import annotations

import socket

from assocsh.wire.findings.finding import Who
from tests.captures.sessions.going_well import STUDIES
from tests.captures.sessions.scripts import (
    accept,
    dialled,
    pause,
    receive,
    request,
    until_the_end,
)
from tests.captures.sessions.stage import Stage, answering, of_patient, session
from tests.peers import scripted
from tests.peers.dcmtk import Dcmqrscp, Storescp, Wlmscpfs, scu
from tests.peers.orthanc import Orthanc
from tests.peers.ours import Serve
from tests.peers.process import free_port
from tests.peers.workflow import Strict, item

MATCH = scripted.element(0x00080052, b"STUDY ") + scripted.element(0x00100020, b"123 ")


@session("move-destination-unknown", "move-destination-unknown", Who.ACCEPTOR)
def move_destination_unknown(stage: Stage) -> None:
    """movescu, the practice archive."""
    with Serve(stage.folder) as serve, stage.recorded(serve.port):
        keys = ("-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=PRC-1001")
        scu("movescu", serve.port, "-P", "-aem", "NOWHERE", *keys, called="PRACTICE")


@session("move-destination-unknown-orthanc", "status", Who.ACCEPTOR)
def move_destination_unknown_orthanc(stage: Stage) -> None:
    """Orthanc, which has a way of its own to say so."""
    (one,) = stage.instances()
    with Orthanc(stage.folder / "a") as peer:
        peer.upload(one.path)
        with stage.recorded(peer.port):
            scu("movescu", peer.port, *of_patient(one), "-aem", "NOWHERE", called=peer.ae)


@session("move-not-delivered", "connection-refused", Who.ACCEPTOR)
def move_not_delivered(stage: Stage) -> None:
    """dcmqrscp, and nobody listens where the destination should be."""
    (one,) = stage.instances()
    nobody = free_port()
    with Dcmqrscp(stage.folder / "a", destinations={"AWAY": nobody}) as peer:
        scu("storescu", peer.port, "--", one.path, called=peer.ae)
        with stage.recorded(peer.port, nobody):
            scu("movescu", peer.port, *of_patient(one), "-aem", "AWAY", called=peer.ae)


@session("move-rejected-there", "rejected", Who.ACCEPTOR)
def move_rejected_there(stage: Stage) -> None:
    """The destination rejects who delivers."""
    (one,) = stage.instances()
    with Storescp(stage.folder / "b", "--refuse") as storescp:
        destinations = {"AWAY": storescp.port}
        with Dcmqrscp(stage.folder / "a", destinations=destinations) as peer:
            scu("storescu", peer.port, "--", one.path, called=peer.ae)
            with stage.recorded(peer.port, storescp.port):
                scu("movescu", peer.port, *of_patient(one), "-aem", "AWAY", called=peer.ae)


@session("get-without-role", "get-role-not-granted", Who.REQUESTOR)
def get_without_role(stage: Stage) -> None:
    """A C-GET without role selection, to dcmqrscp."""
    (file,) = stage.files()
    with Dcmqrscp(stage.folder / "a") as peer:
        scu("storescu", peer.port, "--", file, called=peer.ae)
        asked = scripted.command(affected_class="1.2.840.10008.5.1.4.1.2.1.3", field=scripted.C_GET,
                                 message_id=1, priority=0, data_set_type=1)  # fmt: skip
        keys = scripted.element(0x00080052, b"PATIENT ") + scripted.element(0x00100020, b"* ")
        contexts = [(1, "1.2.840.10008.5.1.4.1.2.1.3", [scripted.IMPLICIT]),
                    (3, scripted.CT, [scripted.EXPLICIT, scripted.IMPLICIT])]  # fmt: skip
        with stage.recorded(peer.port):
            dialled(peer.port, scripted.message(1, asked, keys), contexts=contexts, called=peer.ae)


@session("level-unknown", "level-unknown", Who.REQUESTOR)
def level_unknown(stage: Stage) -> None:
    """A level that there is not: dcmqrscp answers 0xC000, which does not say why."""
    with Dcmqrscp(stage.folder / "a") as peer, stage.recorded(peer.port):
        scu("findscu", peer.port, "-S", "-k", "QueryRetrieveLevel=BOGUS", called=peer.ae)


@session("level-missing", "level-missing", Who.REQUESTOR)
def level_missing(stage: Stage) -> None:
    """A query without its level, to Orthanc."""
    with Orthanc(stage.folder / "a") as peer, stage.recorded(peer.port):
        scu("findscu", peer.port, "-S", "-k", "PatientID=1", called=peer.ae)


@session("nothing-matched", "nothing-matched", Who.REQUESTOR)
def nothing_matched(stage: Stage) -> None:
    """Orthanc has no such patient."""
    with Orthanc(stage.folder / "a") as peer, stage.recorded(peer.port):
        scu("findscu", peer.port, *STUDIES, "-k", "PatientID=NOBODY", called=peer.ae)


@session("step-refused", "status", Who.REQUESTOR)
def step_refused(stage: Stage) -> None:
    """MPPS: the step is completed twice."""
    (file,) = stage.files()
    with Strict(stage.folder) as peer, stage.recorded(int(peer.address.rpartition(":")[2])):
        uid = "1.2.3.4"
        stage.shell(peer.address, "-c", f"mpps start '{file}' --uid {uid}",
                    "-c", f"mpps complete '{file}'",
                    "-c", f"n-set ModalityPerformedProcedureStep {uid} "
                    "PerformedProcedureStepStatus=COMPLETED")  # fmt: skip


@session("no-answer", "no-answer", Who.ACCEPTOR)
def no_answer(stage: Stage) -> None:
    """The association stands, the answer does not come, and echoscu gives up."""

    def silent(connection: socket.socket) -> None:
        accept(connection)
        until_the_end(connection)

    with answering(silent) as port, stage.recorded(port):
        scu("echoscu", port, "-to", "2", "-ta", "2", "-td", "2")


@session("slow", "silence", Who.ACCEPTOR)
def slow(stage: Stage) -> None:
    """storescp sleeps before it answers."""
    with Storescp(stage.folder, "--sleep-during", "2") as peer, stage.recorded(peer.port):
        scu("storescu", peer.port, "--", *stage.files())


@session("text-without-character-set", "character-set", Who.ACCEPTOR)
def text_without_character_set(stage: Stage) -> None:
    """wlmscpfs serves what stands in its files: Latin-1 that is not declared."""
    made = item(1, "Mueller^Joerg", "MR", "20260105")
    made.PatientName = "Müller^Jörg".encode("latin-1")
    del made.SpecificCharacterSet
    with Wlmscpfs(stage.folder, [made]) as peer, stage.recorded(peer.port):
        scu("findscu", peer.port, "-W", "-k", "PatientName", "-k", "PatientID", called=peer.ae)


@session("query-without-character-set", "character-set", Who.REQUESTOR)
def query_without_character_set(stage: Stage) -> None:
    """A name in UTF-8, and no word of it."""
    with Orthanc(stage.folder / "a") as peer, stage.recorded(peer.port):
        scu("findscu", peer.port, *STUDIES, "-k", "PatientName=Müller*", called=peer.ae)


@session("odd-length", "odd-length", Who.REQUESTOR)
def odd_length(stage: Stage) -> None:
    """Keys of three bytes and of one, to dcmqrscp."""
    level = scripted.element(0x00080052, b"STUDY ")
    _query(stage, level + scripted.element(0x00100020, b"123") + scripted.element(0x00200010, b"4"))


@session("encoded-otherwise", "encoding", Who.REQUESTOR)
def encoded_otherwise(stage: Stage) -> None:
    """Explicit VR where Implicit VR was accepted, to dcmqrscp."""
    _query(stage, b"\x08\x00\x52\x00CS\x06\x00STUDY \x10\x00\x20\x00LO\x04\x00123 ")


def _query(stage: Stage, keys: bytes) -> None:
    asked = scripted.command(affected_class=scripted.STUDY_FIND, field=scripted.C_FIND,
                             message_id=1, priority=0, data_set_type=1)  # fmt: skip
    with Dcmqrscp(stage.folder / "a") as peer, stage.recorded(peer.port):
        contexts = [(1, scripted.STUDY_FIND, [scripted.IMPLICIT])]
        dialled(peer.port, scripted.message(1, asked, keys), contexts=contexts, called=peer.ae)


@session("pending-without-data-set", "pending-without-data-set", Who.ACCEPTOR)
def pending_without_data_set(stage: Stage) -> None:
    """A match that has no identifier."""

    def script(connection: socket.socket) -> None:
        accept(connection)
        asked = request(connection)
        connection.sendall(scripted.response(asked, 0xFF00) + scripted.response(asked))
        until_the_end(connection)

    with answering(script) as port, stage.recorded(port):
        scu("findscu", port, *STUDIES)


@session("cancel-ignored", "cancel-without-effect", Who.NOBODY)
def cancel_ignored(stage: Stage) -> None:
    """findscu cancels after two matches, and gets all of them."""

    def script(connection: socket.socket) -> None:
        accept(connection)
        asked = request(connection)
        for _ in range(3):
            connection.sendall(scripted.response(asked, 0xFF00, MATCH))
        receive(connection)
        for _ in range(4):
            connection.sendall(scripted.response(asked, 0xFF00, MATCH))
        connection.sendall(scripted.response(asked))
        until_the_end(connection)

    with answering(script) as port, stage.recorded(port):
        scu("findscu", port, *STUDIES, "--cancel", "2")


@session("response-unmatched", "response-unmatched", Who.ACCEPTOR)
def response_unmatched(stage: Stage) -> None:
    """An answer to a request that nobody made, before the right one."""

    def script(connection: socket.socket) -> None:
        accept(connection)
        asked = request(connection)
        connection.sendall(scripted.response(asked, responded_id=99))
        pause(0.2)
        connection.sendall(scripted.response(asked))
        until_the_end(connection)

    with answering(script) as port, stage.recorded(port):
        scu("echoscu", port)


@session("status-undefined", "status-undefined", Who.ACCEPTOR)
def status_undefined(stage: Stage) -> None:
    """A status that is in no table."""

    def script(connection: socket.socket) -> None:
        accept(connection)
        connection.sendall(scripted.response(request(connection), 0x4711))
        until_the_end(connection)

    with answering(script) as port, stage.recorded(port):
        scu("echoscu", port)
