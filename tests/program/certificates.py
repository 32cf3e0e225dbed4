"""Certificates for tests, made by the openssl program: a CA and whatever should not be trusted."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.peers.programs import need

HOST = "subjectAltName=DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as PEM files."""

    path: Path
    key: Path

    @property
    def pin(self) -> str:
        der = ssl.PEM_cert_to_DER_cert(self.path.read_text())
        return "sha256:" + hashlib.sha256(der).hexdigest()


class Authority:
    """A CA in a folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._openssl = need("openssl")
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = self.self_signed(name, f"/CN={name}")

    def _run(self, *words: str | Path) -> None:
        done = subprocess.run(
            [self._openssl, *map(str, words)], cwd=self._folder, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    def _files(self, name: str) -> Certificate:
        return Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")

    def _key(self, name: str, bits: int) -> Certificate:
        made = self._files(name)
        algorithm = ("-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}") if bits else ()
        curve = () if bits else ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        self._run("genpkey", *algorithm, *curve, "-out", made.key)
        return made

    def self_signed(self, name: str, subject: str = "/CN=localhost") -> Certificate:
        """One that vouches for itself."""
        made = self._key(name, 0)
        self._run(
            *("req", "-x509", "-new", "-key", made.key, "-out", made.path, "-subj", subject),
            *("-days", "2", "-addext", HOST),
        )
        return made

    def issue(
        self,
        name: str,
        *,
        host: str = HOST,
        bits: int = 0,
        subject: str = "/CN=peer",
        dates: tuple[str, str] | None = None,
    ) -> Certificate:
        """One signed by this CA. ``bits``: RSA of that size; ``dates``: YYYYMMDD from and to."""
        made = self._key(name, bits)
        request = self._folder / f"{name}.csr"
        self._run("req", "-new", "-key", made.key, "-out", request, "-subj", subject)
        start, end = dates or ("20200101", "21000101")
        config = self._folder / f"{name}.cnf"
        index = self._folder / f"{name}.index"
        index.touch()
        config.write_text(
            "[ca]\ndefault_ca=own\n[own]\nunique_subject=no\npolicy=any\nemail_in_dn=no\n"
            f"database={index}\nnew_certs_dir={self._folder}\nrand_serial=yes\n"
            f"default_md=sha256\nx509_extensions=names\n[any]\ncommonName=supplied\n[names]\n{host}\n"
        )
        self._run(
            *("ca", "-batch", "-notext", "-config", config, "-in", request, "-out", made.path),
            *("-cert", self.certificate.path, "-keyfile", self.certificate.key),
            *("-startdate", f"{start}000000Z", "-enddate", f"{end}000000Z"),
        )
        return made
