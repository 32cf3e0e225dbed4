"""Which test proves which rule: `tests/conformance.md` is written from here.

A test names what it proves with ``@pytest.mark.rule("W5", "E2")``, ``@pytest.mark.scenario(12)``,
or in its name: ``test_12_W1_the_window``. Rules are the checklist of the standard (W window, M
messages, C cancel, R release and abort, T timers, P other negotiation), the nine rules of the
engine (E), and what other advanced clients get wrong (A). Scenarios are faults, numbered.

    python -m pytest -n 2 -m "rule or scenario" --write-conformance

writes the file; `test_conformance.py` checks that it is current.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

TESTS = Path(__file__).resolve().parent
REPORT = TESTS / "conformance.md"


class Rule(NamedTuple):
    """``section`` is where it comes from; PS3.x is the DICOM standard."""

    text: str
    section: str


RULES: Mapping[str, Rule] = {
    # The asynchronous operations window
    "W1": Rule(
        "no window item is 1/1, and none is proposed unless asked for", "PS3.7 D.3.3.3, A.4"
    ),
    "W2": Rule("0 is unlimited, 1 is synchronous", "PS3.7 D.3.3.3"),
    "W3": Rule("item 53H: invoked, then performed, 16 bits each, big endian", "PS3.7 Table D.3-7"),
    "W4": Rule("the acceptor answers no more than was offered, each number", "PS3.7 D.3.3.3.2"),
    "W5": Rule("the smaller holds, 0 is infinity; an answer above is clamped", "PS3.7 D.3.3.3.2"),
    "W6": Rule("no item asked for, none answered; one that comes is ignored", "PS3.7 D.3.3.3.2"),
    "W7": Rule(
        "each direction has its own count; the peer's requests are served at any time", "PS3.7 A.4"
    ),
    "W8": Rule("requests over the window wait; only a final response frees a place", "PS3.7 A.4"),
    "W9": Rule("responses come in any order", "PS3.7 A.4"),
    "W10": Rule("the peer's requests are held against the performed window", "PS3.7 D.3.3.3"),
    # Messages
    "M1": Rule("no two outstanding requests have one Message ID", "PS3.7 9.1.x.1.1"),
    "M2": Rule("0210H, 0211H, 0212H are answers like any other", "PS3.7 Annex C"),
    "M3": Rule("fragments of two messages never mix; one context; even lengths", "PS3.8 Annex E"),
    "M4": Rule("command sets are Implicit VR Little Endian with a group length", "PS3.7 6.3.1"),
    "M5": Rule("a failure may be answered before the request is fully sent", "PS3.7 9.3.x.4"),
    "M6": Rule("a response that matches nothing is reported, never delivered", "PS3.7 9.1"),
    "M7": Rule("only Pending C-FIND responses have an identifier", "PS3.7 9.1.2.1.5"),
    # C-CANCEL
    "C1": Rule(
        "C-CANCEL: 0FFFH, (0000,0120), no data set, no Message ID, no place", "PS3.7 9.3.2.3"
    ),
    "C2": Rule("only C-FIND, C-GET and C-MOVE can be cancelled", "PS3.7 9.3.2.3, 9.3.3.3, 9.3.4.3"),
    "C3": Rule(
        "at any time before the final response, also before the first Pending", "PS3.7 9.1.2.2"
    ),
    "C4": Rule("the end is FE00 or another final status; Pendings may still come", "PS3.4 C.4.1"),
    "C5": Rule("C-CANCEL goes on the context of its request", "PS3.7 9.3.2.3"),
    "C6": Rule("C-CANCEL never goes inside another message", "PS3.8 Annex E"),
    "C7": Rule("a cancelled C-GET or C-MOVE says what was not begun", "PS3.4 C.4.2, C.4.3"),
    # Release, abort, timers
    "R1": Rule("release waits until all that was invoked is confirmed", "PS3.7 A.5"),
    "R2": Rule("after A-RELEASE-RQ only an abort; data may still come in", "PS3.8 7.2.2, AR-6"),
    "R3": Rule("who is asked for release may still send data before it answers", "PS3.8 AR-7"),
    "R4": Rule("release collision: Sta9 to Sta12", "PS3.8 9.2, 7.2.2.7"),
    "R5": Rule("release is always answered affirmatively", "PS3.8 7.2"),
    "R6": Rule("an abort fails every outstanding operation", "PS3.7 A.6"),
    "R7": Rule("one connection is one association", "PS3.8 9.1.1"),
    "T1": Rule("ARTIM runs in Sta2 and Sta13; its end closes the connection", "PS3.8 9.1.5"),
    "T2": Rule("establishment and release have timers of their own", "PS3.8 9.1.4"),
    "T3": Rule("an unexpected PDU is answered with A-ABORT, source 2", "PS3.8 AA-8"),
    # Other negotiation
    "P1": Rule("the maximum length is what one can receive; 0 is no limit", "PS3.8 D.1"),
    "P2": Rule("roles only as proposed; no answer is the default roles", "PS3.7 D.3.3.4"),
    "P3": Rule("unknown user information items are ignored", "PS3.8 D.2"),
    "P4": Rule("a user identity response only where one was asked for", "PS3.7 D.3.3.7"),
    "P5": Rule("application context and AE titles as they must be", "PS3.7 A.2.1, PS3.8 9.3.2"),
    # The rules that the engine never breaks
    "E1": Rule("one message on the wire at a time, in lanes", "engine rule 1"),
    "E2": Rule("every request counts until it is answered and fully sent", "engine rule 2"),
    "E3": Rule(
        "Message IDs unique among all outstanding; responses matched by id and context",
        "engine rule 3",
    ),
    "E4": Rule("every operation ends exactly once, and every waiter hears it", "engine rule 4"),
    "E5": Rule(
        "a queued request is withdrawn; a sent one is cancelled and drained", "engine rule 5"
    ),
    "E6": Rule("release drains, release now does not, abort ends at once", "engine rule 6"),
    "E7": Rule(
        "a status is a result; an exception says who, which code, what it means", "engine rule 7"
    ),
    "E8": Rule("memory is bounded, the loop is never held, data stay encoded", "engine rule 8"),
    "E9": Rule(
        "what comes from outside is hostile: capped, never an untyped exception", "engine rule 9"
    ),
    # What other advanced clients get wrong
    "A1": Rule("send queues when it is called, not when it is first iterated", "advanced clients"),
    "A2": Rule("a task cancelled before it sends puts nothing on the wire", "advanced clients"),
    "A3": Rule("cancelled while queued: withdrawn, never sent later", "advanced clients"),
    "A4": Rule(
        "cancelled after it was sent: C-CANCEL, or detached, the place kept", "advanced clients"
    ),
    "A5": Rule("cancelled in the middle of sending: the message is finished", "advanced clients"),
    "A6": Rule("leaving the loop early drains in the background", "advanced clients"),
    "A7": Rule("the same request twice is two operations with two ids", "advanced clients"),
    "A8": Rule("Message IDs are the association's own, none in use is taken", "advanced clients"),
    "A9": Rule("a timeout frees neither id nor place; policy abort or keep", "advanced clients"),
    "A10": Rule(
        "a peer that stops reading ends the association, and it says why", "advanced clients"
    ),
    "A11": Rule("abort fails everything at once and closes in bounded time", "advanced clients"),
    "A12": Rule(
        "the peer's abort reaches every operation with source and reason", "advanced clients"
    ),
    "A13": Rule("a closed connection is one documented exception", "advanced clients"),
    "A14": Rule("release with pending requests drains them first", "advanced clients"),
    "A15": Rule(
        "release with queued requests: nothing goes after A-RELEASE-RQ", "advanced clients"
    ),
    "A16": Rule("a release that is not answered becomes an abort", "advanced clients"),
    "A17": Rule(
        "leaving the context by an exception ends everything: one object", "advanced clients"
    ),
    "A18": Rule("use after the end raises what ended it", "advanced clients"),
    "A19": Rule("an opening that is cancelled sends A-ABORT and closes", "advanced clients"),
    "A20": Rule("no accepted context is an error of this side, not a status", "advanced clients"),
    "A21": Rule(
        "an instance whose transfer syntax was not accepted is refused, not changed",
        "advanced clients",
    ),
    "A22": Rule("C-CANCEL is read while the request runs", "advanced clients"),
    "A23": Rule("C-GET and N-ACTION count; responses never wait behind them", "advanced clients"),
    "A24": Rule("pending and queued are public numbers", "advanced clients"),
}

SCENARIOS: Mapping[int, str] = dict(
    enumerate(
        (
            "connection refused",
            "connection never made",
            "deaf acceptor: no answer to A-ASSOCIATE-RQ",
            "RST in answer to A-ASSOCIATE-RQ",
            "FIN in answer to A-ASSOCIATE-RQ",
            "rejected with every code",
            "accepted without one context",
            "contexts answered out of nowhere, twice, even",
            "transfer syntax that was not proposed",
            "refused context without transfer syntax",
            "maximum length 0, 1, 6, 7, 8, 4, 2^32-1",
            "window above the one proposed, 0, absent",
            "long A-ASSOCIATE-AC",
            "A-ASSOCIATE-AC of 4 GiB",
            "A-ASSOCIATE-AC cut short, then silence",
            "items that overrun, are empty, are garbage",
            "AE titles with control characters",
            "TLS spoken to a plain port and the other way round",
            "HTTP or SSH banner for an answer",
            "no storm of retries",
            "one byte per segment, both directions",
            "every two-way split of every PDU",
            "many PDUs in one segment",
            "unknown PDU types in every state",
            "reserved bytes that are not zero",
            "fixed PDUs with another length",
            "P-DATA longer than announced",
            "P-DATA without a PDV",
            "PDV lengths that cannot be",
            "PDV on a context that was not accepted",
            "messages that interleave or come in the wrong order",
            "command and data in one PDU",
            "bytes doubled, dropped, flipped at every offset",
            "garbage after A-RELEASE-RP",
            "one byte per second",
            "no response",
            "response with a wrong Message ID",
            "response to another service or on another context",
            "response to a finished or cancelled request",
            "responses out of order",
            "peer exceeds its window",
            "Pending for ever",
            "Pending without data set, final with one, odd statuses",
            "100,000 Pending responses",
            "identifier of 64 MiB",
            "command sets that are odd or wrong",
            "C-CANCEL ignored",
            "C-CANCEL racing with the final response",
            "Message IDs wrap at 65535",
            "C-STORE on a context where we are no SCP",
            "C-GET counts that do not add up",
            "C-MOVE: the peer never connects back",
            "C-MOVE: another AE connects to the listener",
            "C-MOVE: the sub-association is aborted",
            "the peer asks: N-EVENT-REPORT, C-ECHO, unknown",
            "RST in every state",
            "FIN in every state; half-close",
            "RST in the middle of a PDU",
            "zero window in the middle of a C-STORE",
            "peer stopped for seconds",
            "slow link, no timeout while there is progress",
            "latency: window 8 against 1",
            "dropped after idling",
            "A-ABORT with data in flight, RST behind it",
            "A-P-ABORT with every reason",
            "release collision, both roles",
            "release not answered",
            "peer releases in the middle of an operation",
            "P-DATA after our A-RELEASE-RQ",
            "interface down",
            "names: none, IPv6 only, first address dead",
            "listener port in use",
            "listener flooded with silent connections",
            "clock jump, suspend",
            "SIGINT once, twice, at the prompt, in a find, in a store",
            "SIGTERM in the middle of a C-GET",
            "SIGHUP, a terminal that is closed",
            "SIGKILL while files and recordings are written",
            "suspended and resumed",
            "standard output closed, or full",
            "scripts: end of input, a line of a megabyte, NUL, ESC",
            "resized while it prints",
            "50,000 lines while somebody types",
            "two shells with one history",
            "no space left, at every write",
            "no permission, no folder, a name too long, no more files",
            "an instance that is here: the same, another, aborted half-way",
            "a link, a pipe, a folder in the place of a file",
            "the k-th of each kind of system call fails",
            "UIDs that would be paths",
            "history and logs that are damaged",
            "terminal sequences in everything a peer can say",
            "inflate bomb",
            "nested sequences, lengths that lie",
            "character sets that lie",
            "completion of hostile values",
            "nothing that is kept names a patient",
            "TLS that must not be trusted",
            "a passcode is seen nowhere",
            "hostile scripts",
        ),
        1,
    )
)

NOT_HERE: Mapping[int, str] = {}
"""Scenarios without a test here, and why."""

_MARKS = ("rule", "scenario")
_IN_NAME = re.compile(r"test_((?:[WMCRTPEA]?\d+_)+)")
_NAMED_BY_NUMBER = "upperlayer/"
"""Where a number in a name is a scenario; elsewhere it may be 80 columns."""


class Named(NamedTuple):
    """One test function and what it says it proves."""

    path: str
    name: str
    rules: tuple[str, ...]
    scenarios: tuple[int, ...]


@cache
def named_tests() -> Mapping[tuple[str, str], Named]:
    """Every test that names a rule or a scenario, by path (from `tests`) and function name."""
    found = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                named = _named(path.relative_to(TESTS).as_posix(), node)
                if named.rules or named.scenarios:
                    found[named.path, named.name] = named
    return found


def _named(path: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Named:
    ids: list[str | int] = []
    in_name = _IN_NAME.match(node.name)
    for word in in_name[1].split("_") if in_name else ():
        if word.isdigit() and path.startswith(_NAMED_BY_NUMBER):
            ids.append(int(word))
        elif word and not word.isdigit():
            ids.append(word)
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        if call and isinstance(call.func, ast.Attribute) and call.func.attr in _MARKS:
            ids += [one.value for one in call.args if isinstance(one, ast.Constant)]
    rules = tuple(dict.fromkeys(one for one in ids if isinstance(one, str)))
    scenarios = tuple(dict.fromkeys(one for one in ids if isinstance(one, int)))
    return Named(path, node.name, rules, scenarios)


def problems() -> list[str]:
    """What is wrong with the names: rules nobody proves, ids nobody knows."""
    tests = named_tests().values()
    rules = {rule for test in tests for rule in test.rules}
    scenarios = {number for test in tests for number in test.scenarios}
    return [
        *(f"{rule}: no test names it" for rule in RULES if rule not in rules),
        *(f"{rule}: a test names it, but there is no such rule" for rule in rules - set(RULES)),
        *(
            f"scenario {number}: neither a test nor a reason"
            for number in SCENARIOS
            if number not in scenarios and number not in NOT_HERE
        ),
        *(f"scenario {number}: a test and a reason" for number in scenarios & set(NOT_HERE)),
        *(f"scenario {number}: there is none" for number in scenarios - set(SCENARIOS)),
    ]


def _links(tests: Iterable[Named]) -> str:
    return "<br>".join(f"[{test.path}]({test.path})::{test.name}" for test in tests)


def rows() -> Mapping[str, tuple[str, tuple[Named, ...]]]:
    """By id, the line of the report up to its result, and the tests that make the result."""
    by_id: dict[str, list[Named]] = defaultdict(list)
    for test in named_tests().values():
        for one in (*test.rules, *map(str, test.scenarios)):
            by_id[one].append(test)
    lines = {}
    for name, rule in RULES.items():
        tests = tuple(by_id[name])
        lines[name] = (f"| {name} | {rule.text} | {rule.section} | {_links(tests)} |", tests)
    for number, text in SCENARIOS.items():
        tests = tuple(by_id[str(number)])
        where = _links(tests) if tests else NOT_HERE.get(number, "")
        lines[str(number)] = (f"| {number} | {text} | {where} |", tests)
    return lines


_GROUPS = (
    ("The asynchronous operations window", "W"),
    ("Messages", "M"),
    ("C-CANCEL", "C"),
    ("Release and abort", "R"),
    ("Timers", "T"),
    ("Other negotiation", "P"),
    ("The engine's own rules", "E"),
    ("What other advanced clients get wrong", "A"),
)


def render(outcomes: Mapping[tuple[str, str], set[str]]) -> str:
    """The report. ``outcomes`` are what came of each test function, over its parameters."""
    lines = [
        "# Conformance",
        "",
        "Written by the tests, see [conformance.py](conformance.py). Every cell of PS3.8 Table",
        "9-10, in both roles, is in [upperlayer/test_cells.py](upperlayer/test_cells.py).",
    ]
    table = rows()

    def result(tests: tuple[Named, ...]) -> str:
        if not tests:
            return "not tested"
        found = set().union(*(outcomes.get((one.path, one.name), {"not run"}) for one in tests))
        for worst in ("failed", "not run", "skipped"):
            if worst in found:
                return worst
        return "passed"

    for title, letter in _GROUPS:
        lines += ["", f"## {title}", "", "| id | rule | section | tests | result |"]
        lines.append("|---|---|---|---|---|")
        for name in RULES:
            if re.fullmatch(rf"{letter}\d+", name):
                line, tests = table[name]
                lines.append(f"{line} {result(tests)} |")
    lines += [
        "",
        "## Fault scenarios",
        "",
        "| no. | scenario | tests | result |",
        "|---|---|---|---|",
    ]
    for number in SCENARIOS:
        line, tests = table[str(number)]
        lines.append(f"{line} {result(tests)} |")
    return "\n".join(lines) + "\n"


# -- the part that pytest sees -----------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-conformance",
        action="store_true",
        help="write tests/conformance.md from the results of this run",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rule(*ids): proves these rules, see tests/conformance.py")
    config.addinivalue_line("markers", "scenario(*numbers): proves these fault scenarios")
    if config.getoption("--write-conformance") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Writer(), "conformance-writer")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Names count as marks, so that ``-m rule`` finds them."""
    tests = named_tests()
    for item in items:
        named = tests.get(_key(item.nodeid))
        if named is not None and named.rules:
            item.add_marker(pytest.mark.rule(*named.rules))
        if named is not None and named.scenarios:
            item.add_marker(pytest.mark.scenario(*named.scenarios))


def _key(nodeid: str) -> tuple[str, str]:
    path, _, rest = nodeid.partition("::")
    return path.removeprefix("tests/"), rest.partition("[")[0].rpartition("::")[2]


class _Writer:
    def __init__(self) -> None:
        self.outcomes: dict[tuple[str, str], set[str]] = defaultdict(set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[_key(report.nodeid)].add(report.outcome)

    def pytest_sessionfinish(self) -> None:
        REPORT.write_text(render(self.outcomes), encoding="utf-8")
