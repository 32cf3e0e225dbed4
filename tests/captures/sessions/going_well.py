"""Sessions in which nothing goes wrong, at most slowly: of other peers, services and windows."""

from __future__ import annotations

from assocsh.wire.findings.finding import Who
from tests.captures.sessions.stage import Stage, of_patient, session
from tests.peers.ctn import SimpleStorage, dicom_echo, send_image
from tests.peers.dcmjs import DcmjsWindow
from tests.peers.dcmtk import Dcmprscp, Dcmqrscp, Storescp, scu
from tests.peers.dicom_files import write_series
from tests.peers.gdcmscu import gdcmscu
from tests.peers.odil_tools import odil
from tests.peers.orthanc import Orthanc
from tests.peers.ours import Serve
from tests.peers.process import free_port
from tests.peers.workflow import Strict

STUDIES = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientName", "-k", "StudyInstanceUID")


@session("echo")
def echo(stage: Stage) -> None:
    """echoscu, storescp."""
    with Storescp(stage.folder / "a") as storescp, stage.recorded(storescp.port):
        scu("echoscu", storescp.port)


@session("store")
def store(stage: Stage) -> None:
    """storescu, storescp."""
    files = stage.files()
    with Storescp(stage.folder / "a") as storescp, stage.recorded(storescp.port):
        scu("storescu", storescp.port, "-xi", "--", *files)


@session("store-over-sll")
def store_over_sll(stage: Stage) -> None:
    """Taken on all interfaces, as Linux cooked packets: on loopback each packet comes twice."""
    files = stage.files()
    with Storescp(stage.folder / "a") as storescp:
        with stage.recorded(storescp.port, interface="any", link="LINUX_SLL"):
            scu("storescu", storescp.port, "-xi", "--", *files)


@session("echo-over-sll2")
def echo_over_sll2(stage: Stage) -> None:
    """The same with version 2 of that link type."""
    with Storescp(stage.folder / "a", nodelay=True) as storescp:
        with stage.recorded(storescp.port, interface="any", link="LINUX_SLL2"):
            scu("echoscu", storescp.port, "--repeat", "6")


@session("find")
def find(stage: Stage) -> None:
    """findscu, the practice archive."""
    with Serve(stage.folder) as serve, stage.recorded(serve.port):
        scu("findscu", serve.port, *STUDIES, called="PRACTICE")


@session("orthanc")
def orthanc(stage: Stage) -> None:
    """Two stores, a query at Orthanc."""
    files = stage.files(2)
    with Orthanc(stage.folder / "a") as peer, stage.recorded(peer.port):
        scu("storescu", peer.port, "-xi", "--", *files, called=peer.ae)
        scu("findscu", peer.port, *STUDIES, called=peer.ae)


@session("get")
def get(stage: Stage) -> None:
    """getscu, Orthanc: C-STORE on the same association."""
    (one,) = stage.instances()
    with Orthanc(stage.folder / "a") as peer:
        peer.upload(one.path)
        with stage.recorded(peer.port):
            scu("getscu", peer.port, *of_patient(one), "-od", stage.folder, called=peer.ae)


@session("move")
def move(stage: Stage) -> None:
    """movescu, Orthanc and storescp: two associations."""
    (one,) = stage.instances()
    with Storescp(stage.folder / "b") as storescp, Orthanc(stage.folder / "a") as peer:
        peer.add_modality("AWAY", storescp.port)
        peer.upload(one.path)
        with stage.recorded(peer.port, storescp.port):
            scu("movescu", peer.port, *of_patient(one), "-aem", "AWAY", called=peer.ae)


@session("window-out-of-order")
def window_out_of_order(stage: Stage) -> None:
    """A window of 8; dcmjs-dimse answers after random delays."""
    with DcmjsWindow(stage.folder, max_delay=60, seed=5) as peer, stage.recorded(peer.port):
        stage.shell(peer.address, "--window", "8", "-c", "echo --repeat 8; find study & "
                    "echo --repeat 24 & find study & wait")  # fmt: skip


@session("gdcm")
def gdcm(stage: Stage) -> None:
    """GDCM asks the practice archive."""
    with Serve(stage.folder) as serve, stage.recorded(serve.port):
        gdcmscu(serve.port, "--echo", called=serve.ae)


@session("ctn", "delayed-acknowledgement", Who.REQUESTOR)
def ctn(stage: Stage) -> None:
    """The Central Test Node on both sides, and both write a message in two pieces."""
    with SimpleStorage(stage.folder / "a") as peer, stage.recorded(peer.port):
        dicom_echo(peer.port, called=peer.ae, times=3)
        send_image(peer.port, *stage.files(), called=peer.ae)


@session("odil")
def odil_asks(stage: Stage) -> None:
    """odil asks dcmqrscp."""
    with Dcmqrscp(stage.folder / "a") as peer, stage.recorded(peer.port):
        odil("echo", peer.port, called=peer.ae)


@session("commitment")
def commitment(stage: Stage) -> None:
    """Storage commitment; the report comes on an association of its own."""
    (file,) = stage.files()
    port = free_port()
    with Serve(stage.folder, destinations={"ASSOCSH": port}) as serve:
        with stage.recorded(serve.port, port):
            stage.shell(serve.address, "--contexts", "storage,StorageCommitmentPushModel", "-c",
                        f"listen --port {port} --to in; store '{file}'; commit")  # fmt: skip


@session("procedure-step")
def procedure_step(stage: Stage) -> None:
    """MPPS: N-CREATE and N-SET, at a strict peer."""
    (file,) = stage.files()
    with Strict(stage.folder) as peer, stage.recorded(int(peer.address.rpartition(":")[2])):
        stage.shell(peer.address, "-c", f"mpps start '{file}'; mpps complete '{file}'")


@session("unified-procedure-step")
def unified_procedure_step(stage: Stage) -> None:
    """UPS: made, claimed, changed, read."""
    with Strict(stage.folder) as peer, stage.recorded(int(peer.address.rpartition(":")[2])):
        stage.shell(peer.address, "-c", "ups create --label A PatientID=1; ups claim; "
                    "ups update --progress 50; ups get ProcedureStepState")  # fmt: skip


@session("print")
def print_(stage: Stage) -> None:
    """A film at dcmprscp."""
    (one,) = write_series(stage.folder / "images", 1, side=16)
    with Dcmprscp(stage.folder / "a") as peer, stage.recorded(peer.port):
        stage.shell(
            peer.address,
            "--contexts",
            "print",
            "-c",
            f"print '{one.path}' --medium PAPER --film 8INX10IN",
        )
