"""Where a user identity is found, what is said and refused before it is sent, what came of it."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assocsh import Accept, IdentityOutcome, Listener, Reject, UserIdentity, listen
from assocsh.association.association import Association
from assocsh.commands.registry import new_session
from assocsh.language.quoting import quoted
from assocsh.output.sink import MemoryOutput
from assocsh.scripting.replay import open_line
from assocsh.session.session import Session
from tests.peers.identities import assertion, base64_of, ticket, token

ALLOWED = "--allow-cleartext-credentials"
CANARY = "Kanarie"


@dataclass
class Asked:
    """An acceptor that keeps the identities it was shown, and answers each with ``response``."""

    listener: Listener | None = None
    seen: list[UserIdentity | None] = field(default_factory=list)
    answer: Accept | Reject = field(default_factory=Accept)

    def decide(self, association: Association) -> Accept | Reject:
        assert association.request is not None
        self.seen.append(association.request.user_identity)
        return self.answer

    @property
    def address(self) -> str:
        assert self.listener is not None
        return f"PEER@127.0.0.1:{self.listener.port}"


@asynccontextmanager
async def asking(folder: Path) -> AsyncIterator[tuple[Asked, Session, MemoryOutput]]:
    peer, output = Asked(), MemoryOutput()
    async with listen(decide=peer.decide) as peer.listener:
        session = new_session(output)
        session.base = folder
        try:
            yield peer, session, output
        finally:
            await session.close()


def files(folder: Path) -> dict[str, bytes]:
    """The three kinds that come from a file, as they have to go out."""
    made = {
        "kerberos": ticket(CANARY.encode()),
        "saml": assertion(CANARY, ends=time.time() + 600).encode(),
        "jwt": token(sub=CANARY, exp=time.time() + 600).encode(),
    }
    for name, data in made.items():
        (folder / name).write_bytes(data + b"\n" * (name == "jwt"))
    return made


@pytest.mark.parametrize(("name", "kind"), [("kerberos", 3), ("saml", 4), ("jwt", 5)])
async def test_from_a_file_or_the_environment(
    name: str, kind: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = files(tmp_path)[name]
    text = base64_of(data) if name == "kerberos" else data.decode()
    monkeypatch.setenv("MINE", text)
    async with asking(tmp_path) as (peer, session, output):
        for source in (name, "@env:MINE"):
            line = f"open {peer.address} --user-{name} {source} {ALLOWED}"
            assert await session.run(f"{line}; echo; release") == 0, output.said
        assert await session.run("reopen --user-response") == 0
    plain = UserIdentity(kind, data)
    asked = UserIdentity(kind, data, response_requested=True)
    assert peer.seen == [plain, plain, asked]
    assert CANARY not in output.said + output.text + repr(session.open_plan)


async def test_asked_for_once(tmp_path: Path) -> None:
    questions: list[str] = []
    typed = token(sub=CANARY)

    async def ask(question: str) -> str:
        questions.append(question)
        return f" {typed} "

    async with asking(tmp_path) as (peer, session, output):
        session.ask_secret = ask
        line = f"open {peer.address} --user-jwt - {ALLOWED}; echo; release; reopen"
        assert await session.run(line) == 0, output.said
    assert questions == ["JSON Web Token (not shown): "]
    assert peer.seen == [UserIdentity.jwt(typed)] * 2
    assert CANARY not in output.said + output.text


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ("--user-jwt none", 2, "--user-jwt none: No such file"),
        ("--user-jwt .", 2, "--user-jwt .: Is a directory"),
        ("--user-jwt saml", 2, "saml holds no JSON Web Token"),
        ("--user-jwt empty", 2, "empty holds no JSON Web Token"),
        ("--user-saml jwt", 2, "jwt holds no SAML assertion"),
        ("--user-kerberos jwt", 2, "jwt holds no Kerberos service ticket"),
        ("--user-kerberos -", 2, "a Kerberos ticket cannot be typed"),
        ("--user-kerberos @env:WRONG", 2, "is not base64"),
        ("--user-jwt @env:NOT_THERE", 2, "the environment has no 'NOT_THERE'"),
        ("--user-jwt -", 5, "there is nobody to ask for the JSON Web Token"),
        ("--user-saml key.pem", 2, "key.pem holds a private key"),
        ("--user-jwt long", 2, "has 70000 bytes"),
        ("--user-jwt jwt", 5, "the JSON Web Token would go over the network in clear text"),
        ("--user-saml saml --tls --tls-insecure", 5, "a SAML assertion is not given to somebody"),
        ("--user jo --user-jwt jwt", 2, "one user identity: --user or --user-jwt"),
        ("--user-saml saml --user-jwt jwt", 2, "one user identity: --user-saml or --user-jwt"),
        ("--user-jwt jwt --password-file jwt", 2, "--password-file needs --user"),
        ("--user-response", 2, "--user-response needs a user identity"),
        ("--show-claims", 2, "--show-claims needs a user identity"),
        ("--user ''", 2, "the user identity (user name) is empty"),
        ("--require-user", 2, "--require-user is for the practice archive"),
    ],
)
async def test_refused_before_anything_is_sent(
    options: str, code: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(tmp_path)
    (tmp_path / "empty").touch()
    (tmp_path / "long").write_text("a." * 2 + "b" * 69_996)
    (tmp_path / "key.pem").write_text("-----BEGIN EC PRIVATE KEY-----\n" + CANARY)
    monkeypatch.setenv("WRONG", f"{CANARY}!")
    async with asking(tmp_path) as (peer, session, output):
        assert await session.run(f"open {peer.address} {options}") == code, output.said
        assert says in output.said
        assert CANARY not in output.said
        assert peer.seen == [] and session.association is None


@pytest.mark.parametrize("option", ["--user-jwt", "--user-saml", "--user-kerberos"])
async def test_a_secret_in_place_of_its_file_is_not_said_again(option: str, tmp_path: Path) -> None:
    for secret in (
        token(sub=CANARY),
        assertion(CANARY, ends=0).replace("\n", " "),
        base64_of(ticket(CANARY.encode() * 60)),
    ):
        async with asking(tmp_path) as (peer, session, output):
            assert await session.run(f"open {peer.address} {option} {quoted(secret)}") == 2
        assert "looks like the secret itself" in output.said
        assert secret not in output.said and CANARY not in output.said and peer.seen == []


async def test_a_renewed_token_goes_out_at_the_next_opening(tmp_path: Path) -> None:
    """Tokens live for minutes: whoever types ``reopen`` has a new one in the same file."""
    first, second = token(sub="one"), token(sub="two")
    file = tmp_path / "mine"
    file.write_text(first)
    async with asking(tmp_path) as (peer, session, output):
        line = f"open {peer.address} --user-jwt mine {ALLOWED}; release"
        assert await session.run(line) == 0, output.said
        file.write_text(second)
        assert await session.run("reopen; release") == 0
        file.unlink()
        assert await session.run("reopen; release") == 0, "the last one that was there"
        assert await session.run("reopen --user jo; release") == 0
        assert await session.run("reopen --user-jwt mine") == 5
        assert "--user-jwt mine: No such file" in output.said
    sent = [UserIdentity.jwt(each) for each in (first, second, second)]
    assert peer.seen == [*sent, UserIdentity.user("jo")]


async def test_a_token_from_a_pipe_is_read_once(tmp_path: Path) -> None:
    """``--user-jwt <(get-token)``: there is nothing in it any more at the next opening."""
    made = token(sub=CANARY)
    reading, writing = os.pipe()
    os.write(writing, made.encode())
    os.close(writing)
    try:
        async with asking(tmp_path) as (peer, session, output):
            line = f"open {peer.address} --user-jwt /dev/fd/{reading} {ALLOWED}; release; reopen"
            assert await session.run(line) == 0, output.said
    finally:
        os.close(reading)
    assert peer.seen == [UserIdentity.jwt(made)] * 2


@pytest.mark.parametrize("name", ["jwt", "saml"])
async def test_an_expired_one_is_said_and_sent(name: str, tmp_path: Path) -> None:
    past = time.time() - 180
    made = {"jwt": token(sub="jo", exp=past), "saml": assertion(ends=past)}[name]
    noun = {"jwt": "token", "saml": "assertion"}[name]
    (tmp_path / "old").write_text(made)
    async with asking(tmp_path) as (peer, session, output):
        assert await session.run(f"open {peer.address} --user-{name} old {ALLOWED}") == 0
        assert f"this {noun} expired 3 min ago: the peer will refuse it" in output.said
        assert "not verified" not in output.said, "claims are shown where that is asked for"
    assert [each.primary for each in peer.seen if each] == [made.encode()]


async def test_claims_of_both_sides_are_shown_where_asked_for(tmp_path: Path) -> None:
    files(tmp_path)
    async with asking(tmp_path) as (peer, session, output):
        peer.answer = Accept(user_identity_response=token(iss="the\x1bpeer", sub="jo").encode())
        options = f"--user-jwt jwt --user-response --show-claims {ALLOWED}"
        assert await session.run(f"open {peer.address} {options}") == 0
        assert f"token (not verified): subject {CANARY}, expires in 10 min" in output.said
        assert (
            "the peer's answer: token (not verified): issuer the^[peer, subject jo, never expires"
            in output.said
        )
        output.notes.clear()
        line = f"release; open {peer.address} --user-kerberos kerberos --show-claims {ALLOWED}"
        assert await session.run(line) == 0
        assert "nothing can be read in the user identity (Kerberos" in output.said


ANSWERS = [
    (Accept(), IdentityOutcome.NOT_ANSWERED, "not answered (the peer says nothing about it)"),
    (Accept(user_identity_response=b""), IdentityOutcome.ACCEPTED, "accepted"),
    (
        Accept(user_identity_response=b"1234567"),
        IdentityOutcome.ANSWERED,
        "answered (JSON Web Token, 7 bytes)",
    ),
]


@pytest.mark.parametrize(("answer", "outcome", "words"), ANSWERS)
async def test_what_the_peer_said_is_seen_everywhere(
    answer: Accept, outcome: IdentityOutcome, words: str, tmp_path: Path
) -> None:
    files(tmp_path)
    async with asking(tmp_path) as (peer, session, output):
        peer.answer = answer
        line = f"open {peer.address} --user-jwt jwt --user-response {ALLOWED}"
        assert await session.run(line) == 0
        assert f" · identity {words}" in output.said
        assert await session.run("explain; status; contexts Verification") == 0
        assert "This side said which user asks (JSON Web Token): the peer" in output.text
        assert f"identity   {words}" in output.text.replace("identity  ", "identity   ", 1)
        assert f"identity: {words}" in output.said
        assert await session.run(f"expect assoc.identity == '{outcome}'") == 0
        output.results.clear()
        assert await session.run("set format json; reopen; status") == 0
        size = (
            "null" if outcome == "not answered" else str(len(answer.user_identity_response or b""))
        )
        said = f'"identity":{{"kind":5,"answer":"{outcome}","response_bytes":{size}}}'
        assert said in output.text
        assert f'"identity":"{words}"' in output.text
        assert await session.run("set format table; reopen --user jo") == 0


async def test_without_an_identity_nothing_is_said_of_it(tmp_path: Path) -> None:
    async with asking(tmp_path) as (peer, session, output):
        assert await session.run(f"open {peer.address}; status; contexts") == 0
        assert await session.run("set format json; reopen") == 0
        assert "identity" not in output.said and '"identity":{' not in output.text
        assert await session.run("expect assoc.identity exists") == 1


async def test_no_answer_asked_for(tmp_path: Path) -> None:
    async with asking(tmp_path) as (peer, session, output):
        assert await session.run(f"open {peer.address} --user jo") == 0
        assert "identity sent (--user-response asks for an answer)" in output.said
        assert await session.run("expect assoc.identity == 'not asked'") == 0


@pytest.mark.parametrize("codes", [(1, 1, 1), (1, 2, 1), (2, 2, 1)])
async def test_a_rejection_that_may_be_for_the_identity(
    codes: tuple[int, int, int], tmp_path: Path
) -> None:
    files(tmp_path)
    async with asking(tmp_path) as (peer, session, output):
        peer.answer = Reject(*codes)
        assert await session.run(f"open {peer.address} --user-saml saml {ALLOWED}") == 3
        hint = output.said.partition("hint:")[2]
        assert "the peer may have refused the user identity (SAML assertion)" in hint
        output.notes.clear()
        assert await session.run(f"open {peer.address}") == 3
        assert "wants to know which user asks (--user" in output.said.partition("hint:")[2]
        assert "identity" not in output.said


async def test_the_same_again_as_a_line(tmp_path: Path) -> None:
    """What a recording begins with opens the same association; what was typed is not in it."""
    files(tmp_path)

    async def ask(question: str) -> str:
        return token(sub=CANARY)

    async with asking(tmp_path) as (peer, session, output):
        session.ask_secret = ask
        for options in (
            f"--user-jwt jwt --user-response --show-claims {ALLOWED}",
            f"--user-kerberos kerberos {ALLOWED}",
            f"--user jo --password-file jwt --user-response {ALLOWED}",
        ):
            assert await session.run(f"open {peer.address} {options}; release") == 0, output.said
            assert session.open_plan is not None
            before = peer.seen[-1]
            again = open_line(session.open_plan)
            assert CANARY not in again
            assert await session.run(f"{again}; release") == 0, output.said
            assert peer.seen[-1] == before and before is not None
            assert open_line(session.open_plan) == again
        assert await session.run(f"open {peer.address} --user-jwt - {ALLOWED}") == 0
        again = open_line(session.open_plan)
        assert "--user-jwt '-'" in again and CANARY not in again
        assert again.endswith("# what was typed for the user identity is not recorded")
