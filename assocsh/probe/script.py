"""A report as a session script: each finding that an ``expect`` can hold is one.

Run against the same peer it passes; after an upgrade it names what is no longer so. What a script
cannot ask again (a query about one certain study, a wait) is left to ``--diff``.
"""

from __future__ import annotations

from collections.abc import Iterator

from assocsh.datasets.dictionary import uid_keyword
from assocsh.probe.model import Report, Verdict
from assocsh.probe.sections.acse import WRONG_CALLED, WRONG_CALLING
from assocsh.probe.sections.win import OFFERED
from assocsh.text.visible import visible
from assocsh.uids import STUDY_ROOT_FIND, VERIFICATION

MOST = 120
"""Contexts that one association of the script proposes."""


def script(report: Report) -> str:
    """The text of a ``.assoc`` file."""
    peer = visible(report.peer)
    lines = [
        f"# what {peer} could do on {report.started}, as probe found it",
        "# run: assocsh run FILE",
        "",
    ]
    for part in (_titles, _window, _contexts, _query):
        lines += [*part(report), ""]
    return "\n".join(lines).rstrip() + "\n"


def _open(report: Report, *options: str) -> str:
    return " ".join((report.opening, report.as_us, *options))


def _titles(report: Report) -> Iterator[str]:
    tried = (
        ("acse.any-called", "--called", WRONG_CALLED),
        ("acse.any-calling", "--as", WRONG_CALLING),
    )
    for name, option, title in tried:
        verdict = report.verdict(name)
        opening = report.opening if option == "--as" else _open(report)
        line = f"{opening} {option} {title} --contexts verification"
        if verdict is Verdict.YES:
            yield line
            yield "expect assoc.state == open"
            yield "release"
        elif verdict is Verdict.NO:
            yield line
            yield "expect assoc.state == rejected"


def _window(report: Report) -> Iterator[str]:
    found = report.answer("win.granted")
    if found is None or found.verdict is Verdict.UNKNOWN:
        return
    invoked, _, performed = str(found.value).partition("/")
    yield _open(report, f"--window {OFFERED}", "--contexts verification")
    yield f"expect assoc.window.invoked == {invoked}"
    yield f"expect assoc.window.performed == {performed}"
    yield "echo"
    yield "release"


def _contexts(report: Report) -> Iterator[str]:
    """Each SOP class once, in the first syntax in which it is accepted, or refused in all."""
    matrix = report.answer("ctx.matrix")
    rows = matrix.value if matrix is not None and isinstance(matrix.value, dict) else {}
    taken = [(name, row["yes"]) for name, row in rows.items() if row.get("yes")]
    pairs = [(name, syntax) for name, syntaxes in taken for syntax in syntaxes[:1]]
    for start in range(0, len(pairs), MOST):
        some = pairs[start : start + MOST]
        yield _open(report, "--contexts", ",".join(f"{name}:{each}" for name, each in some))
        yield from (f"expect assoc.contexts[{name}].result == accepted" for name, _ in some)
        yield "release"


def _query(report: Report) -> Iterator[str]:
    if report.verdict("find.answers") is not Verdict.YES:
        return
    classes = f"{uid_keyword(VERIFICATION)},{uid_keyword(STUDY_ROOT_FIND)}"
    yield _open(report, "--contexts", classes)
    yield "find study --limit 1"  # a status that is a failure fails the script
    yield "release"
