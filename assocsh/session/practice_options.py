"""What is typed about the practice archive as its settings, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assocsh.datasets.durability import USUAL, Durability
from assocsh.errors import UsageError
from assocsh.records import replace
from assocsh.session.binding import parse_integer
from assocsh.text.durations import parse_duration, setting_text
from assocsh.text.patterns import pattern

if TYPE_CHECKING:
    from assocsh.practice.settings import PracticeSettings

PRACTICE_NAMES = (
    "--latency",
    "--prints",
    "--data",
    "--commit",
    "--report-after",
    "--commit-fail",
    "--require-user",
    "--durability",
    "--fault",
    "--trait",
)
"""The options that are about the practice archive alone."""

_FAILING = pattern(r"(?P<uid>[0-9.*]{1,64})(?::0[xX](?P<reason>[0-9a-fA-F]{4}))?")


def practice_with(
    given: PracticeSettings | None,
    options: Mapping[str, Sequence[str]],
    path: Callable[[str], Path],
) -> PracticeSettings:
    """``given`` with ``options`` over it, by their names; ``path`` is for folders.

    Raises UsageError for a value that is none.
    """
    from assocsh.practice.settings import PracticeSettings

    settings = given or PracticeSettings()
    last = {name: values[-1] for name, values in options.items() if values}
    changes: dict[str, Any] = {}
    if "--latency" in last:
        changes["latency"] = parse_integer(last["--latency"], "--latency") / 1000
    for name in ("--prints", "--data"):
        if name in last:
            changes[name.removeprefix("--")] = path(last[name])
    if "--require-user" in options:
        changes["require_user"] = True
    if "--durability" in last:
        changes["durability"] = Durability(last["--durability"])
    if "--fault" in last:
        from assocsh.practice.faults import parse_fault

        changes["faults"] = tuple(parse_fault(text).text for text in options["--fault"])
    if "--trait" in options:
        from assocsh.practice.traits import check

        changes["traits"] = tuple(map(check, options["--trait"]))
    commitment: dict[str, Any] = {}
    if "--commit" in last:
        commitment["on_new"] = last["--commit"] == "new"
    if "--report-after" in last:
        commitment["after"] = parse_duration(last["--report-after"]) or 0.0
    if "--commit-fail" in last:
        commitment["failing"] = tuple(map(_failing, options["--commit-fail"]))
    if commitment:
        changes["commitment"] = replace(settings.commitment, **commitment)
    return replace(settings, **changes)


def practice_words(settings: PracticeSettings) -> Iterator[tuple[str, str | None]]:
    """The options that say what is asked of a practice archive; None for a flag."""
    if settings.latency:
        yield "--latency", str(round(settings.latency * 1000))
    if settings.data is not None:
        yield "--data", str(settings.data)
    if settings.prints is not None:
        yield "--prints", str(settings.prints)
    if settings.require_user:
        yield "--require-user", None
    if settings.durability is not USUAL:
        yield "--durability", settings.durability
    commitment = settings.commitment
    if commitment.on_new:
        yield "--commit", "new"
    if commitment.after:
        yield "--report-after", setting_text(commitment.after)
    for uid, reason in commitment.failing:
        yield "--commit-fail", f"{uid}:0x{reason:04X}"
    for text in settings.faults:
        yield "--fault", text
    for text in settings.traits:
        yield "--trait", text


def _failing(text: str) -> tuple[str, int]:
    from assocsh.dimse.status import PROCESSING_FAILURE

    found = _FAILING.fullmatch(text)
    if found is None:
        raise UsageError(
            f"--commit-fail: {text!r} is no UID with a Failure Reason",
            hint="1.2.3:0x0213 for one instance, '*:0x0213' for all of them",
        )
    reason = found["reason"]
    return found["uid"], int(reason, 16) if reason else PROCESSING_FAILURE
