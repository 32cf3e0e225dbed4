"""What each TLS profile offers, beside what PS3.15 Annex B asks for."""

from __future__ import annotations

import ssl

import pytest

from assocsh.association.options import TLSConfig
from assocsh.association.tls import PROFILES, client_context

B10 = {
    "DHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "DHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
}
"""Cipher suites that the Non-Downgrading profile has to support."""

RFC9325 = {
    f"ECDHE-{signature}-AES{bits}-GCM-SHA{digest}"
    for signature in ("RSA", "ECDSA")
    for bits, digest in ((128, 256), (256, 384))
}
"""What RFC 9325 4.2 recommends for TLS 1.2, and with it B.12 and B.13."""

REQUIRED = {
    "bcp195": RFC9325,
    "bcp195-mod": RFC9325,
    "bcp195-nd": B10,
    "aes": {"AES128-SHA"},  # TLS_RSA_WITH_AES_128_CBC_SHA
}


def offered(profile: str) -> set[str]:
    """Up to TLS 1.2, as OpenSSL calls them."""
    ciphers = client_context(TLSConfig(profile=profile, insecure=True)).get_ciphers()
    return {str(one["name"]) for one in ciphers if one["protocol"] != "TLSv1.3"}


@pytest.mark.parametrize("profile", list(PROFILES))
def test_what_a_profile_has_to_support_is_offered(profile: str) -> None:
    assert REQUIRED[profile] <= offered(profile)


@pytest.mark.parametrize("profile", [name for name, one in PROFILES.items() if not one.retired])
def test_a_profile_that_is_not_retired_has_forward_secrecy_and_tls_1_2(profile: str) -> None:
    assert all(name.startswith(("ECDHE-", "DHE-")) for name in offered(profile))
    context = client_context(TLSConfig(profile=profile, insecure=True))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_non_downgrading_has_nothing_weaker_than_it_requires() -> None:
    """No CBC, no tag of eight bytes, no DSS; nothing below TLS 1.2."""
    assert all("GCM" in name or "CHACHA20" in name for name in offered("bcp195-nd"))
    assert not any("DSS" in name for name in offered("bcp195-nd"))
    context = client_context(TLSConfig(profile="bcp195-nd", insecure=True))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_modified_has_no_dhe_whose_length_is_not_known() -> None:
    assert offered("bcp195-mod") == RFC9325
