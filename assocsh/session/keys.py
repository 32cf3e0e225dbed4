"""From the words of find, get and move to a level, a model and an identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assocsh.datasets.levels import UNIQUE_KEYS, default_return_keys, retrieved_by
from assocsh.errors import UsageError
from assocsh.language.rows import NamedRows, parse_row, parse_rows
from assocsh.language.words import split_key
from assocsh.text.plural import plural

if TYPE_CHECKING:
    from pydicom import Dataset

    from assocsh.results.request import RequestRecord
    from assocsh.session.binding import BoundCall
    from assocsh.session.state import State

Keys = list[tuple[str, str | None]]


def typed_keys(call: BoundCall) -> Keys:
    """The keys as typed: (path, value), None for a bare one.

    Raises UsageError for a key whose value comes from a reference that stands for nothing: it would
    match everything, and that is not what was typed.
    """
    keys = [split_key(word) for word in call.arguments.get("key", ())]
    for (path, value), word in zip(keys, call.call.arguments.get("key", ()), strict=True):
        if value == "" and word.references:
            raise UsageError(
                f"{path} has no value: {word.references[-1]} is empty, and would match everything",
                hint=f"{path} alone asks for it back",
            )
    return keys


def check_reach(level: str, model: str | None, keys: Keys) -> None:
    """Raise UsageError for a retrieve that reaches further than instances that are named.

    The identifier of a C-GET and a C-MOVE has the unique key of its level with a value that is no
    wildcard (PS3.4 C.4.2.1.4, C.4.3.1.3); a peer that is asked without it may send all it has.
    """
    own = retrieved_by(level, model)[-1]
    value = next((value for path, value in reversed(keys) if spelled(path) == own.lower()), None)
    wild = value is not None and any(mark in value for mark in "*?")
    if value is not None and not wild and all(part.strip() for part in value.split("\\")):
        return
    why = "has a wildcard" if wild else "is missing"
    raise UsageError(
        f"{own} {why}: without it, everything that the peer holds may come",
        hint=f"give {own} a value, or take a row of a find; `--all` if everything is meant",
    )


def keys_of_rows(
    call: BoundCall, level: str, model: str | None, *, whole: bool, peer: str
) -> list[Keys]:
    """The unique keys that the rows of ``--of`` have for a request at ``level``, row by row.

    ``peer`` is whom they are for: rows of another one are refused. ``whole``: a row must have the
    level's own key (a get needs it; a find looks for it). One request without keys where there is
    no ``--of``.
    Raises UsageError when there is no such row, or when one lacks a key that is needed.
    """
    text = call.option("--of")
    if text is None:
        return [[]]
    record, rows = rows_named(call, text, peer=peer)
    return [_keys_of(record, row, level, model, whole=whole) for row in rows]


def _keys_of(
    record: RequestRecord, row: int, level: str, model: str | None, *, whole: bool
) -> Keys:
    """The unique keys of one row for a request at ``level``."""
    dataset = record.results.dataset(row - 1)
    unique = retrieved_by(level, model)
    found = {key: str(dataset.get(key, "") or "") for key in unique}
    keys: Keys = [(key, value) for key, value in found.items() if value]
    own = unique[-1]
    if whole and not found[own]:
        raise UsageError(
            f"row {row} of #{record.number} has no {own}",
            hint=f"--of takes a row of a find at level {level.lower()} or below"
            if level in UNIQUE_KEYS
            else f"ask for {own} in the find",
        )
    if not keys:
        raise UsageError(
            f"row {row} of #{record.number} has none of {', '.join(unique)}",
            hint="ask for them in the find",
        )
    if not whole:
        # its own key would find that row again: keep those above, if there are any
        keys = [key for key in keys if key[0] != own] or keys
    if model is None and len(keys) > 1:
        # PatientID is a unique key of the patient root model only
        keys = [key for key in keys if key[0] != "PatientID"]
    return keys


def row_of_find(call: BoundCall, *, peer: str = "") -> tuple[RequestRecord, int]:
    """The request that ``--of`` takes its one row from, and the number of the row, from 1.

    As ``rows_named``.
    """
    text = call.option("--of") or ""
    parse_row(text)
    record, rows = rows_named(call, text, peer=peer)
    return record, rows[0]


def rows_named(call: BoundCall, text: str, *, peer: str = "") -> tuple[RequestRecord, range]:
    """The request whose rows a word of ``call`` names, and their numbers, from 1.

    ``peer`` is whom their values are for, if that is to be looked at. Raises UsageError when there
    are no such rows, or when they are of another peer.
    """
    named = parse_rows(text)
    if named.request is not None:
        if named.request > len(call.requests):
            last = len(call.requests)
            raise UsageError(
                f"there is no request #{named.request}", hint=f"the last one is #{last}"
            )
        record = call.requests[named.request - 1]
    elif call.last_find is not None:
        record = call.last_find
    else:
        raise UsageError("--of takes a row of the last find, and there was no find yet")
    rows = numbered(record, named, len(record.results))
    if peer and record.peer and record.peer != peer:
        raise UsageError(
            f"the rows of #{record.number} are from {record.peer}, and {peer} is open now",
            hint="find it there first: another archive need not know these UIDs",
        )
    return record, rows


def numbered(record: RequestRecord, named: NamedRows, count: int) -> range:
    """The numbers, from 1, of the rows that a word names of ``record``, which has ``count``.

    Raises UsageError when it has not all of them.
    """
    last = count if named.last is None else named.last
    if last > count or not count:
        missing = named.first if named.first > count else last
        raise UsageError(
            f"#{record.number} has no row {missing}" if count else f"#{record.number} has no rows",
            hint=f"it has {plural(count, 'row')}" if count else _no_rows(record),
        )
    return range(named.first, last + 1)


def _no_rows(record: RequestRecord) -> str:
    if record.service == "C-FIND":
        return "nothing matched"
    return f"{record.service} brings no rows; `requests` lists what there was"


def merged(first: Keys, typed: Keys) -> Keys:
    """Both, those typed winning."""
    named = {spelled(path) for path, _ in typed}
    return [key for key in first if spelled(key[0]) not in named] + typed


def with_return_keys(keys: Keys, level: str, model: str | None) -> Keys:
    """``keys``, and what a query should ask for besides.

    The usual return keys of the level when none of ``keys`` asks for anything; the unique keys of
    the level, and of those above it, always: an identifier has them (PS3.4 C.4.1.1.3.1), and
    ``--of`` lives on them.
    """
    more: list[str] = []
    if all(value for _, value in keys):
        more += default_return_keys(level, model)
    more += unique_keys(level, model)
    present = {spelled(path) for path, _ in keys}
    missing = dict.fromkeys(path for path in more if path.lower() not in present)
    return keys + [(path, None) for path in missing]


def unique_keys(level: str, model: str | None) -> tuple[str, ...]:
    """The unique keys of ``level`` and of those above it in ``model``; none for a worklist."""
    keys = UNIQUE_KEYS.get(level, ())
    # below the patient level, PatientID is a unique key of the models with that level only
    return keys if model in ("patient", "patient-study") or len(keys) == 1 else keys[1:]


def spelled(path: str) -> str:
    """A path in the spelling of the dictionary, in small letters; as it is when it has none."""
    from assocsh.datasets.paths import format_path, parse_path

    try:
        return format_path(parse_path(path)).lower()
    except UsageError:  # said when the identifier is built
        return path.lower()


def identifier(state: State, level: str, keys: Keys) -> Dataset:
    """The identifier of a request; a UID that a peer sent goes back as it is, proper or not.

    Raises UsageError for an unknown tag or a wrong value.
    """
    from assocsh.datasets.identifiers import build_identifier

    encoding = state.settings.text("encoding")
    named = any(spelled(path) == "specificcharacterset" for path, _ in keys)
    if encoding != "auto" and not named:
        keys = [*keys, ("SpecificCharacterSet", encoding)]
    return build_identifier(level, keys, came=state.requests.came)
