"""find: which queries it answers, which keys it returns, and which it matches (PS3.4 C.2.2.2, C.6).

Everything is asked about one study of the peer: narrowed to it by its UID, a query brings one row
or none. A key with a value that the study cannot have brings none where the key is matched, and the
study all the same where it is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from assocsh.association.proposals import ContextSpec
from assocsh.dimse import sopclasses
from assocsh.dimse.requests import CFind
from assocsh.dimse.status import PENDING_OPTIONAL_KEYS
from assocsh.probe.asking import (
    NOWHERE,
    SAMPLE_KEYS,
    Matches,
    Sample,
    days_from,
    matches,
    sample_study,
)
from assocsh.probe.keys import STEP, USUAL, ZQZ, nowhere, usual_keys, value_at
from assocsh.probe.measuring import Measuring
from assocsh.probe.model import Level, Question
from assocsh.probe.section import Section
from assocsh.records import dataclass
from assocsh.uids import PATIENT_ROOT_FIND, STUDY_ROOT_FIND, WORKLIST_FIND

if TYPE_CHECKING:
    from assocsh.association import Association

_ACCENTS = {"A": "Ä", "E": "É", "I": "Í", "O": "Ö", "U": "Ü"}


@dataclass(slots=True)
class _Asking:
    """The association of the section, with the study that it asks about."""

    peer: Measuring
    number: int
    association: Association
    sample: Sample

    async def study(self, keys: Mapping[str, str]) -> Matches:
        """Ask for the study with these keys besides its UID."""
        wanted = {"StudyInstanceUID": self.sample.uid, **keys}
        return await self.ask(CFind("STUDY", wanted, "study"))

    async def ask(self, request: CFind) -> Matches:
        return await matches(self.association, request, self.peer.settings.limit)

    async def pair(self, name: str, fitting: Mapping[str, str], other: Mapping[str, str]) -> None:
        """Answer ``name``: the study is found by keys that fit it, and not by others."""
        found = await self.study(fitting)
        against = None if found.failed or not found.rows else await self.study(other)
        if found.failed:
            self.peer.no(name, why=found.words, on=self.number, pdu="C-FIND-RSP")
        elif not found.rows or against is None:
            self.peer.no(name, why="the study is not found by it", on=self.number, pdu="C-FIND-RSP")
        elif against.failed:
            self.peer.unknown(name, against.words, on=self.number)
        elif against.rows:
            why = "the key is ignored: what cannot match is found too"
            self.peer.no(name, why=why, on=self.number, pdu="C-FIND-RSP")
        else:
            self.peer.yes(name, on=self.number, pdu="C-FIND-RSP")

    async def alike(self, name: str, keys: Mapping[str, str]) -> None:
        """Answer ``name``: the study is found by keys that are nearly its own."""
        found = await self.study(keys)
        if found.failed:
            self.peer.unknown(name, found.words, on=self.number)
        elif found.rows:
            self.peer.yes(name, on=self.number, pdu="C-FIND-RSP")
        else:
            self.peer.no(name, on=self.number, pdu="C-FIND-RSP")


async def measure(peer: Measuring) -> None:
    """All queries on one association, one after the other."""
    base = await peer.base()
    models = [name for name, uid in sopclasses.FIND.items() if base.usable(uid)]
    if not models:
        peer.no("models", [], "no SOP class of C-FIND is accepted", on=base.number)
        peer.leave_open(SECTION, "there are no queries")
        return
    peer.yes("models", models, ", ".join(models), on=base.number, pdu="A-ASSOCIATE-AC")
    if not peer.asks("answers"):
        return
    specs = [ContextSpec(sopclasses.FIND[name]) for name in models]
    async with peer.associated(specs, filled=True) as (number, association):
        if base.usable(WORKLIST_FIND):
            await _worklist(peer, number, association)
        else:
            for name in ("sequence", "worklist-keys"):
                peer.unknown(name, "there is no worklist")
        if not base.usable(STUDY_ROOT_FIND):
            peer.leave_open(SECTION, "the study root is refused")
            return
        await _answers(peer, number, association)
        sample = await sample_study(association, peer.settings.limit)
        if sample is None:
            peer.leave_open(SECTION, "it has no study that could be asked about")
            return
        asking = _Asking(peer, number, association, sample)
        patient_root = base.usable(PATIENT_ROOT_FIND)
        series = await _levels(asking, patient_root=patient_root)
        await _of_levels(asking, series, patient_root=patient_root)
        matched = await _keys(asking)
        await _kinds(asking)
        await _names(asking, matched="PatientName" in matched)


async def _answers(peer: Measuring, number: int, association: Association) -> None:
    request = CFind("STUDY", {"StudyInstanceUID": "", "PatientName": ""}, "study")
    found = await matches(association, request, peer.settings.limit)
    if found.failed:
        peer.no("answers", why=found.words, on=number, pdu="C-FIND-RSP")
    else:
        more = found.words if len(found.rows) < peer.settings.limit else "ended by C-CANCEL"
        peer.yes("answers", why=more, on=number, pdu="C-FIND-RSP")


async def _levels(asking: _Asking, *, patient_root: bool) -> str:
    """At which levels it answers. The UID of the first series of the study, empty without one."""
    sample = asking.sample
    patient, study = {"PatientID": sample.get("PatientID")}, {"StudyInstanceUID": sample.uid}
    series = await asking.ask(CFind("SERIES", {**study, "SeriesInstanceUID": ""}, "study"))
    rows = [] if series.failed else list(series.rows)
    first = series.rows[0].dataset if series.rows else None
    uid = "" if first is None else str(first.get("SeriesInstanceUID", ""))
    tried = {"study/STUDY": CFind("STUDY", study, "study")}
    if rows and first is not None:
        below = {**study, "SeriesInstanceUID": uid, "SOPInstanceUID": ""}
        tried["study/IMAGE"] = CFind("IMAGE", below, "study")
    if patient_root and patient["PatientID"]:
        tried["patient/PATIENT"] = CFind("PATIENT", {**patient, "PatientName": ""}, "patient")
        tried["patient/STUDY"] = CFind("STUDY", {**patient, **study}, "patient")
    good = ["study/SERIES"] if rows else []
    for name, request in tried.items():
        found = await asking.ask(request)
        if found.rows and not found.failed:
            good.append(name)
    said = asking.peer.yes if good else asking.peer.no
    said("levels", sorted(good), ", ".join(sorted(good)), on=asking.number, pdu="C-FIND-RSP")
    return uid


async def _of_levels(asking: _Asking, series: str, *, patient_root: bool) -> None:
    """The usual keys of the levels beside that of studies, each below the study that is known."""
    peer, association, study = asking.peer, asking.association, asking.sample.uid
    if patient_root:
        await _usual(peer, asking.number, association, "patient", {})
    else:
        peer.unknown("patient-keys", "the patient root is refused", on=asking.number)
    below = {"StudyInstanceUID": study}
    await _usual(peer, asking.number, association, "series", below)
    if series:
        below["SeriesInstanceUID"] = series
        await _usual(peer, asking.number, association, "image", below)
    else:
        peer.unknown("image-keys", "there is no series to ask below", on=asking.number)


async def _usual(
    peer: Measuring, number: int, association: Association, name: str, above: Mapping[str, str]
) -> None:
    """Answer the question about the usual keys of one level."""
    told = await usual_keys(association, USUAL[name], above, peer.settings.limit)
    if told.why:
        peer.unknown(f"{name}-keys", told.why, on=number)
        return
    whole = len(told.matched) == len(told.returned) == len(told.keys)
    said = peer.yes if whole else peer.no
    said(f"{name}-keys", sorted(told.matched), told.words, on=number, pdu="C-FIND-RSP")


async def _keys(asking: _Asking) -> list[str]:
    """Of each usual key whether it comes back, and whether it is matched: those that are."""
    peer = asking.peer
    came = await asking.study({key: "" for key in SAMPLE_KEYS if key != "StudyInstanceUID"})
    row = came.rows[0].dataset if came.rows else None
    returned = [key for key in SAMPLE_KEYS if row is not None and key in row]
    left = [key for key in SAMPLE_KEYS if key not in returned]
    words = f"{len(returned)} of {len(SAMPLE_KEYS)} keys"
    if row is None:
        peer.unknown("returned", came.words, on=asking.number)
    else:
        said = peer.no if left else peer.yes
        why = words + (f", not {', '.join(left)}" if left else "")
        said("returned", returned, why, on=asking.number, pdu="C-FIND-RSP")
    odd = await asking.study({"PatientComments": ZQZ})
    statuses = {each.status for each in (*odd.rows, *came.rows)}
    if PENDING_OPTIONAL_KEYS in statuses:
        peer.yes("says-ignored", on=asking.number, pdu="C-FIND-RSP FF01")
    elif odd.rows:
        peer.no("says-ignored", why="PatientComments is ignored without a word", on=asking.number)
    else:
        peer.unknown("says-ignored", "none of the keys that were asked is ignored")
    if row is None:
        peer.unknown("matched", "the study is not found by its own UID", on=asking.number)
        return []
    return await _matched(asking)


async def _matched(asking: _Asking) -> list[str]:
    peer = asking.peer
    is_matched: dict[str, bool] = {}
    for key in SAMPLE_KEYS:
        if key == "StudyInstanceUID" or key.startswith("NumberOf"):
            continue
        found = await asking.study({key: nowhere(key)})
        is_matched[key] = not (found.failed or found.rows)
    found = await asking.study({"StudyInstanceUID": NOWHERE, "PatientName": ""})
    is_matched["StudyInstanceUID"] = not (found.failed or found.rows)
    ignored = sorted(key for key, yes in is_matched.items() if not yes)
    matched = sorted(key for key, yes in is_matched.items() if yes)
    words = f"{len(matched)} of {len(is_matched)} keys"
    said = peer.no if ignored else peer.yes
    why = words + (f", not {', '.join(ignored)}" if ignored else "")
    said("matched", matched, why, on=asking.number, pdu="C-FIND-RSP")
    return matched


async def _kinds(asking: _Asking) -> None:
    """The kinds of matching (PS3.4 C.2.2.2)."""
    peer, sample = asking.peer, asking.sample
    own = await asking.study({"StudyInstanceUID": f"{NOWHERE}\\{sample.uid}", "PatientName": ""})
    two = await asking.study({"StudyInstanceUID": f"{NOWHERE}\\{NOWHERE}.1", "PatientName": ""})
    if own.failed or not own.rows:
        peer.no("list", why=own.words if own.failed else "not found", on=asking.number)
    elif two.rows:
        peer.no("list", why="found by a list without its UID", on=asking.number)
    else:
        peer.yes("list", on=asking.number, pdu="C-FIND-RSP")
    day = sample.get("StudyDate")
    try:
        before, after = days_from(day, -1), days_from(day, 1)
    except ValueError:
        for name in ("range", "range-from", "range-to"):
            peer.unknown(name, "the study that is asked about has no date")
        return
    ranges = {
        "range": (f"{before}-{after}", f"{after}-{days_from(day, 2)}"),
        "range-from": (f"{day}-", f"{after}-"),
        "range-to": (f"-{day}", f"-{before}"),
    }
    for name, (fitting, other) in ranges.items():
        await asking.pair(name, {"StudyDate": fitting}, {"StudyDate": other})


async def _names(asking: _Asking, *, matched: bool) -> None:
    """Wildcards, case and accents, by the name of the patient."""
    name = asking.sample.get("PatientName")
    if len(name.partition("^")[0]) < 2:
        for each in ("star", "question-mark", "any-case", "any-accent"):
            asking.peer.unknown(each, "the study that is asked about has no name of a patient")
        return
    await asking.pair("star", {"PatientName": f"{name[:2]}*"}, {"PatientName": "ZQ*"})
    question = {"PatientName": f"?{name[1:]}"}
    await asking.pair("question-mark", question, {"PatientName": f"?{name[1:]}ZQZ"})
    if not matched:
        for each in ("any-case", "any-accent"):
            asking.peer.unknown(each, "names are not matched at all", on=asking.number)
        return
    if name.swapcase() == name:
        asking.peer.unknown("any-case", "the name has no letters that have a case")
    else:
        await asking.alike("any-case", {"PatientName": name.swapcase()})
    accented = "".join(_ACCENTS.get(each.upper(), each) for each in name)
    if accented == name or not name.isascii():
        asking.peer.unknown("any-accent", "the name has no letter that could bear an accent")
    else:
        keys = {"SpecificCharacterSet": "ISO_IR 192", "PatientName": accented}
        await asking.alike("any-accent", keys)


async def _worklist(peer: Measuring, number: int, association: Association) -> None:
    """Sequence matching, in a worklist: by the modality of a step that is there; and its keys."""
    await _usual(peer, number, association, "worklist", {})
    inner = f"{STEP}.Modality"
    keys = {inner: "", "PatientID": "", "StudyInstanceUID": ""}
    found = await matches(association, CFind("WORKLIST", keys), peer.settings.limit)
    if found.failed:
        peer.unknown("sequence", found.words, on=number)
        return
    modality = uid = ""
    for row in found.rows:
        dataset = row.dataset
        if dataset is not None and (value := value_at(dataset, inner)):
            modality, uid = str(value), str(dataset.get("StudyInstanceUID", ""))
            break
    if not modality:
        peer.unknown("sequence", "its worklist is empty", on=number)
        return
    fitting = CFind("WORKLIST", {inner: modality, "StudyInstanceUID": uid})
    other = CFind("WORKLIST", {inner: "ZQZ", "StudyInstanceUID": uid})
    own = await matches(association, fitting, peer.settings.limit)
    against = await matches(association, other, peer.settings.limit)
    if own.failed or against.failed:
        peer.unknown("sequence", (own if own.failed else against).words, on=number)
    elif own.rows and not against.rows:
        peer.yes("sequence", why="by the modality of the worklist", on=number, pdu="C-FIND-RSP")
    else:
        why = "the key inside the sequence is ignored" if against.rows else "not found by it"
        peer.no("sequence", why=why, on=number, pdu="C-FIND-RSP")


SECTION = Section(
    "find",
    "Queries",
    (
        Question("models", "it answers queries of information models"),
        Question("answers", "it answers a query without a value", Level.READ),
        Question("levels", "it answers at query levels", Level.READ),
        Question("returned", "it returns the usual keys of a study", Level.READ),
        Question("matched", "it matches the usual keys of a study", Level.READ),
        Question("says-ignored", "it says when it ignores a key (FF01)", Level.READ),
        Question("patient-keys", "it returns and matches the usual keys of a patient", Level.READ),
        Question("series-keys", "it returns and matches the usual keys of a series", Level.READ),
        Question("image-keys", "it returns and matches the usual keys of an image", Level.READ),
        Question("worklist-keys", "it returns and matches those of a worklist", Level.READ),
        Question("list", "it takes a list of UIDs", Level.READ),
        Question("star", "it takes the wildcard *", Level.READ),
        Question("question-mark", "it takes the wildcard ?", Level.READ),
        Question("range", "it takes a range of dates", Level.READ),
        Question("range-from", "it takes a range of dates without an end", Level.READ),
        Question("range-to", "it takes a range of dates without a beginning", Level.READ),
        Question("sequence", "it matches a key inside a sequence", Level.READ),
        Question("any-case", "it finds a name in the other case", Level.READ),
        Question("any-accent", "it finds a name with accents that it does not have", Level.READ),
    ),
    "PS3.4 C.2.2.2, C.6",
    measure=measure,
    associations=1,
    order=50,
)
