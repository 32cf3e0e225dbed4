"""What tokens, assertions and tickets say of themselves; PyJWT is the witness for the tokens."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assocsh.association.claims import (
    Claims,
    claims_of,
    described,
    is_assertion,
    is_ticket,
    out_of_time,
    read_token,
)
from assocsh.text.visible import visible
from tests.peers.identities import assertion, ticket, token

NOW = 1_800_000_000.0
SAML, JWT = 4, 5


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_the_claims_of_a_token_of_pyjwt(algorithm: str) -> None:
    payload: dict[str, Any] = {
        "iss": "https://idp.example",
        "sub": "Jörg",
        "aud": ["PACS", "RIS"],
        "nbf": NOW - 60,
        "exp": NOW + 300,
    }
    made = token("k" * 64, algorithm, **payload).encode()
    assert claims_of(JWT, made) == Claims(
        "https://idp.example", "Jörg", ("PACS", "RIS"), NOW - 60, NOW + 300
    )
    read = read_token(made)
    assert read is not None and read.header["alg"] == algorithm
    assert read.payload == payload and made.startswith(read.signed)
    unchecked = dict.fromkeys(("verify_aud", "verify_exp", "verify_nbf"), False)
    assert jwt.decode(made, "k" * 64, [algorithm], options=unchecked) == read.payload


@pytest.mark.parametrize("namespace", ["1.0", "2.0"])
@pytest.mark.parametrize("encoded", [False, True])
def test_the_claims_of_an_assertion(namespace: str, encoded: bool) -> None:
    made = assertion("jo", begins=NOW - 60, ends=NOW + 300.5, namespace=namespace).encode()
    if encoded:
        made = base64.encodebytes(made)
    expected = Claims("https://idp.example", "jo", ("PACS",), NOW - 60, NOW + 300.5)
    assert claims_of(SAML, made) == expected
    assert is_assertion(made)


def part(value: object) -> bytes:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=")


ODD_TIMES = [True, "1800000000", 1e400, -1, 10**400, None, [], float("nan")]


@pytest.mark.parametrize("time", ODD_TIMES, ids=repr)
def test_a_time_that_no_calendar_has_is_no_time(time: object) -> None:
    made = b".".join((part({"alg": "none"}), part({"exp": time, "iss": 7, "aud": 8}), b""))
    claims = claims_of(JWT, made)
    assert claims == Claims()
    assert out_of_time(JWT, claims, NOW) == ""
    assert described(JWT, claims, NOW) == "token (not verified): never expires"


HOSTILE = {
    "nothing": b"",
    "dots": b"..",
    "no json": b"a.b.c",
    "nested lists": b".".join((part({}), part(b"[" * 40_000), b"")),
    "a list": b".".join((part([]), part([]), b"")),
    "digits": b".".join((part({}), part(b'{"exp":' + b"9" * 6000 + b"}"), b"")),
    "not closed": b"<a>" * 20_000,
    "entities": b'<!DOCTYPE a [<!ENTITY b "cccc">]><Assertion>&b;</Assertion>',
    "entities in UTF-16": '<!DOCTYPE a [<!ENTITY b "c">]><Assertion>&b;</Assertion>'.encode(
        "utf-16"
    ),
    "encoding": b'<?xml version="1.0" encoding="no-such"?><a/>',
    "nul": b"<a\0/>",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_cannot_be_read_has_no_claims(data: bytes) -> None:
    for kind in range(7):
        assert claims_of(kind, data) is None
    assert not is_assertion(data) and not is_ticket(data)


def test_xml_as_deep_as_an_identity_can_be() -> None:
    data = b"<a>" * 9000 + b"</a>" * 9000
    assert claims_of(SAML, data) == Claims() and not is_assertion(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_not(data: bytes) -> None:
    for kind in (SAML, JWT):
        for each in (data, part(data) + b"." + part(data) + b".", b"<a>" + data + b"</a>"):
            claims_of(kind, each)
    is_ticket(data)


@given(st.text(max_size=40), st.floats(0, 253402300799), st.floats(0, 253402300799))
def test_any_claims_are_told_in_one_line_that_is_safe(
    text: str, begins: float, ends: float
) -> None:
    claims = Claims(text, text, (text, text), begins, ends)
    said = described(JWT, claims, NOW) + out_of_time(JWT, claims, NOW)
    assert visible(said, None) == said and "not verified" in said


def test_what_has_expired_is_said_with_how_long_ago() -> None:
    late = out_of_time(JWT, Claims(expires=NOW - 180), NOW)
    assert late == "this token expired 3 min ago: the peer will refuse it"
    early = out_of_time(SAML, Claims(not_before=NOW + 7200, expires=NOW + 9000), NOW)
    assert early.startswith("this assertion becomes valid only in 2 h: the peer will refuse it")
    assert "the clock here is slow" in early
    assert out_of_time(JWT, Claims(not_before=NOW, expires=NOW + 1), NOW) == ""
    assert "334 days ago" in out_of_time(SAML, Claims(expires=NOW - 334 * 86400), NOW)
    said = described(JWT, Claims("idp", "jo\x1b[2J", ("A", "B"), None, NOW + 300), NOW)
    assert said == (
        "token (not verified): issuer idp, subject jo^[[2J, audience A, B, expires in 5 min "
        "(2027-01-15 08:05:00 UTC)"
    )


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 40_000])
@pytest.mark.parametrize("tag", [0x60, 0x61, 0x6E])
def test_a_ticket_is_one_value_in_der(size: int, tag: int) -> None:
    made = ticket(bytes(size), tag=tag)
    assert is_ticket(made)
    assert not is_ticket(made + b"\n") and not is_ticket(made[:-1])
    assert not is_ticket(b"\x05\x04" + made), "a credential cache"
    assert not is_ticket(ticket(bytes(size), tag=0x30))
