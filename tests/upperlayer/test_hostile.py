"""Association PDUs meant to hurt: mutations by the thousand, memory, time, ``python -O``."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from assocsh.errors import ProtocolError
from assocsh.upperlayer import (
    AnswerPolicy,
    ProviderAbort,
    UpperLayerMachine,
    answer,
    decode_accept,
    decode_request,
    encode_accept,
)
from tests.upperlayer import corpus
from tests.upperlayer.corpus import item

ROOT = Path(__file__).parents[2]


def test_seeds_decode_and_encode_to_what_decodes() -> None:
    for pdu, again in corpus.seeds():
        assert again(again(pdu)) == again(pdu)  # type: ignore[arg-type]


def test_only_protocol_errors_escape() -> None:
    """pynetdicom alone: AssertionError, ValueError, KeyError, struct.error (reliability 1.1)."""
    decoded, refused = corpus.campaign(8000, seed=20260801)
    assert decoded > 400
    assert refused > 1000


def test_nothing_of_a_peers_is_printed(recwarn: pytest.WarningsRecorder) -> None:
    """pydicom warns about odd UIDs with their text: an escape sequence on its way to a terminal."""
    strange = "1.2\x1b]0;owned\x07"
    context = corpus.proposal(1, strange, strange)
    roles = item(0x50, corpus.MAXIMUM + _role(strange.encode()) + item(0x56, b"\0\2\x1b["))
    request = decode_request(corpus.association_pdu(1, corpus.NAME, context, roles))
    reply = encode_accept(answer(request, AnswerPolicy()))
    assert decode_accept(reply).contexts[0].transfer_syntax == strange
    assert not recwarn.list


def test_truncation_at_every_byte() -> None:
    for pdu, _ in corpus.seeds():
        decode = decode_request if pdu[0] == 1 else decode_accept
        for at in range(len(pdu)):
            with pytest.raises(ProtocolError):
                decode(pdu[:at])


def test_every_length_field_at_its_extremes() -> None:
    """Each 2-byte field as 0, 1, 0x7FFF, 0xFFFF: either it is read, or it is a ProtocolError."""
    for pdu, _ in corpus.seeds():
        decode = decode_request if pdu[0] == 1 else decode_accept
        for at in range(6, len(pdu) - 1):
            for value in (b"\0\0", b"\0\1", b"\x7f\xff", b"\xff\xff"):
                try:
                    decode(pdu[:at] + value + pdu[at + 2 :])
                except ProtocolError as error:
                    assert error.message.isprintable()


def test_the_same_under_python_O() -> None:
    """Nothing here may rest on an ``assert``, ours or pynetdicom's."""
    program = (
        "from tests.upperlayer.corpus import campaign\n"
        "if __debug__: raise SystemExit('not -O')\n"
        "decoded, refused = campaign(3000, seed=7)\n"
        "raise SystemExit(0 if decoded > 100 and refused > 100 else f'{decoded} {refused}')\n"
    )
    done = subprocess.run(
        [sys.executable, "-O", "-W", "error::ResourceWarning", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == ""  # nor does anything of a peer's get printed


def test_mutations_at_the_machine() -> None:
    """Both roles: one A-ABORT at most, Sta13, and never an exception."""
    rng = random.Random(3)
    for pdu, _ in corpus.seeds():
        source = corpus.mutations(pdu, rng)
        for _ in range(150):
            machine = UpperLayerMachine()
            if pdu[0] == 1:
                machine.connected_as_acceptor(0.0)
            else:
                machine.associate_request(corpus.our_request())
                machine.connected_as_requestor(0.0)
                machine.data_to_send()
            data = next(source)
            cut = rng.randrange(len(data) + 1)
            events = machine.receive_data(data[:cut], 0.0) + machine.receive_data(data[cut:], 0.0)
            sent = machine.data_to_send()
            aborts = [pdu for pdu in sent if pdu[0] == 7]
            assert len(aborts) <= 1
            assert len([e for e in events if isinstance(e, ProviderAbort)]) == len(aborts)
            if aborts:
                assert machine.state.name == "Sta13"


def _role(uid: bytes) -> bytes:
    return item(0x54, len(uid).to_bytes(2, "big") + uid + b"\1\1")


def _short_uids(count: int) -> list[bytes]:
    return [f"1.{n}".encode() for n in range(count)]


AMPLIFIERS = {
    # 65 622 bytes whose sub-items each declare 65 535: 1 GiB in another implementation.
    "sub-items declaring 65535": corpus.association_pdu(
        1, item(0x20, (b"\1\0\0\0" + b"\x40\0\xff\xff" * 16384)[:65535])
    ),
    "the same as user items": corpus.association_pdu(
        1, item(0x50, (b"\x54\0\xff\xff" * 16384)[:65535])
    ),
    "empty contexts": corpus.association_pdu(1, item(0x20, b"\1\0\0\0") * 16000),
    "empty sub-items": corpus.association_pdu(1, item(0x20, b"\1\0\0\0" + item(0x40, b"") * 16000)),
    "short transfer syntaxes": corpus.association_pdu(
        1,
        corpus.NAME,
        *[
            corpus.proposal(n, "1.1", *[u.decode() for u in _short_uids(250)])
            for n in range(1, 256, 2)
        ],
        corpus.USER,
    ),
    "many roles": corpus.association_pdu(
        1, item(0x50, b"".join(_role(u) for u in _short_uids(4500)))
    ),
    "many extended": corpus.association_pdu(
        1, item(0x50, b"".join(item(0x56, b"\0\0031.2") for _ in range(6500)))
    ),
    "unknown items": corpus.association_pdu(
        1, *[item(kind, b"") for kind in range(0x60, 0x100)] * 100
    ),
    "one long identity": corpus.association_pdu(
        1, item(0x50, item(0x58, b"\1\0" + (60000).to_bytes(2, "big") + bytes(60000) + b"\0\0"))
    ),
}


@pytest.mark.parametrize("name", AMPLIFIERS)
def test_memory_is_bounded_by_the_input(name: str) -> None:
    """At most 64 KiB and 8 times the input at the peak (reliability 6.3), decoded or refused."""
    pdu = AMPLIFIERS[name]
    decode_request(corpus.a_request(full=True))  # what is loaded once is not the peer's doing
    tracemalloc.start()
    try:
        kept: object = None
        try:
            kept = decode_request(pdu)
        except ProtocolError as error:
            kept = error
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert kept is not None
    assert peak <= 65536 + 8 * len(pdu), f"{peak / len(pdu):.1f} times {len(pdu)} bytes"


@pytest.mark.parametrize("name", AMPLIFIERS)
def test_time_is_short(name: str) -> None:
    """No PDU under the cap holds the loop for long: 100 ms of processor time, more when traced."""
    spent = []
    for _ in range(3):
        started = time.thread_time()
        with contextlib.suppress(ProtocolError):
            decode_request(AMPLIFIERS[name])
        spent.append(time.thread_time() - started)
    assert min(spent) < 0.5


def test_pdvs_do_not_amplify() -> None:
    body = b"\x00\x00\x00\x02\x01\x00" * 20000
    pdu = b"\x04\x00" + len(body).to_bytes(4, "big") + body
    machine = corpus.associated()
    tracemalloc.start()
    try:
        machine.receive_data(pdu, 0.0)
        assert tracemalloc.get_traced_memory()[1] <= 65536 + 8 * len(pdu)
    finally:
        tracemalloc.stop()
    assert machine.state.name == "Sta13"
