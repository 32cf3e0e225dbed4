"""An archive that asks who calls: DCMTK's storescu with all five kinds, PyJWT beside our checks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from assocsh import Association, AssociationRejected, UserIdentity, connect, listen
from assocsh.practice import Practice, PracticeSettings, examples, identity, start
from tests.datasets.make import ct, write
from tests.peers.dcmtk import Finished, scu
from tests.peers.identities import KEY, assertion, ticket, token

DAY = 86_400.0
LATER, BEFORE = time.time() + DAY, time.time() - DAY


@pytest.fixture
def said() -> list[str]:
    """What the archive said on its own side."""
    return []


@pytest.fixture
async def door(said: list[str]) -> AsyncIterator[str]:
    """Where it is asked who calls; there are no contents behind it."""
    asking = identity.Identities("PRACTICE", said.append)
    async with listen(ae_title="PRACTICE", decide=asking.decide) as listener:
        yield f"PRACTICE@127.0.0.1:{listener.port}"


@pytest.fixture
async def archive(said: list[str]) -> AsyncIterator[Practice]:
    async with await start(
        settings=PracticeSettings(require_user=True), say=said.append
    ) as running:
        yield running


async def echoed(address: str, made: UserIdentity | None) -> Association:
    """An association that was let in, and of use; it is over."""
    async with connect(address, user_identity=made, contexts="verification") as one:
        assert (await one.echo().result()).status == 0
    return one


RIGHT = {
    "a name and a passcode": UserIdentity.user("demo", "practice", response_requested=True),
    "a name": UserIdentity.user("guest", response_requested=True),
    "a ticket": UserIdentity.kerberos(ticket(b"x" * 300), response_requested=True),
    "an assertion": UserIdentity.saml(assertion(ends=LATER), response_requested=True),
    "a token": UserIdentity.jwt(token(sub="jo", exp=LATER), response_requested=True),
    "a token for this one": UserIdentity.jwt(token(aud=["X", "PRACTICE"]), response_requested=True),
    "a token that never expires": UserIdentity.jwt(token(), response_requested=True),
}
WRONG = {
    "none": (None, "does not say which user asks (--user demo"),
    "a wrong passcode": (UserIdentity.user("demo", "practise"), "the passcode is wrong"),
    "a longer passcode": (UserIdentity.user("demo", "practice "), "the passcode is wrong"),
    "no passcode": (UserIdentity.user("demo"), "has a passcode, and none was given"),
    "an empty passcode": (UserIdentity(2, b"demo"), "the passcode is wrong"),
    "a passcode too many": (UserIdentity.user("guest", "x"), "the passcode is wrong"),
    "nobody": (UserIdentity.user("root", "practice"), "there is no such user"),
    "no text": (UserIdentity(2, b"\xff\xfe", b"\xff"), "there is no such user"),
    "no ticket": (UserIdentity.kerberos(b"\x05\x04cache"), "no Kerberos service ticket"),
    "no assertion": (UserIdentity.saml("<a/>"), "no SAML assertion"),
    "an old assertion": (UserIdentity.saml(assertion(ends=BEFORE)), "its assertion expired 24 h"),
    "no token": (UserIdentity.jwt("a.b.c"), "no signed JSON Web Token"),
    "another key": (UserIdentity.jwt(token("k" * 40)), "the signature of its token is wrong"),
    "another algorithm": (UserIdentity.jwt(token("k" * 64, "HS512")), "not signed with HS256"),
    "no signature": (
        UserIdentity.jwt(jwt.encode({"sub": "demo"}, None, algorithm="none")),
        "not signed with HS256",
    ),
    "an old token": (UserIdentity.jwt(token(exp=BEFORE)), "its token expired 24 h"),
    "an early token": (UserIdentity.jwt(token(nbf=LATER)), "its token becomes valid only in"),
    "another's token": (UserIdentity.jwt(token(aud="X")), "for somebody else than PRACTICE"),
}


@pytest.mark.parametrize("made", RIGHT.values(), ids=RIGHT)
async def test_who_is_right_is_let_in_and_answered(
    made: UserIdentity, door: str, said: list[str]
) -> None:
    association = await echoed(door, made)
    answer = association.identity
    assert answer is not None and said == []
    assert answer.outcome == ("answered" if made.kind >= 3 else "accepted")
    assert not association.remarks


@pytest.mark.parametrize(("made", "why"), WRONG.values(), ids=WRONG)
async def test_who_is_not_is_refused_and_the_archive_says_why(
    made: UserIdentity | None, why: str, door: str, said: list[str]
) -> None:
    with pytest.raises(AssociationRejected) as caught:
        await echoed(door, made)
    rejected = caught.value
    assert (rejected.result, rejected.source, rejected.reason) == (1, 2, 1), "PS3.7 D.3.3.7"
    (line,) = said
    assert line.startswith("PRACTICE refused ASSOCSH: ") and why in line


async def test_the_answer_to_a_token_is_one_that_pyjwt_takes(door: str) -> None:
    made = UserIdentity.jwt(token(sub="Jörg"), response_requested=True)
    answer = (await echoed(door, made)).identity
    assert answer is not None and answer.response is not None
    read = jwt.decode(answer.response, KEY, ["HS256"], audience="ASSOCSH", issuer="PRACTICE")
    assert read["sub"] == "Jörg" and 0 < read["exp"] - time.time() <= identity.LIFETIME
    assert KEY == identity.KEY


CASES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "in time": {"exp": LATER},
    "expired": {"exp": BEFORE},
    "between": {"nbf": BEFORE, "exp": LATER},
    "too early": {"nbf": LATER},
    "for it": {"aud": "PRACTICE"},
    "for it too": {"aud": ["A", "PRACTICE"]},
    "for another": {"aud": "B"},
}


@pytest.mark.parametrize("claims", CASES.values(), ids=CASES)
@pytest.mark.parametrize("key", [KEY, KEY + "."], ids=["its key", "another"])
async def test_pyjwt_takes_what_the_archive_takes(
    claims: dict[str, Any], key: str, door: str
) -> None:
    made = token(key, **claims)
    audience = "PRACTICE" if "aud" in claims else None
    try:
        jwt.decode(made, KEY, ["HS256"], audience=audience)
    except jwt.InvalidTokenError:
        with pytest.raises(AssociationRejected):
            await echoed(door, UserIdentity.jwt(made))
    else:
        await echoed(door, UserIdentity.jwt(made))


# -- DCMTK -------------------------------------------------------------------------------------


async def stored(archive: Practice, folder: Path, *options: str | Path) -> Finished:
    """DCMTK's storescu with a file."""
    file = write(folder / "ct.dcm", ct())
    return await asyncio.to_thread(
        scu, "storescu", archive.peer.port, *options, "--", file, called="PRACTICE"
    )


@pytest.mark.peer("storescu")
async def test_storescu_with_each_kind(archive: Practice, said: list[str], tmp_path: Path) -> None:
    before = archive.count
    for name, data in (
        ("ticket", ticket(b"x" * 200)),
        ("assertion", assertion(ends=LATER).encode()),
        ("token", token(sub="jo").encode()),
        ("old", token(exp=BEFORE).encode()),
    ):
        (tmp_path / name).write_bytes(data)
    right: tuple[tuple[str | Path, ...], ...] = (
        ("-usr", "guest"),
        ("-usr", "demo", "-pwd", "practice"),
        ("-kt", tmp_path / "ticket"),
        ("--saml", tmp_path / "assertion"),
        ("--jwt", tmp_path / "token"),
    )
    for options in right:
        for response in ((), ("-rsp",)):
            (await stored(archive, tmp_path, *options, *response)).check()
    assert said == [] and archive.count == before + 1
    wrong: tuple[tuple[str | Path, ...], ...] = (
        (),
        ("-usr", "demo", "-pwd", "wrong"),
        ("-usr", "demo", "-epw"),
        ("-kt", tmp_path / "token"),
        ("--saml", tmp_path / "token"),
        ("--jwt", tmp_path / "old"),
    )
    for options in wrong:
        done = await stored(archive, tmp_path, *options)
        assert done.code != 0 and "Rejected Permanent" in done.output, done.output
        assert "Source: Service Provider (ACSE Related)" in done.output
    assert len(said) == len(wrong)


# -- the token of the examples -----------------------------------------------------------------


def test_the_token_of_the_examples_is_good_for_an_hour_and_renewed(tmp_path: Path) -> None:
    path = tmp_path / examples.TOKEN
    assert examples.wants_token(path, tmp_path)
    assert not examples.wants_token(tmp_path / "other.jwt", tmp_path)
    assert not examples.wants_token(tmp_path / "below" / examples.TOKEN, tmp_path)
    examples.make_token(path)
    assert path.stat().st_mode & 0o077 == 0
    read = jwt.decode(path.read_text().strip(), KEY, ["HS256"], audience="PRACTICE")
    assert read["sub"] in identity.USERS and read["exp"] > time.time()
    assert not examples.wants_token(path, tmp_path)
    path.write_text(token(sub="demo", exp=BEFORE))
    assert examples.wants_token(path, tmp_path), "ours, and it has expired"


THERE = {
    "another key": token("k" * 40, exp=BEFORE),
    "no token": "a.b.c",
    "nothing": "",
    "one that never expires": token(sub="x"),
}


@pytest.mark.parametrize("there", THERE.values(), ids=THERE)
def test_what_somebody_else_put_there_stays(there: str, tmp_path: Path) -> None:
    path = tmp_path / examples.TOKEN
    path.write_text(there)
    assert not examples.wants_token(path, tmp_path)
