"""A connection that breaks says nothing: what is not no without it is not no with it."""

from __future__ import annotations

import random

from assocsh.probe.model import Report, Verdict
from tests.peers.fault_proxy import Direction, FaultProxy, Faults
from tests.peers.orthanc import Orthanc
from tests.probe.support import probed

SECTIONS = ("acse", "id", "pref", "role", "ext", "win", "pdu", "user", "find", "set", "cancel")


def _told(report: Report, verdict: Verdict) -> set[str]:
    return {each.id for each in report.answers if each.verdict is verdict}


async def test_no_false_no_when_it_is_cut_at_twenty_places(orthanc: Orthanc) -> None:
    whole = await probed(orthanc.address, *SECTIONS)
    said_no = _told(whole, Verdict.NO)
    assert said_no  # else nothing is shown by what follows
    chance, lost = random.Random(15), 0
    for place in range(20):
        connection = chance.randrange(len(whole.associations))
        after = chance.randrange(1, 3000)
        cut = Direction(cut_after=after, how=chance.choice(["fin", "rst"]))
        to_server = chance.random() < 0.5

        def faults(number: int, cut: Direction = cut, at: int = connection) -> Faults:
            if number < at:
                return Faults()
            return Faults(to_server=cut) if to_server else Faults(to_client=cut)  # noqa: B023

        async with FaultProxy(orthanc.port, faults, ae=orthanc.ae) as proxy:
            report = await probed(proxy.address, *SECTIONS)
        assert _told(report, Verdict.NO) <= said_no, f"cut {place}: {cut} from {connection} on"
        lost += report.answers != whole.answers and bool(_told(report, Verdict.UNKNOWN))
        for each in report.answers:
            assert each.verdict is not Verdict.UNKNOWN or each.why
    assert lost > 10, "the cuts were behind everything"
