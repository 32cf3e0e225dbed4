"""``store`` finds a way: what the open association cannot carry goes on one of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assocsh.association import AcceptorPolicy, Handlers, Indication, Listener, listen
from assocsh.association import listener as listener_module
from assocsh.association.indication import Handler
from assocsh.dimse.commandset import CommandField
from assocsh.upperlayer.negotiation import AssociateAccept, AssociateRequest, Role
from assocsh.upperlayer.negotiation_results import answer
from tests.datasets.make import BIG_ENDIAN, CT, EXPLICIT, IMPLICIT, JPEG, SC, ct, write
from tests.session.peer import shell

PRIVATE = "1.2.276.0.7230010.3.1.0.1"


class Archive:
    """Takes instances; remembers which association brought each, and what each was proposed."""

    def __init__(self) -> None:
        self.proposed: list[AssociateRequest] = []
        self.stored: list[tuple[int, str, str]] = []
        """Which association, SOP Class UID, transfer syntax."""
        self._associations: list[object] = []
        self.echoes = asyncio.Event()

    async def echo(self, indication: Indication) -> None:
        await self.echoes.wait()
        indication.respond(0x0000)

    def store(self, indication: Indication) -> None:
        if indication.association not in self._associations:
            self._associations.append(indication.association)
        which = self._associations.index(indication.association)
        syntax = str(indication.context.transfer_syntax)
        self.stored.append((which, indication.command.affected_sop_class, syntax))
        indication.respond(0x0000)

    async def listen(self, policy: AcceptorPolicy | None = None) -> Listener:
        table: dict[int, Handler] = {
            CommandField.C_STORE_RQ: self.store,
            CommandField.C_ECHO_RQ: self.echo,
        }
        handlers = Handlers(table)
        return await listen(ae_title="PEER", policy=policy, handlers=handlers)


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    made = Archive()

    def remembered(request: AssociateRequest, policy: object) -> AssociateAccept:
        made.proposed.append(request)
        return answer(request, policy)  # type: ignore[arg-type]

    monkeypatch.setattr(listener_module, "answer", remembered)
    yield made


def files(folder: Path) -> Path:
    """One that the usual contexts carry, and four that they do not."""
    folder.mkdir()
    write(folder / "a.dcm", ct("1.2.1"), EXPLICIT)
    for number, (sop_class, syntax) in enumerate(
        [(PRIVATE, IMPLICIT), (SC, BIG_ENDIAN), (CT, JPEG), (CT, JPEG)], 2
    ):
        dataset = ct(f"1.2.{number}")
        dataset.SOPClassUID = sop_class
        if syntax == JPEG:
            dataset.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0\2\0\0\0\xff\xd8"
            dataset["PixelData"].VR = "OB"
            dataset["PixelData"].is_undefined_length = True
        write(folder / f"{number}.dcm", dataset, syntax)
    return folder


async def test_what_the_open_association_does_not_carry(archive: Archive, tmp_path: Path) -> None:
    """The contexts that the files need and no role; the open association stays as it is."""
    folder = files(tmp_path / "in")
    async with await archive.listen() as listener, shell() as (session, output):
        address = f"PEER@127.0.0.1:{listener.port}"
        await session.run(f"open {address} --as ME --contexts {CT}")
        assert await session.run(f"store {folder}") == 0, output.said
        assert session.association is not None and not session.association.closed
        assert listener.associations and len(listener.associations) == 1
        assert await session.run("echo") != 0  # it is still the one with a context for CT alone
        await session.run("release")
    assert "4 files on an association of their own" in output.said
    assert archive.stored == [
        (0, CT, EXPLICIT),
        (1, PRIVATE, IMPLICIT),
        (1, SC, BIG_ENDIAN),
        (1, CT, JPEG),
        (1, CT, JPEG),
    ]
    _, beside = archive.proposed
    assert (beside.called_ae, beside.calling_ae, beside.roles) == ("PEER", "ME", ())
    assert [(one.abstract_syntax, one.transfer_syntaxes) for one in beside.contexts] == [
        (PRIVATE, (IMPLICIT, EXPLICIT)),
        (SC, (BIG_ENDIAN, EXPLICIT, IMPLICIT)),
        (CT, (JPEG,)),
    ]


async def test_it_stays_where_it_can(archive: Archive, tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", ct("1.2.1"), BIG_ENDIAN)
    async with await archive.listen() as listener, shell() as (session, output):
        await session.run(f"open PEER@127.0.0.1:{listener.port} --contexts {CT}")
        assert await session.run(f"store {path} --repeat 3") == 0
        await session.run("release")
    assert len(archive.proposed) == 1
    assert "of their own" not in output.said


async def test_here_keeps_to_the_open_association(archive: Archive, tmp_path: Path) -> None:
    folder = files(tmp_path / "in")
    async with await archive.listen() as listener, shell() as (session, output):
        await session.run(f"open PEER@127.0.0.1:{listener.port} --contexts {CT}")
        assert await session.run(f"store {folder} --here") != 0
        await session.run("release")
    assert [which for which, *_ in archive.stored] == [0]
    assert len(archive.proposed) == 1
    assert output.said.count("`reopen --contexts +") >= 1


async def test_a_role_that_the_peer_turned_around(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some archives answer a proposal of both roles with that of SCP alone."""

    def turned(request: AssociateRequest, policy: object) -> AssociateAccept:
        archive.proposed.append(request)
        made = answer(request, policy)  # type: ignore[arg-type]
        roles = tuple((uid, Role(scu=False, scp=True)) for uid, _ in made.roles)
        return replace(made, roles=roles)

    monkeypatch.setattr(listener_module, "answer", turned)
    path = write(tmp_path / "a.dcm", ct("1.2.1"))
    async with await archive.listen() as listener, shell() as (session, output):
        await session.run(f"open PEER@127.0.0.1:{listener.port} --contexts qr,{CT}")
        assert await session.run(f"store {path}") == 0, output.said
        await session.run("release")
    assert archive.stored == [(0, CT, EXPLICIT)]
    assert len(archive.proposed) == 2 and archive.proposed[0].roles


@pytest.mark.parametrize("format_name", ["table", "json"])
@pytest.mark.parametrize(
    ("policy", "asked", "said"),
    [
        (AcceptorPolicy({CT}), 2, "was not accepted by the peer: abstract syntax not supported"),
        (AcceptorPolicy(transfer_syntaxes=[EXPLICIT]), 2, "transfer syntaxes not supported"),
    ],
)
async def test_what_is_refused_there_is_refused_with_its_reason(
    archive: Archive,
    tmp_path: Path,
    policy: AcceptorPolicy,
    asked: int,
    said: str,
    format_name: str,
) -> None:
    """And when the peer has said so already it is not asked again."""
    folder = files(tmp_path / "in")
    async with await archive.listen(policy) as listener, shell() as (session, output):
        await session.run(f"open PEER@127.0.0.1:{listener.port} --contexts {CT}")
        session.settings.set("format", format_name)
        assert await session.run(f"store {folder}") != 0
        assert len(archive.proposed) == asked
        everything = output.said + "".join(output.results)
        assert said in everything
        if format_name == "json":
            lines = map(json.loads, output.results)
            (final,) = [one for one in lines if one["type"] == "final"]
            assert final["succeeded"] + final["refused"] == 5
        refused = archive.proposed[-1].contexts
        words = ",".join(
            f"{one.abstract_syntax}:[{','.join(one.transfer_syntaxes)}]" for one in refused
        )
        await session.run(f"reopen --contexts +{words}")
        asked = len(archive.proposed)
        assert await session.run(f"store {folder}") != 0
        assert len(archive.proposed) == asked
        await session.run("release")


@pytest.mark.parametrize("busy", [False, True])
async def test_a_peer_with_one_association_at_a_time(
    archive: Archive, tmp_path: Path, busy: bool
) -> None:
    """The open one gives way and is opened again; not while something else goes on there."""
    folder = files(tmp_path / "in")
    policy = AcceptorPolicy(max_associations=1)
    if not busy:
        archive.echoes.set()
    async with await archive.listen(policy) as listener, shell() as (session, output):
        await session.run(
            f"open PEER@127.0.0.1:{listener.port} --contexts verification,{CT} --window 4"
        )
        first = session.association
        waiting = session.submit("echo") if busy else []
        code = await session.run(f"store {folder}")
        archive.echoes.set()
        for job in waiting:
            await job.done.wait()
        assert session.association is not None and not session.association.closed
        assert (session.association is first) is busy
        assert await session.run("echo") == 0
        await session.run("release")
    if busy:
        assert code != 0
        assert [which for which, *_ in archive.stored] == [0]
        assert "no association of its own: " in output.said
    else:
        assert code == 0, output.said
        assert [which for which, *_ in archive.stored] == [0, 1, 1, 1, 1]
        assert "the open one is released for it" in output.said
