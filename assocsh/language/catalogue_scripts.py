"""The commands of session scripts and of looking at the wire."""

from __future__ import annotations

from assocsh.language.model import CommandSpec, Grammar, Option, Parameter, Slot

SCRIPTS = "Scripts"
TEACHING = "Wire"

SCRIPT_COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        "let",
        "keep a value under a name, for $name",
        SCRIPTS,
        parameters=(
            Parameter("name", Slot.TEXT, required=True, summary="letters, digits, _"),
            Parameter("= query", Slot.QUERY, required=True, summary="a query, number or 'text'"),
        ),
        examples=(
            "let uid = rsp[0].StudyInstanceUID",
            "let matches = #2.count",
            "let who = 'DOE^JANE'",
        ),
        uses_results=True,
        grammar=Grammar.ASSIGNMENT,
    ),
    CommandSpec(
        "expect",
        "check a result; a wrong one fails the script",
        SCRIPTS,
        parameters=(
            Parameter("query", Slot.QUERY, required=True, summary="status, count, rsp[0].Keyword"),
            Parameter("predicate", Slot.TEXT, required=True, summary="==, matches, exists ..."),
            Parameter("value", Slot.VALUE, summary="what it is compared with"),
        ),
        examples=(
            "expect count == 1",
            "expect #2.status == 0xA900..0xA9FF",
            "expect rsp[*].Modality includes CT",
        ),
        uses_results=True,
        grammar=Grammar.EXPECTATION,
    ),
    CommandSpec(
        "record",
        "write what is typed, and what happened, as a script",
        SCRIPTS,
        parameters=(Parameter("file", Slot.FILE, summary="the .assoc file to write"),),
        options=(
            Option("--expect", summary="add expectations of status and count"),
            Option("--redact", summary="replace patient identifiers, the same each time"),
            Option("--stop", summary="stop recording"),
        ),
        examples=("record session.assoc", "record check.assoc --expect --redact", "record --stop"),
        recorded=False,
    ),
    CommandSpec(
        "run",
        "run session scripts",
        SCRIPTS,
        parameters=(
            Parameter("file", Slot.FILE, required=True, repeated=True, summary=".assoc files"),
        ),
        options=(
            Option("--set", Slot.TEXT, "NAME=VALUE", summary="a variable", repeated=True),
            Option("--keep-going", summary="go on after a failure"),
        ),
        examples=("run tour.assoc", "run check.assoc --set id=P1", "run a.assoc b.assoc"),
        runs_scripts=True,
    ),
    CommandSpec(
        "retry",
        "run a block again until all of it passes",
        SCRIPTS,
        parameters=(
            Parameter("times", Slot.INTEGER, required=True, summary="at most so often"),
            Parameter("every", Slot.CHOICE, ("every",), required=True, summary="the word every"),
            Parameter("pause", Slot.DURATION, required=True, summary="pause between, 500ms, 2s"),
        ),
        examples=(
            "retry 10 every 1s { find study PatientID=123; expect count == 1 }",
            "retry 3 every 500ms { echo }",
            "retry 5 every 2s { open practice }",
        ),
        block=True,
    ),
)

TEACHING_COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec(
        "wire",
        "show each PDU and DIMSE message as it goes",
        TEACHING,
        parameters=(
            Parameter(
                "view",
                Slot.CHOICE,
                ("off", "summary", "detail", "hex"),
                summary="one line each, item by item, every byte",
            ),
        ),
        examples=("wire summary", "wire detail", "wire off"),
        section="PS3.8 9.3 (PDUs), PS3.7 9 and E (command sets)",
        at_once=True,
    ),
    CommandSpec(
        "explain",
        "what happened in a request, step by step, with sections of the standard",
        TEACHING,
        parameters=(Parameter("request", Slot.REQUEST, summary="request number (the last)"),),
        examples=("explain #7", "explain 7", "explain"),
        uses_results=True,
        refers_to_request=True,
    ),
    CommandSpec(
        "ladder",
        "a ladder diagram of the exchange",
        TEACHING,
        parameters=(Parameter("file", Slot.FILE, summary="an .svg file; without it, as text"),),
        examples=("ladder exchange.svg", "ladder", "ladder ./out/window.svg"),
    ),
    CommandSpec(
        "capture",
        "write what goes over the wire as a capture for Wireshark",
        TEACHING,
        parameters=(Parameter("file", Slot.FILE, summary="the .pcapng file to write"),),
        options=(Option("--stop", summary="stop capturing"),),
        examples=("capture session.pcapng", "capture --stop", "capture a.pcapng; echo"),
    ),
)
