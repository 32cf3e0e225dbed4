"""The commands that send DIMSE requests, and those that look after requests."""

from __future__ import annotations

from assocsh.language.model import CommandSpec, Option, Parameter, Slot

SERVICES = "Services"
REQUESTS = "Requests"

LEVELS = ("patient", "study", "series", "image")
MODELS = ("patient", "study", "patient-study")

_KEYS = Parameter(
    "key", Slot.KEY, repeated=True, summary="Keyword=value, or a bare Keyword to ask for it"
)
_OF = Option("--of", Slot.ROW, "ROW", summary="the keys of this row of the last find, filled in")
_MODEL = Option("--model", Slot.CHOICE, "MODEL", MODELS, summary="information model to use")
_COMPARE = Option(
    "--compare",
    Slot.FILE,
    "PATH",
    summary="fail unless it is, bit for bit, what this file or folder has",
)
_REPEAT = Option("--repeat", Slot.INTEGER, "N", summary="N requests at once, one summary")
_CLASS = Parameter("class", Slot.SOP_CLASS, required=True, summary="SOP class, keyword or UID")
_INSTANCE = Parameter("instance", Slot.UID, required=True, summary="SOP Instance UID")


def _level(*levels: str) -> Parameter:
    return Parameter("level", Slot.LEVEL, levels, required=True, summary=", ".join(levels))


SERVICE_COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        "echo",
        "C-ECHO: does the peer answer?",
        SERVICES,
        aliases=("c-echo",),
        options=(_REPEAT,),
        examples=("echo", "echo --repeat 100", "echo & echo"),
        section="PS3.7 9.1.5 (C-ECHO), PS3.4 A (Verification)",
        sends=True,
        service="C-ECHO",
    ),
    CommandSpec(
        "find",
        "C-FIND: query for patients, studies, series, images or worklist items",
        SERVICES,
        aliases=("c-find",),
        parameters=(_level(*LEVELS, "worklist"), _KEYS),
        options=(
            _OF,
            Option("--limit", Slot.INTEGER, "N", summary="C-CANCEL after N matches"),
            Option(
                "--model",
                Slot.CHOICE,
                "MODEL",
                (*MODELS, "worklist"),
                summary="information model to query",
            ),
            _REPEAT,
        ),
        examples=(
            'find study PatientName="DOE*" StudyDate=20260101- StudyDescription',
            "find worklist ScheduledProcedureStepSequence[0].Modality=CT",
            "find series --of 2",
        ),
        section="PS3.7 9.1.2 (C-FIND), PS3.4 C.4.1 and K.4.1",
        sends=True,
        details="With no keys to return, the usual ones of the level are asked for.",
        service="C-FIND",
    ),
    CommandSpec(
        "get",
        "C-GET: receive instances over this association",
        SERVICES,
        aliases=("c-get",),
        parameters=(_level(*LEVELS), _KEYS),
        options=(
            Option("--to", Slot.DIRECTORY, "DIR", summary="folder for what arrives (.)"),
            _COMPARE,
            _OF,
            _MODEL,
        ),
        examples=(
            "get study StudyInstanceUID=${#2.rsp[0].StudyInstanceUID} --to ./in &",
            "get series --of 1 --to ./in --compare ./sent",
            "get study StudyInstanceUID=1.2.826.0.1.3680043.2.1",
        ),
        section="PS3.7 9.1.3 (C-GET), PS3.4 C.4.3",
        sends=True,
        service="C-GET",
    ),
    CommandSpec(
        "move",
        "C-MOVE: have the peer send instances to an AE title",
        SERVICES,
        aliases=("c-move",),
        parameters=(_level(*LEVELS), _KEYS),
        options=(
            Option("--to", Slot.AE_TITLE, "AET", summary="destination that the peer knows (ours)"),
            _COMPARE,
            _OF,
            _MODEL,
        ),
        examples=(
            "listen --port 11113 --to ./in; move study --of 1 --to ASSOCSH",
            "move series --of 2 --to ASSOCSH &",
            "move study StudyInstanceUID=1.2.826.0.1.3680043.2.1 --to WORKSTATION",
        ),
        section="PS3.7 9.1.4 (C-MOVE), PS3.4 C.4.2",
        sends=True,
        service="C-MOVE",
    ),
    CommandSpec(
        "store",
        "C-STORE: send files or folders",
        SERVICES,
        aliases=("c-store",),
        parameters=(
            Parameter("path", Slot.FILE, required=True, repeated=True, summary="files or folders"),
        ),
        options=(Option("--recursive", summary="folders inside folders too"), _REPEAT),
        examples=("store ~/images --recursive", "store ct.dcm mr.dcm", "store ct.dcm --repeat 50"),
        section="PS3.7 9.1.1 (C-STORE), PS3.4 B (Storage)",
        sends=True,
        service="C-STORE",
    ),
    CommandSpec(
        "n-create",
        "N-CREATE: make an instance at the peer",
        SERVICES,
        parameters=(_CLASS, _KEYS),
        options=(Option("--uid", Slot.UID, "UID", summary="its UID (the peer chooses)"),),
        examples=(
            "n-create ModalityPerformedProcedureStep PerformedProcedureStepStatus='IN PROGRESS'",
            "n-create BasicFilmSession NumberOfCopies=1",
            "n-create ModalityPerformedProcedureStep --uid 1.2.826.0.1.3680043.2.5 Modality=CT",
        ),
        section="PS3.7 10.1.5 (N-CREATE)",
        sends=True,
    ),
    CommandSpec(
        "n-set",
        "N-SET: change attributes of an instance",
        SERVICES,
        parameters=(_CLASS, _INSTANCE, _KEYS),
        examples=(
            "n-set ModalityPerformedProcedureStep 1.2.826.0.1.3680043.2.5 "
            "PerformedProcedureStepStatus=COMPLETED",
            "n-set BasicFilmSession $session FilmDestination=MAGAZINE",
            "n-set BasicFilmBox 1.2.826.0.1.3680043.2.6 BorderDensity=BLACK",
        ),
        section="PS3.7 10.1.3 (N-SET)",
        sends=True,
    ),
    CommandSpec(
        "n-get",
        "N-GET: read attributes of an instance",
        SERVICES,
        parameters=(
            _CLASS,
            _INSTANCE,
            Parameter("tag", Slot.TAG, repeated=True, summary="attributes (all)"),
        ),
        examples=(
            "n-get Printer 1.2.840.10008.5.1.1.17",
            "n-get Printer 1.2.840.10008.5.1.1.17 PrinterStatus PrinterStatusInfo",
            "n-get ModalityPerformedProcedureStepRetrieve $step",
        ),
        section="PS3.7 10.1.2 (N-GET)",
        sends=True,
    ),
    CommandSpec(
        "n-action",
        "N-ACTION: have the peer do something with an instance",
        SERVICES,
        parameters=(
            _CLASS,
            _INSTANCE,
            Parameter("type", Slot.INTEGER, required=True, summary="action type ID"),
            _KEYS,
        ),
        examples=(
            "n-action StorageCommitmentPushModel 1.2.840.10008.1.20.1.1 1 "
            "TransactionUID=1.2.826.0.1.3680043.2.7",
            "n-action BasicFilmSession 1.2.826.0.1.3680043.2.8 1",
            "n-action BasicFilmBox $box 1",
        ),
        section="PS3.7 10.1.4 (N-ACTION)",
        sends=True,
    ),
    CommandSpec(
        "n-delete",
        "N-DELETE: remove an instance",
        SERVICES,
        parameters=(_CLASS, _INSTANCE),
        examples=(
            "n-delete BasicFilmSession 1.2.826.0.1.3680043.2.8",
            "n-delete BasicFilmBox $box",
            "n-delete BasicFilmSession ${last.AffectedSOPInstanceUID}",
        ),
        section="PS3.7 10.1.6 (N-DELETE)",
        sends=True,
    ),
    CommandSpec(
        "commit",
        "Storage Commitment: will the peer keep what a store sent?",
        SERVICES,
        parameters=(Parameter("request", Slot.REQUEST, summary="a store (the last one)"),),
        options=(Option("--wait", Slot.DURATION, "TIME", summary="for the answer (60s)"),),
        examples=("commit", "commit #3", "commit #3 --wait 5m"),
        section="PS3.4 J (Storage Commitment)",
        sends=True,
        uses_results=True,
        refers_to_request=True,
        service="N-ACTION",
    ),
    CommandSpec(
        "mpps",
        "Modality Performed Procedure Step: start, complete or discontinue one",
        SERVICES,
        parameters=(
            Parameter(
                "step", Slot.CHOICE, ("start", "complete", "discontinue"), True, summary="what"
            ),
            _KEYS,
        ),
        options=(_OF, Option("--uid", Slot.UID, "UID", summary="which step (the last started)")),
        examples=("mpps start --of 1", "mpps complete", "mpps discontinue Modality=CT"),
        section="PS3.4 F.7 (Modality Performed Procedure Step)",
        sends=True,
        service="N-CREATE",
    ),
)

REQUEST_COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        "requests",
        "every request: id, state, time, responses",
        REQUESTS,
        options=(Option("--pending", summary="only those without a final response"),),
        examples=("requests", "requests --pending", "echo --repeat 20 & requests"),
        at_once=True,
    ),
    CommandSpec(
        "cancel",
        "cancel a request: withdrawn if queued, C-CANCEL for find, get and move",
        REQUESTS,
        parameters=(
            Parameter(
                "request", Slot.REQUEST, ("all",), True, summary="request number, or all of them"
            ),
        ),
        examples=("cancel 7", "cancel #7", "cancel all"),
        section="PS3.7 9.3.2.3 (C-CANCEL-FIND-RQ)",
        at_once=True,
    ),
    CommandSpec(
        "wait",
        "wait until requests are done",
        REQUESTS,
        parameters=(
            Parameter("request", Slot.REQUEST, ("all",), summary="request number (all of them)"),
        ),
        options=(Option("--timeout", Slot.DURATION, "TIME", summary="at most this long"),),
        examples=("wait", "wait #7", "wait all --timeout 30s"),
        barrier=True,
    ),
    CommandSpec(
        "show",
        "results again: all rows of a request, or one row in full",
        REQUESTS,
        parameters=(
            Parameter("request", Slot.REQUEST, summary="request number (the last with results)"),
            Parameter("row", Slot.ROW, summary="one row, every element"),
        ),
        examples=("show", "show #2", "show #2 1"),
        uses_results=True,
        refers_to_request=True,
    ),
)
